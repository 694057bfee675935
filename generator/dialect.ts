import { isObject } from './json.js';

/** Where the subschemas of a keyword's value are. */
export type Holds = 'nothing' | 'schema' | 'schema-list' | 'schema-map' | 'schema-or-list' | 'dependencies';

export type Draft = '2020-12' | 'draft-07';

/**
 * What becomes of a keyword: it may refuse a value, it only says something, it says where a schema is or which one is meant,
 * or it keeps the contract from being compiled.
 */
export type Treatment = 'asserted' | 'annotation' | 'reference' | 'refused';

interface Keyword {
  readonly treatment: Treatment;
  readonly holds: Holds;
  /** The dialects that give the keyword a meaning; elsewhere it is an annotation. */
  readonly drafts: readonly Draft[];
  /** Keywords that are not compiled say why, so that nothing is dropped in silence. */
  readonly refused?: string;
}

const BOTH: readonly Draft[] = ['2020-12', 'draft-07'];
const NEW: readonly Draft[] = ['2020-12'];
const OLD: readonly Draft[] = ['draft-07'];

const as =
  (treatment: Treatment) =>
  (drafts: readonly Draft[] = BOTH, holds: Holds = 'nothing'): Keyword => ({ treatment, holds, drafts });
const [asserted, annotation, reference] = [as('asserted'), as('annotation'), as('reference')];
const holding = (holds: Holds, drafts: readonly Draft[] = BOTH): Keyword => asserted(drafts, holds);
const refused = (why: string): Keyword => ({ treatment: 'refused', holds: 'nothing', drafts: NEW, refused: why });

/** Every keyword of JSON Schema 2020-12 and draft-07. */
export const KEYWORDS: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['$schema', reference()],
  ['$id', reference()],
  ['$ref', reference()],
  ['$comment', annotation()],
  ['$anchor', reference(NEW)],
  ['$defs', reference(BOTH, 'schema-map')],
  ['definitions', reference(BOTH, 'schema-map')],
  ['$dynamicRef', refused('declaragent resolves every reference when it generates; write $ref instead')],
  ['$dynamicAnchor', refused('declaragent resolves every reference when it generates; write $anchor instead')],
  ['$vocabulary', refused('it belongs to meta-schemas, not to schemas of data')],
  ['type', asserted()],
  ['enum', asserted()],
  ['const', asserted()],
  ['multipleOf', asserted()],
  ['minimum', asserted()],
  ['maximum', asserted()],
  ['exclusiveMinimum', asserted()],
  ['exclusiveMaximum', asserted()],
  ['minLength', asserted()],
  ['maxLength', asserted()],
  ['pattern', asserted()],
  ['format', asserted()],
  ['minItems', asserted()],
  ['maxItems', asserted()],
  ['uniqueItems', asserted()],
  ['minContains', asserted(NEW)],
  ['maxContains', asserted(NEW)],
  ['minProperties', asserted()],
  ['maxProperties', asserted()],
  ['required', asserted()],
  ['dependentRequired', asserted(NEW)],
  ['properties', holding('schema-map')],
  ['patternProperties', holding('schema-map')],
  ['additionalProperties', holding('schema')],
  ['propertyNames', holding('schema')],
  ['unevaluatedProperties', holding('schema', NEW)],
  ['items', holding('schema-or-list')],
  ['prefixItems', holding('schema-list', NEW)],
  ['additionalItems', holding('schema', OLD)],
  ['unevaluatedItems', holding('schema', NEW)],
  ['contains', holding('schema')],
  ['dependentSchemas', holding('schema-map', NEW)],
  ['dependencies', holding('dependencies', OLD)],
  ['allOf', holding('schema-list')],
  ['anyOf', holding('schema-list')],
  ['oneOf', holding('schema-list')],
  ['not', holding('schema')],
  ['if', holding('schema')],
  ['then', holding('schema')],
  ['else', holding('schema')],
  ['title', annotation()],
  ['description', annotation()],
  ['default', annotation()],
  ['examples', annotation()],
  ['deprecated', annotation()],
  ['readOnly', annotation()],
  ['writeOnly', annotation()],
  ['contentEncoding', annotation()],
  ['contentMediaType', annotation()],
  ['contentSchema', annotation()],
]);

