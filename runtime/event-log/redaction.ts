import { decodePointer } from '../pointer.js';
import { isRecord } from '../record.js';
import type { JsonSchema } from '../validation.js';

/** What stands in the place of a value that is not to be shown. */
export const REDACTED = '[redacted]';

/** A JSON value without the parts that its schema marks; shares what is not changed with the value given. */
export type Redactor = (value: unknown) => unknown;

/**
 * Makes the redactor of a schema; undefined for one that marks nothing.
 *
 * A part is marked by `x-redact` in any schema that may speak of it, whether its branch is the one that was meant or not:
 * what is hidden needlessly can be asked for, what is shown cannot be taken back. Only `not` is left out.
 */
export function createRedactor(root: JsonSchema): Redactor | undefined {
  const places = createPlaces(root);
  const start = places.of([root]);
  const walk = (value: unknown, place: Place): unknown => {
    if (place.isHidden) return REDACTED;
    if (place.schemas.length === 0 || typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, places.ofItem(place, index)));
    if (place.hidesNames) return REDACTED;
    const entries = Object.entries(value).map(([name, member]) => [name, walk(member, places.ofMember(place, name))]);
    // Unlike an assignment, this makes a member named `__proto__` an own one.
    return Object.fromEntries(entries);
  };
  return start.isHidden || start.schemas.length > 0 ? (value) => walk(value, start) : undefined;
}

/** What schemas say of the values at one place, and at those below it once a value has been there. */
interface Place {
  readonly isHidden: boolean;
  /** Each schema that may speak of the value and leads to a mark. */
  readonly schemas: readonly JsonSchema[];
  readonly hidesNames: boolean;
  /** How many items have a schema of their own. */
  readonly prefix: number;
  readonly items: Map<number, Place>;
  /** Of the members that `properties` name, and of all others under none of the names. */
  readonly members: Map<string | undefined, Place>;
  readonly names: ReadonlySet<string>;
  readonly hasPatterns: boolean;
}

interface Places {
  /** The place of which these schemas speak, and those that they lead to without a step into the value. */
  of(given: readonly unknown[]): Place;
  ofItem(place: Place, index: number): Place;
  ofMember(place: Place, name: string): Place;
}

/** How many places are remembered; names from outside can lead patterns to more. */
const MAX_PLACES = 1000;

function createPlaces(root: JsonSchema): Places {
  const leading = new Map<JsonSchema, boolean>();
  const ids = new Map<JsonSchema, number>();
  const known = new Map<string, Place>();
  const patterns = new Map<string, RegExp | undefined>();

  const leadsToMark = (schema: JsonSchema): boolean => {
    const leads = leading.get(schema) ?? findMark(root, schema);
    leading.set(schema, leads);
    return leads;
  };

  const idOf = (schema: JsonSchema): number => {
    const id = ids.get(schema) ?? ids.size;
    ids.set(schema, id);
    return id;
  };

  /** Whether a pattern may match a name; one that cannot be read matches all. */
  const matches = (pattern: string, name: string): boolean => {
    if (!patterns.has(pattern)) patterns.set(pattern, toRegExp(pattern));
    return patterns.get(pattern)?.test(name) ?? true;
  };

  const of = (given: readonly unknown[]): Place => {
    const found = together(root, given);
    // Most schemas lead to no mark: what only they speak of need not be looked into.
    const schemas = found === undefined ? [] : Array.from(found).filter(leadsToMark);
    const key = found === undefined ? 'hidden' : schemas.map(idOf).sort().join();
    const place = known.get(key) ?? createPlace(root, found === undefined, schemas);
    if (known.size < MAX_PLACES) known.set(key, place);
    return place;
  };

  return {
    of,
    ofItem(place, index) {
      const at = Math.min(index, place.prefix);
      const below = place.items.get(at) ?? of(place.schemas.flatMap((schema) => schemasOfItem(schema, at)));
      place.items.set(at, below);
      return below;
    },
    ofMember(place, name) {
      const key = place.names.has(name) ? name : undefined;
      const isAlike = key !== undefined || !place.hasPatterns;
      const seen = isAlike ? place.members.get(key) : undefined;
      if (seen !== undefined) return seen;
      const below = of(place.schemas.flatMap((schema) => schemasOfMember(schema, name, matches)));
      if (isAlike) place.members.set(key, below);
      return below;
    },
  };
}

