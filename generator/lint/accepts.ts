import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../json.js';
import type { LintContract, SchemaNode } from './contract.js';

/** Unions of unions can ask for any amount of work, and a lint rule may not. */
const MOST_STEPS = 10_000;

/**
 * Whether a schema surely refuses a value. It reads the keywords that people put beside a default, and where another one
 * decides it answers no: what it reports is true, and what it does not report may be wrong all the same.
 */
export function surelyRefuses(schema: SchemaNode, value: unknown, contract: LintContract): boolean {
  let steps = 0;

  const refuses = (node: SchemaNode | undefined, value: unknown): boolean => {
    if (node === undefined || ++steps > MOST_STEPS) return false;
    const target = contract.target(node);
    // In draft-07 a reference hides what stands beside it.
    if (node.scope.draft === 'draft-07' && node.schema['$ref'] !== undefined) return refuses(target, value);
    return (
      refusesByItself(node.schema, value) ||
      refuses(target, value) ||
      inside(node, 'allOf').some((child) => refuses(child, value)) ||
      refusesAll(node, 'anyOf', value) ||
      refusesAll(node, 'oneOf', value) ||
      refusesPart(node, value)
    );
  };

  const inside = (node: SchemaNode, keyword: string): SchemaNode[] =>
    node.children.filter((child) => child.keyword === keyword);

  const refusesAll = (node: SchemaNode, keyword: string, value: unknown): boolean => {
    const branches = node.schema[keyword];
    const children = inside(node, keyword);
    // A branch that is true or false has no node, and true accepts everything.
    if (!Array.isArray(branches) || children.length < branches.length) return false;
    return children.every((child) => refuses(child, value));
  };

  const refusesPart = (node: SchemaNode, value: unknown): boolean => {
    if (Array.isArray(value)) {
      if (node.schema['prefixItems'] !== undefined || !isObject(node.schema['items'])) return false;
      const [items] = inside(node, 'items');
      return value.some((item) => refuses(items, item));
    }
    if (!isObject(value)) return false;
    return inside(node, 'properties').some(
      (child) => child.key !== null && Object.hasOwn(value, child.key) && refuses(child, value[child.key]),
    );
  };

  return refuses(schema, value);
}

/** Whether a value is of one of the types that `type` names. */
export function isOfType(value: unknown, type: unknown): boolean {
  const own = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  return names.some((name) => name === own || (name === 'integer' && Number.isInteger(value)));
}

function refusesByItself(schema: JsonObject, value: unknown): boolean {
  const { type, enum: values, const: constant, required } = schema;
  if (type !== undefined && !isOfType(value, type)) return true;
  if (Array.isArray(values) && !values.some((legal) => isDeepStrictEqual(legal, value))) return true;
  if (Object.hasOwn(schema, 'const') && !isDeepStrictEqual(constant, value)) return true;
  if (isObject(value) && Array.isArray(required)) {
    if (required.some((name) => typeof name === 'string' && !Object.hasOwn(value, name))) return true;
  }
  return BOUNDS.some(({ keyword, measure, refuses }) => {
    const bound = schema[keyword];
    const size = measure(value);
    return typeof bound === 'number' && size !== null && refuses(size, bound);
  });
}

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
