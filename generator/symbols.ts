import type { CapabilityModel, ContractModel, DefinitionModel } from './model.js';
import { type Code, identifier, type SourceFile, source } from './print.js';

/** The package that generated code stands on. */
export const RUNTIME = '@declaragent/runtime';
/** Its door for the configuration of a bus. */
export const RUNTIME_CONNECT: string = `${RUNTIME}/connect`;
/** Its doors for validators, so that those can be used where there is no bus. */
export const RUNTIME_VALIDATION: string = `${RUNTIME}/validation`;
export const RUNTIME_FORMATS: string = `${RUNTIME}/formats`;

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

/** The name of a shared definition's check; no name that a contract leads to has a `$`. */
export function checkName(typeName: string): Code {
  return identifier(`check$${typeName}`);
}

/** Whether a definition has a module of its own. */
export function isSharedDefinition({ module }: DefinitionModel): boolean {
  return module.startsWith('definitions/');
}

/** What a module imports of the definitions of its contract. */
export interface DefinitionImporter {
  /** Imports a definition's type. */
  type(typeName: string): void;
  /** Whether a definition has a check in a module of its own. */
  isShared(typeName: string): boolean;
  /** Imports the check of a shared definition. */
  check(typeName: string): void;
}

/** Makes the import functions for one contract's definitions, as seen from one module. */
export function definitionImporter(
  definitions: Iterable<DefinitionModel>,
  module: string,
  file: SourceFile,
): DefinitionImporter {
  const byName = new Map([...definitions].map((definition) => [definition.typeName, definition] as const));
  const pathTo = (target: string): string => {
    const sameFolder = target.split('/')[0] === module.split('/')[0];
    return sameFolder ? `./${target.split('/').at(-1)}.gen.js` : `../${target}.gen.js`;
  };
  return {
    type: (typeName) => {
      const definition = byName.get(typeName);
      if (definition === undefined || definition.module === module) return;
      file.type(typeName, pathTo(definition.module));
    },
    isShared: (typeName) => {
      const definition = byName.get(typeName);
      return definition !== undefined && isSharedDefinition(definition);
    },
    check: (typeName) => {
      const definition = byName.get(typeName);
      if (definition === undefined || definition.module === module) return;
      file.value(checkName(typeName).code, pathTo(definition.module));
    },
  };
}
