import type { SourceDocument } from '../document.js';
import { isObject, type Path, pointerOfPath, valueAt } from '../json.js';
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

/** How a schema is found in its file, with what stands at `inside` in it. */
function locate(nodes: readonly SchemaNode[], inside: Path): { document: SourceDocument; path: Path } | undefined {
  const having = nodes.filter(({ schema }) => inside.length > 0 && valueAt(schema, inside) !== undefined);
  for (const { schema } of [...having, ...nodes]) {
    const origin = originOf(schema);
    if (origin !== undefined) return { document: origin.document, path: [...origin.path, ...inside] };
  }
  return undefined;
}

/**
 * The place of the first schema that a file holds, and of what stands at `inside` in it; where none of them is of a file,
 * the place of `otherwise` in the contract's own.
 */
export function placeOf(
  version: Version,
  nodes: readonly SchemaNode[],
  inside: Path,
  otherwise: Path,
  part: 'key' | 'value' = 'value',
): Place {
  const located = locate(nodes, inside);
  return located === undefined ? version.files.main.place(otherwise, part) : located.document.place(located.path, part);
}

/** Names the same spot whatever line it is on and whichever capability leads there; undefined for one inside a capability. */
export function standingOf({ files }: Version, nodes: readonly SchemaNode[], inside: Path): string | undefined {
  const located = locate(nodes, inside);
  if (located === undefined || (located.document === files.main && located.path[0] === 'capabilities'))
    return undefined;
  const [file = ''] = [...files.byPath].find(([, document]) => document === located.document) ?? [];
  return `${file}#${pointerOfPath(located.path)}`;
}
