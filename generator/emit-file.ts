import { emitCapability } from './emit/capability.js';
import { emitType } from './emit/type.js';
import { emitSharedCheck, emitValidators } from './emit/validators.js';
import type { CapabilityModel, SharedDefinitionModel } from './model.js';
import { createSourceFile, type SourceFile } from './print.js';
import { definitionImporter } from './symbols.js';

/** A file that depends on one capability or definition alone, so that it can be made apart, and need not be made twice. */
export type FileTask =
  | { readonly path: string; readonly header: string; readonly capability: CapabilityModel }
  | { readonly path: string; readonly header: string; readonly definition: SharedDefinitionModel };

/** The text of the file. */
export async function emitFile(task: FileTask): Promise<string> {
  const file = createSourceFile(task.path, task.header);
  if ('capability' in task) await emitCapabilityFile(task.capability, file);
  else await emitDefinitionFile(task.definition, file);
  return file.text();
}

async function emitCapabilityFile(capability: CapabilityModel, file: SourceFile): Promise<void> {
  const { name, input, output, errors, definitions } = capability;
  const schemas = [input, output, ...errors.flatMap(({ details }) => (details === null ? [] : [details]))];
  const known = schemas.flatMap(({ needs }) => [...needs.values()]);
  const imports = definitionImporter(known, `capabilities/${name}`, file);
  for (const { typeName, schema } of [...schemas, ...definitions]) await emitType(typeName, schema, file, imports.type);
  emitValidators(schemas, file, imports);
  emitCapability(capability, file);
}

async function emitDefinitionFile(definition: SharedDefinitionModel, file: SourceFile): Promise<void> {
  const { typeName, schema, module, needs } = definition;
  const imports = definitionImporter([definition, ...needs.values()], module, file);
  await emitType(typeName, schema, file, imports.type);
  emitSharedCheck(definition, file, imports);
}
