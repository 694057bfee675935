import { isObject, type Path, valueAt } from '../json.js';
import type { ContractFiles } from '../load.js';
import type { CapabilityModel, ContractModel, DefinitionModel } from '../model.js';
import { originOf } from '../normalize.js';
import type { Place } from '../problem.js';
import { createSide, type SchemaNode, type Side } from './schema-node.js';

/** One version of a contract: what it means, and where each part of it stands. */
export interface Version {
  readonly model: ContractModel;
  readonly files: ContractFiles;
  readonly side: Side;
}

export function createVersion(model: ContractModel, files: ContractFiles): Version {
  const definitions = new Map<string, DefinitionModel>(model.definitions.map((each) => [each.typeName, each]));
  for (const { input, output, errors } of model.capabilities) {
    for (const schema of [input, output, ...errors.map(({ details }) => details)]) {
      for (const [name, definition] of schema?.needs ?? []) definitions.set(name, definition);
    }
  }
  return { model, files, side: createSide(definitions) };
}

/** The path of a capability in its file. */
export function pathOfCapability({ files }: Version, name: string): Path {
  const list = valueAt(files.main.value, ['capabilities']);
  const index = Array.isArray(list) ? list.findIndex((item) => isObject(item) && item['name'] === name) : -1;
  return index === -1 ? ['capabilities'] : ['capabilities', index];
}

/** The path of a declared error in its file. */
export function pathOfError(version: Version, capability: string, code: string): Path {
  const path = [...pathOfCapability(version, capability), 'errors'];
  const list = valueAt(version.files.main.value, path);
  const index = Array.isArray(list) ? list.findIndex((item) => isObject(item) && item['code'] === code) : -1;
  return index === -1 ? path : [...path, index];
}

export function capabilityOf({ model }: Version, name: string): CapabilityModel | undefined {
  return model.capabilities.find((capability) => capability.name === name);
}

/**
 * The place of the first schema that a file holds, and of what stands at `inside` in it; where none of them is of a file,
 * the place of `otherwise` in the contract's own.
 */
export function placeOf(version: Version, nodes: readonly SchemaNode[], inside: Path, otherwise: Path): Place {
  const [key] = inside;
  const having = nodes.filter(({ schema }) => key !== undefined && isObject(schema) && Object.hasOwn(schema, key));
  for (const { schema } of [...having, ...nodes]) {
    const origin = originOf(schema);
    if (origin !== undefined) return origin.document.place([...origin.path, ...inside]);
  }
  return version.files.main.place(otherwise);
}
