import { forEachSubschema, mapSubschemas } from './dialect.js';
import { isObject, type JsonObject } from './json.js';
import { referenceTo, type Schema } from './model.js';
import { TAG, type Tag } from './unions.js';

/** How many schemas one function may check; the compiler gives up on functions much larger. */
const MOST_IN_ONE_FUNCTION = 100;

/** How many properties or branches one function may check. */
const MOST_MEMBERS = 50;

/** Moves parts of a large schema to definitions, which become functions of their own. */
export function splitLarge(schema: Schema): Schema {
  const parts: Record<string, unknown> = {};
  const moveOut = (part: unknown): JsonObject => {
    // No definition of a contract begins with a lower-case letter.
    const name = `part${Object.keys(parts).length}`;
    parts[name] = part;
    return { $ref: referenceTo(name) };
  };
  const split = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const isLarge = countSchemas(value) > MOST_IN_ONE_FUNCTION;
    const copy = mapSubschemas(value, (subschema, keyword) => {
      const inner = split(subschema);
      const least = BRANCHES.has(keyword) ? 2 : 3;
      return isLarge && MOVABLE.has(keyword) && countSchemas(inner) >= least ? moveOut(inner) : inner;
    });
    return splitBranches(splitProperties(copy, moveOut), moveOut);
  };
  const { $defs, ...root } = schema;
  const defs = isObject($defs) ? Object.entries($defs).map(([name, value]) => [name, split(value)]) : [];
  const body = split(root) as Schema;
  const all = { ...Object.fromEntries(defs), ...parts };
  return Object.keys(all).length === 0 ? body : { ...body, $defs: all };
}

/** Keywords whose schemas ajv may check in a function as well as in place. */
const MOVABLE: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems', 'allOf', 'anyOf', 'oneOf'],
]);

/** Keywords whose schemas look at the same value; even a small one takes many lines. */
const BRANCHES: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf']);

/** Spreads many properties over functions; their names stay, for additionalProperties to know them. */
function splitProperties(schema: JsonObject, moveOut: (part: unknown) => JsonObject): JsonObject {
  const { properties, allOf } = schema;
  const entries = isObject(properties) ? Object.entries(properties) : [];
  if (entries.length <= MOST_MEMBERS) return schema;
  const groups = groupsOf(entries).map((group) =>
    moveOut({ properties: Object.fromEntries(group as [string, unknown][]) }),
  );
  const names = Object.fromEntries(entries.map(([name]) => [name, true]));
  return { ...schema, properties: names, allOf: [...(Array.isArray(allOf) ? allOf : []), ...groups] };
}

/** Puts many branches into groups: all of all groups, any of any group. */
function splitBranches(schema: JsonObject, moveOut: (part: unknown) => JsonObject): JsonObject {
  if (isObject(schema[TAG])) return splitTagged(schema, schema[TAG] as unknown as Tag, moveOut);
  const copy: Record<string, unknown> = { ...schema };
  const anyOfGroups = groupsOf(schema['anyOf']).map((group) => moveOut({ anyOf: group }));
  const oneOfGroups = groupsOf(schema['oneOf']).map((group) => ({
    any: moveOut({ anyOf: group }),
    one: moveOut({ oneOf: group }),
  }));
  if (anyOfGroups.length > 0) copy['anyOf'] = anyOfGroups;
  if (oneOfGroups.length > 0) {
    // One of all is: one group has any, and no group has more than one.
    const atMostOne = oneOfGroups.map(({ any, one }) => moveOut({ anyOf: [one, { not: any }] }));
    copy['oneOf'] = oneOfGroups.map(({ any }) => any);
    copy['allOf'] = [...(Array.isArray(copy['allOf']) ? copy['allOf'] : []), ...atMostOne];
  }
  const allOfGroups = groupsOf(copy['allOf']).map((group) => moveOut({ allOf: group }));
  return allOfGroups.length > 0 ? { ...copy, allOf: allOfGroups } : copy;
}

/** Of branches told apart by a tag, each group looks at those that have its values. */
function splitTagged(schema: JsonObject, { name, values }: Tag, moveOut: (part: unknown) => JsonObject): JsonObject {
  const groups = groupsOf(schema['oneOf']);
  if (groups.length === 0) return schema;
  const tags = groupsOf(values).map((some) => ({ name, values: some }));
  return { allOf: groups.map((oneOf, index) => moveOut({ oneOf, [TAG]: tags[index] })) };
}

/** The members of a long list, some at a time; nothing for a list that is short. */
function groupsOf(members: unknown): unknown[][] {
  if (!Array.isArray(members) || members.length <= MOST_MEMBERS) return [];
  const count = Math.ceil(members.length / MOST_MEMBERS);
  return Array.from({ length: count }, (_, index) => members.slice(index * MOST_MEMBERS, (index + 1) * MOST_MEMBERS));
}

function countSchemas(value: unknown): number {
  if (!isObject(value)) return 1;
  let count = 1;
  forEachSubschema(value, (subschema) => {
    count += countSchemas(subschema);
  });
  return count;
}
