import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject, type Path, pointerOfPath } from '../json.js';
import type { LintContract, SchemaNode } from './contract.js';

/** Unions of unions can ask for any amount of work, and a lint rule may not. */
const MOST_STEPS = 10_000;

/**
 * Why a schema surely refuses a value, such as `"maximum" is 3`; null where it may take it. It reads the keywords that people
 * put beside a default, and where another one decides it answers null: what it reports is true, and what it does not report
 * may be wrong all the same.
 */
export function refusalOf(schema: SchemaNode, value: unknown, contract: LintContract): string | null {
  let steps = 0;

  const refusal = (node: SchemaNode | undefined, value: unknown): Refusal | null => {
    if (node === undefined || ++steps > MOST_STEPS) return null;
    const target = contract.target(node);
    // In draft-07 a reference hides what stands beside it.
    if (node.scope.draft === 'draft-07' && node.schema['$ref'] !== undefined) return refusal(target, value);
    return (
      ownRefusal(node.schema, value) ??
      refusal(target, value) ??
      first(inside(node, 'allOf'), (child) => refusal(child, value)) ??
      refusalOfAll(node, 'anyOf', value) ??
      refusalOfAll(node, 'oneOf', value) ??
      refusalOfPart(node, value)
    );
  };

  const inside = (node: SchemaNode, keyword: string): SchemaNode[] =>
    node.children.filter((child) => child.keyword === keyword);

  const refusalOfAll = (node: SchemaNode, keyword: string, value: unknown): Refusal | null => {
    const branches = node.schema[keyword];
    const children = inside(node, keyword);
    // A branch that is true or false has no node, and true accepts everything.
    if (!Array.isArray(branches) || children.length < branches.length) return null;
    const isRefused = children.every((child) => refusal(child, value) !== null);
    return isRefused ? { path: [], reason: `no branch of "${keyword}" takes it` } : null;
  };

  const refusalOfPart = (node: SchemaNode, value: unknown): Refusal | null => {
    if (Array.isArray(value)) {
      if (node.schema['prefixItems'] !== undefined || !isObject(node.schema['items'])) return null;
      const [items] = inside(node, 'items');
      return first([...value.entries()], ([index, item]) => within(index, refusal(items, item)));
    }
    if (!isObject(value)) return null;
    return first(inside(node, 'properties'), (child) => {
      const { key } = child;
      return key === null || !Object.hasOwn(value, key) ? null : within(key, refusal(child, value[key]));
    });
  };

  const found = refusal(schema, value);
  if (found === null) return null;
  return found.path.length === 0 ? found.reason : `at ${pointerOfPath(found.path)} ${found.reason}`;
}

interface Refusal {
  /** Where in the value. */
  readonly path: Path;
  readonly reason: string;
}

function first<T, Found>(list: readonly T[], find: (item: T) => Found | null): Found | null {
  for (const item of list) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}

function within(token: string | number, refusal: Refusal | null): Refusal | null {
  return refusal === null ? null : { ...refusal, path: [token, ...refusal.path] };
}

/** Scalars of long lists, which are looked for again and again. */
const scalars = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();

function isAmong(value: unknown, values: readonly unknown[]): boolean {
  if (typeof value === 'object' && value !== null) return values.some((legal) => isDeepStrictEqual(legal, value));
  const known = scalars.get(values) ?? new Set(values);
  scalars.set(values, known);
  return known.has(value);
}

/** Whether a value is of one of the types that `type` names. */
export function isOfType(value: unknown, type: unknown): boolean {
  const own = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  return names.some((name) => name === own || (name === 'integer' && Number.isInteger(value)));
}

function ownRefusal(schema: JsonObject, value: unknown): Refusal | null {
  const reason = first(OBJECTIONS, (objection) => objection(schema, value));
  return reason === null ? null : { path: [], reason };
}

/** What a schema may have against a value by one of its own keywords. */
const OBJECTIONS: readonly ((schema: JsonObject, value: unknown) => string | null)[] = [
  ({ type }, value) => (type === undefined || isOfType(value, type) ? null : `"type" is ${JSON.stringify(type)}`),
  ({ enum: values }, value) => {
    const isListed = !Array.isArray(values) || isAmong(value, values);
    return isListed ? null : '"enum" does not list it';
  },
  (schema, value) => {
    const isSame = !Object.hasOwn(schema, 'const') || isDeepStrictEqual(schema['const'], value);
    return isSame ? null : '"const" is another value';
  },
  ({ required }, value) => {
    if (!isObject(value) || !Array.isArray(required)) return null;
    const missing: unknown = required.find((name) => typeof name === 'string' && !Object.hasOwn(value, name));
    return missing === undefined ? null : `"required" lists ${JSON.stringify(missing)}`;
  },
  (schema, value) =>
    first(BOUNDS, ({ keyword, measure, refuses }) => {
      const bound = schema[keyword];
      const size = measure(value);
      return typeof bound === 'number' && size !== null && refuses(size, bound) ? `"${keyword}" is ${bound}` : null;
    }),
];

type Measure = (value: unknown) => number | null;

const magnitude: Measure = (value) => (typeof value === 'number' ? value : null);
const length: Measure = (value) => (typeof value === 'string' ? [...value].length : null);
const items: Measure = (value) => (Array.isArray(value) ? value.length : null);
const keys: Measure = (value) => (isObject(value) ? Object.keys(value).length : null);
const below = (size: number, bound: number): boolean => size < bound;
const above = (size: number, bound: number): boolean => size > bound;

const BOUNDS: readonly {
  readonly keyword: string;
  readonly measure: Measure;
  readonly refuses: (size: number, bound: number) => boolean;
}[] = [
  { keyword: 'minimum', measure: magnitude, refuses: below },
  { keyword: 'maximum', measure: magnitude, refuses: above },
  { keyword: 'exclusiveMinimum', measure: magnitude, refuses: (size, bound) => size <= bound },
  { keyword: 'exclusiveMaximum', measure: magnitude, refuses: (size, bound) => size >= bound },
  { keyword: 'minLength', measure: length, refuses: below },
  { keyword: 'maxLength', measure: length, refuses: above },
  { keyword: 'minItems', measure: items, refuses: below },
  { keyword: 'maxItems', measure: items, refuses: above },
  { keyword: 'minProperties', measure: keys, refuses: below },
  { keyword: 'maxProperties', measure: keys, refuses: above },
];