function createPlace(root: JsonSchema, isHidden: boolean, schemas: readonly JsonSchema[]): Place {
  const named = schemas.flatMap((schema) => own(schema, 'propertyNames') ?? []);
  const prefixes = schemas.map((schema) => own(schema, 'prefixItems'));
  return {
    isHidden,
    schemas,
    hidesNames: together(root, named) === undefined,
    prefix: Math.max(0, ...prefixes.map((prefix) => (Array.isArray(prefix) ? prefix.length : 0))),
    items: new Map(),
    members: new Map(),
    names: new Set(schemas.flatMap((schema) => Object.keys(mapOf(schema, 'properties')))),
    hasPatterns: schemas.some((schema) => Object.hasOwn(schema, 'patternProperties')),
  };
}

/** Every schema that may speak of the value that those given speak of; undefined where one of them hides it. */
function together(root: JsonSchema, given: readonly unknown[]): ReadonlySet<JsonSchema> | undefined {
  // A set, so that a recursive schema with branches is walked once for each value and not once for each way to it.
  const found = new Set<JsonSchema>();
  const waiting = [...given];
  while (waiting.length > 0) {
    const schema = waiting.pop();
    if (!isRecord(schema) || found.has(schema)) continue;
    if (isMarked(schema)) return undefined;
    found.add(schema);
    if (Object.hasOwn(schema, '$ref')) {
      const target = targetOf(root, schema['$ref']);
      if (target === undefined) return undefined;
      waiting.push(target);
    }
    waiting.push(...BRANCHES.flatMap((keyword) => own(schema, keyword) ?? []));
    waiting.push(...Object.values(mapOf(schema, 'dependentSchemas')));
  }
  return found;
}

/** Keywords whose schemas speak of the very value that theirs speaks of: one schema, or a list of them. */
const BRANCHES: readonly string[] = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else'];

function schemasOfItem(schema: JsonSchema, index: number): unknown[] {
  const prefix = own(schema, 'prefixItems');
  const first = Array.isArray(prefix) ? prefix : [];
  const inPlace = index < first.length ? first[index] : own(schema, 'items');
  return [inPlace ?? own(schema, 'unevaluatedItems'), own(schema, 'contains')];
}

function schemasOfMember(
  schema: JsonSchema,
  name: string,
  matches: (pattern: string, name: string) => boolean,
): unknown[] {
  const properties = mapOf(schema, 'properties');
  const named = Object.hasOwn(properties, name) ? [properties[name]] : [];
  const patterned = Object.entries(mapOf(schema, 'patternProperties'))
    .filter(([pattern]) => matches(pattern, name))
    .map(([, inner]) => inner);
  const found = [...named, ...patterned];
  if (found.length > 0) return found;
  // Another schema may have evaluated the member, which is not looked into.
  return [own(schema, 'additionalProperties'), own(schema, 'unevaluatedProperties')];
}

/** Anything but `false` is a mark: who writes `x-redact: "yes"` has meant one. */
function isMarked(schema: unknown): boolean {
  return isRecord(schema) && Object.hasOwn(schema, 'x-redact') && schema['x-redact'] !== false;
}

/** Whether `x-redact` occurs anywhere in a schema or in what it refers to, be it where it means nothing. */
function findMark(root: JsonSchema, schema: JsonSchema): boolean {
  const waiting: unknown[] = [schema];
  const seen = new Set<unknown>();
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (isMarked(next)) return true;
    if ('$ref' in next && typeof next.$ref === 'string') {
      const target = targetOf(root, next.$ref);
      if (target === undefined) return true;
      waiting.push(target);
    }
    waiting.push(...Object.values(next));
  }
  return false;
}

/** What a reference within the schema leads to; undefined for any other. */
function targetOf(root: JsonSchema, reference: unknown): unknown {
  if (typeof reference !== 'string' || !/^#(?:\/|$)/.test(reference)) return undefined;
  let target: unknown = root;
  try {
    for (const key of decodePointer(decodeURIComponent(reference.slice(1)))) {
      if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) return undefined;
      target = (target as Record<string, unknown>)[key];
    }
  } catch {
    return undefined;
  }
  return target;
}

function toRegExp(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}

function own(schema: JsonSchema, keyword: string): unknown {
  return Object.hasOwn(schema, keyword) ? schema[keyword] : undefined;
}

function mapOf(schema: JsonSchema, keyword: string): Record<string, unknown> {
  const value = own(schema, keyword);
  return isRecord(value) ? value : {};
}