/** Keywords that json-schema-to-typescript or ajv would paste or run as code. */
export const EXECUTABLE_KEYWORDS: ReadonlySet<string> = new Set(['tsType', 'tsEnumNames', '$async', '$data']);

/**
 * Keywords of other tools (OpenAPI, editors, generators), which are annotations here. They are listed because some lie
 * one letter away from a keyword of JSON Schema, and a near miss of one is otherwise an error.
 */
export const FOREIGN_KEYWORDS: ReadonlySet<string> = new Set([
  ...['example', 'nullable', 'discriminator', 'xml', 'externalDocs', 'readonly', 'writeonly', 'id', 'extends'],
  ...['markdownDescription', 'enumDescriptions', 'markdownEnumDescriptions', 'defaultSnippets', 'deprecationMessage'],
  ...['errorMessage', 'patternErrorMessage', 'doNotSuggest', 'suggestSortText', 'allowComments', 'allowTrailingCommas'],
  ...[
    'enumNames',
    'options',
    'propertyOrder',
    'order',
    'scope',
    'tags',
    'version',
    'name',
    'meta',
    'label',
    'unit',
    'units',
  ],
  ...['formatMinimum', 'formatMaximum', 'formatExclusiveMinimum', 'formatExclusiveMaximum', 'typeof', 'instanceof'],
  ...['divisibleBy', 'disallow', 'optional', '$recursiveRef', '$recursiveAnchor', 'media', 'links'],
]);

/** Keywords whose schemas speak of the very value that the schema around them speaks of: in-place applicators. */
export const IN_PLACE: ReadonlySet<string> = new Set([
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas', 'dependencies'],
]);

/** The seven types of JSON Schema. */
export const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const;

export type JsonType = (typeof TYPES)[number];

/** The dialect that a `$schema` value names, or null for one that is not supported. Absent means 2020-12. */
export function dialectOf(uri: unknown): Draft | null {
  if (uri === undefined) return '2020-12';
  if (typeof uri !== 'string') return null;
  const plainUri = uri.replace(/^http:/, 'https:').replace(/#$/, '');
  if (plainUri === 'https://json-schema.org/draft/2020-12/schema') return '2020-12';
  if (plainUri === 'https://json-schema.org/draft-07/schema') return 'draft-07';
  return null;
}

/** Calls `visit` with each schema directly inside `schema`, and the path to it. */
export function forEachSubschema(
  schema: { readonly [key: string]: unknown },
  visit: (subschema: unknown, path: readonly string[]) => void,
): void {
  for (const [keyword, value] of Object.entries(schema)) {
    const holds = KEYWORDS.get(keyword)?.holds ?? 'nothing';
    if (holds === 'nothing') continue;
    const isList = Array.isArray(value);
    if (isList && (holds === 'schema-list' || holds === 'schema-or-list')) {
      for (const [index, item] of value.entries()) visit(item, [keyword, String(index)]);
    } else if (isObject(value) && (holds === 'schema-map' || holds === 'dependencies')) {
      for (const [key, item] of Object.entries(value)) {
        if (holds === 'schema-map' || !Array.isArray(item)) visit(item, [keyword, key]);
      }
    } else if (!isList && (holds === 'schema' || holds === 'schema-or-list')) {
      visit(value, [keyword]);
    }
  }
}

/** A copy of `schema` with each schema directly inside it replaced by what `change` makes of it. */
export function mapSubschemas(
  schema: { readonly [key: string]: unknown },
  change: (subschema: unknown, keyword: string) => unknown,
): Record<string, unknown> {
  const entries = Object.entries(schema).map(([keyword, value]): [string, unknown] => {
    const holds = KEYWORDS.get(keyword)?.holds ?? 'nothing';
    if (holds === 'nothing') return [keyword, value];
    if (Array.isArray(value)) return [keyword, value.map((item) => change(item, keyword))];
    if (!isObject(value) || holds === 'schema' || holds === 'schema-or-list') return [keyword, change(value, keyword)];
    return [keyword, Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, keyword)]))];
  });
  return Object.fromEntries(entries);
}
