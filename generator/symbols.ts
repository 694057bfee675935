import type { CapabilityModel, ContractModel, DefinitionModel } from './model.js';
import { type Code, type SourceFile, source } from './print.js';

/** The package that generated code stands on. */
export const RUNTIME = '@declaragent/runtime';

/** Where, as seen from the folder of the contract, the module of a capability is. */
export function capabilityModule({ name }: CapabilityModel): string {
  return `./capabilities/${name}.gen.js`;
}

/** The value that holds a capability, imported. */
export function capabilityValue(capability: CapabilityModel, file: SourceFile): Code {
  return file.value(`${capability.names.member}Capability`, capabilityModule(capability));
}

/** The value that holds a contract, imported. */
export function contractValue({ names }: ContractModel, file: SourceFile): Code {
  return file.value(`${names.value}Contract`, './contract.gen.js');
}

/** `ReviewPrInput, ReviewPrOutput, ReviewPrErrors`, imported: what a call, a skill and a capability are generic over. */
export function typeArguments(capability: CapabilityModel, file: SourceFile): Code {
  const { input, output, errors, names } = capability;
  const types = [input.typeName, output.typeName, ...(errors.length > 0 ? [`${names.type}Errors`] : [])];
  const from = capabilityModule(capability);
  return source(types.map((name) => file.type(name, from).code).join(', '));
}

/** Makes the import function for the types of one contract's definitions, as seen from one module. */
export function definitionImporter(
  definitions: Iterable<DefinitionModel>,
  module: string,
  file: SourceFile,
): (typeName: string) => void {
  const byName = new Map([...definitions].map((definition) => [definition.typeName, definition] as const));
  return (typeName) => {
    const definition = byName.get(typeName);
    if (definition === undefined || definition.module === module) return;
    const path = definition.module.split('/').at(-1) ?? '';
    const sameFolder = definition.module.split('/')[0] === module.split('/')[0];
    file.type(typeName, sameFolder ? `./${path}.gen.js` : `../${definition.module}.gen.js`);
  };
}
