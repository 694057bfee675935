import type { JsonSchema } from '@declaragent/runtime';
import { quoteData } from './fence.js';
import { isJsonObject, type JsonObject } from './json.js';

const ONE_SCHEMA: ReadonlySet<string> = new Set([
  'items',
  'additionalItems',
  'contains',
  'additionalProperties',
  'propertyNames',
  'unevaluatedItems',
  'unevaluatedProperties',
  'not',
  'if',
  'then',
  'else',
]);
const LIST_OF_SCHEMAS: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems', 'items']);
const SCHEMAS_BY_NAME: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);
/** They say what a value may be; whatever says anything else is prose. */
const ASSERTIONS: ReadonlySet<string> = new Set([
  '$ref',
  'type',
  'enum',
  'const',
  'required',
  'dependentRequired',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'uniqueItems',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
]);

/**
 * A peer's schema as a model is shown it: descriptions are quoted as data, and what says nothing of the value, such as
 * `title`, `$comment`, `examples` or a keyword nobody knows, is left out. What it sends is held against the whole schema.
 */
export function quoteSchema(schema: JsonSchema): JsonSchema {
  return quoteObject(schema);
}

function quoteObject(schema: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).flatMap(([keyword, value]) => quoteKeyword(keyword, value)));
}

function quoteKeyword(keyword: string, value: unknown): [string, unknown][] {
  if (keyword === 'description') return typeof value === 'string' ? [[keyword, quoteData(value)]] : [];
  if (keyword === 'default') return isPlain(value) ? [[keyword, value]] : [];
  if (SCHEMAS_BY_NAME.has(keyword) && isJsonObject(value)) {
    return [[keyword, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, quoteInner(inner)]))]];
  }
  if (LIST_OF_SCHEMAS.has(keyword) && Array.isArray(value)) return [[keyword, value.map(quoteInner)]];
  if (ONE_SCHEMA.has(keyword)) return [[keyword, quoteInner(value)]];
  return ASSERTIONS.has(keyword) ? [[keyword, value]] : [];
}

/** A schema may be true or false too. */
function quoteInner(schema: unknown): unknown {
  return isJsonObject(schema) ? quoteObject(schema) : schema;
}

/** A default that can tell nothing. */
function isPlain(value: unknown): boolean {
  return value === null || typeof value === 'number' || typeof value === 'boolean';
}
