import fc from 'fast-check';
import { forEachSubschema } from '../../generator/dialect.js';
import { anyName, anySchema } from './random-schema.js';

/*
 * Small edits of a schema, of the kinds that people make: two schemas that differ in one place are the pairs that a
 * comparison is most often asked about, and most easily wrong about.
 */

type JsonObject = Readonly<Record<string, unknown>>;
type Edit = (schema: Record<string, unknown>, other: JsonObject, seed: number, name: string) => void;

const COUNTS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];
const NUMBERS = [...COUNTS, 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minContains', 'maxContains'];

/** What may happen to one schema. `other` is another random schema, from which keywords are taken. */
const EDITS: readonly Edit[] = [
  (schema, _, seed) => {
    const names = Object.keys(schema).filter((name) => name !== '$defs');
    const name = names[seed % names.length];
    if (name !== undefined) delete schema[name];
  },
  (schema, other, seed) => {
    const entries = Object.entries(other).filter(([name]) => name !== '$defs' && name !== '$ref');
    const entry = entries[seed % entries.length];
    if (entry !== undefined && !JSON.stringify(entry).includes('"$ref"')) schema[entry[0]] = entry[1];
  },
  (schema, _, seed) => {
    const names = NUMBERS.filter((name) => typeof schema[name] === 'number');
    const name = names[seed % names.length];
    if (name === undefined) return;
    const changed = Number(schema[name]) + (seed % 2 === 0 ? 1 : -1);
    schema[name] = NUMBERS.indexOf(name) < COUNTS.length || name.endsWith('Contains') ? Math.max(0, changed) : changed;
  },
  (schema, _, seed, name) => {
    const values = Array.isArray(schema['enum']) ? schema['enum'] : undefined;
    if (values !== undefined) schema['enum'] = seed % 2 === 0 ? [...values, name] : values.slice(1);
  },
  (schema, _, seed, name) => {
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    const without = required.slice(1);
    schema['required'] = seed % 2 === 0 ? [...new Set([...required, name])] : without;
  },
  (schema, other, seed, name) => {
    if (JSON.stringify(other).includes('"$ref"')) return;
    const properties = Object.entries((schema['properties'] as JsonObject | undefined) ?? {});
    schema['properties'] = Object.fromEntries(seed % 2 === 0 ? [...properties, [name, other]] : properties.slice(1));
  },
  (schema, _, seed) => {
    const type = [schema['type'] ?? []].flat();
    const more = ['string', 'number', 'integer', 'object', 'array', 'null'][seed % 6];
    if (type.length > 0) schema['type'] = [...new Set([...type, more])];
  },
  (schema) => {
    schema['additionalProperties'] = schema['additionalProperties'] !== false;
  },
  (schema, other, seed) => {
    const word = ['anyOf', 'oneOf', 'allOf'][seed % 3] ?? 'anyOf';
    const members = schema[word];
    if (!Array.isArray(members) || JSON.stringify(other).includes('"$ref"')) return;
    schema[word] = seed % 2 === 0 ? [...members, other] : members.slice(0, Math.max(1, members.length - 1));
  },
  (schema, _, seed) => {
    const word = ['anyOf', 'oneOf', 'enum', 'required'][seed % 4] ?? '';
    const list = schema[word];
    if (Array.isArray(list)) schema[word] = [...list].reverse();
  },
  (schema, _, __, name) => {
    schema['description'] = name;
  },
];

/** Two schemas, the second made from the first by up to three edits. */
export interface Pair {
  readonly old: JsonObject;
  readonly new: JsonObject;
}

const anyEdit = fc.tuple(fc.nat({ max: 1000 }), fc.nat({ max: EDITS.length - 1 }), fc.nat({ max: 1000 }), anyName);

export const anyPair: fc.Arbitrary<Pair> = fc
  .tuple(anySchema, fc.array(fc.tuple(anyEdit, anySchema), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([schema, edits, isBackwards]) => {
    const edited = structuredClone(schema) as Record<string, unknown>;
    for (const [[place, edit, seed, name], { $defs: _, ...other }] of edits) {
      const places = schemasIn(edited);
      const target = places[place % places.length];
      if (target !== undefined) apply(edit, target, other, seed, name);
    }
    return isBackwards ? { old: edited, new: schema } : { old: schema, new: edited };
  });

/** The edit with that number, or the next one that changes anything. */
function apply(edit: number, target: Record<string, unknown>, ...how: [JsonObject, number, string]): void {
  const before = JSON.stringify(target);
  for (let index = 0; index < EDITS.length && JSON.stringify(target) === before; index++) {
    EDITS[(edit + index) % EDITS.length]?.(target, ...how);
  }
}

function schemasIn(schema: unknown): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    found.push(value as Record<string, unknown>);
    forEachSubschema(value as JsonObject, walk);
  };
  walk(schema);
  return found;
}
