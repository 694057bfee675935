import type { CapabilityModel } from '../model.js';
import type { Change } from './change.js';
import { capabilityOf, pathOfCapability, placeOf, type Version } from './version.js';

/** A type that generated code exports, and the schema that it is the type of. */
interface Exported {
  readonly capability: string | null;
  readonly typeName: string;
  readonly schema: CapabilityModel['input']['schema'];
}

/** Finds types that generated code no longer exports although the capability, or the definition's use, is still there. */
export function compareTypes(older: Version, newer: Version): Change[] {
  const now = new Set(exportsOf(newer).map(({ typeName }) => typeName));
  return exportsOf(older)
    .filter(({ typeName, capability }) => !now.has(typeName) && isStillThere(newer, capability))
    .map(({ typeName, capability, schema }): Change => {
      const path = capability === null ? ['definitions'] : pathOfCapability(newer, capability);
      const oldPath = capability === null ? ['definitions', typeName] : pathOfCapability(older, capability);
      return {
        rule: 'type-renamed',
        capabilities: capability === null ? [] : [capability],
        trail: ['types', typeName],
        message: () => `Generated code no longer exports the type ${typeName}.`,
        place: newer.files.main.place(path, 'key'),
        related: { place: placeOf(older, [older.side.node(schema)], [], oldPath), message: 'It was' },
        before: typeName,
        after: null,
      };
    });
}

function isStillThere(newer: Version, capability: string | null): boolean {
  return capability === null || capabilityOf(newer, capability) !== undefined;
}

function exportsOf({ model }: Version): Exported[] {
  const shared = model.definitions.map(({ typeName, schema }) => ({ capability: null, typeName, schema }));
  const own = model.capabilities.flatMap(({ name, input, output, definitions }) =>
    [input, output, ...definitions].map(({ typeName, schema }) => ({ capability: name, typeName, schema })),
  );
  return [...shared, ...own];
}
