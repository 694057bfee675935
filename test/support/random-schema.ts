import fc from 'fast-check';

/*
 * Random schemas of JSON Schema 2020-12, as declaragent supports it: every keyword that asserts something, small names
 * and numbers that meet often, and the names that trip generated code.
 */

type JsonObject = Readonly<Record<string, unknown>>;

/** Names that meet often, and names that generated code, JavaScript, JSON Pointer or YAML may take for something else. */
const COMMON_NAMES = ['a', 'b', 'c'];
const ODD_NAMES = [
  ...['__proto__', 'toString', 'constructor', 'hasOwnProperty', 'valueOf', 'length', 'key0', 'data', 'errors', 'i0'],
  ...['a/b', '~', '~1', '', '0', '-1', 'a b', '"', "'", '\\', '\n', '*/', '%41', 'é', '日本', '😀', '\u2028', 'x-1'],
];
/** Keys of `$defs`; each leads to another type name. */
const DEFINITIONS = ['node', 'a/b', '__proto__', 'ü~'];

/** Patterns, each with strings that it matches; they match property names as well. */
export const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  '^a': ['a', 'a/b', 'ab'],
  b$: ['b', 'a/b', 'ab'],
  '\\d': ['0', 'x-1'],
  '^x-': ['x-', 'x-1'],
  '': ['', 'c'],
  '^[^a]*$': ['b', '', '\n'],
  '^\\p{L}+$': ['日本', 'é', 'a'],
  '^(__proto__|toString)$': ['__proto__', 'toString'],
  '["\'\\\\/]': ['"', "'", '\\', 'a/b'],
};

/** Formats, each with a string or number that is right; the last one is an annotation. */
export const FORMATS: Readonly<Record<string, unknown>> = {
  date: '2024-02-29',
  ipv4: '127.0.0.1',
  uuid: '123e4567-e89b-12d3-a456-426614174000',
  email: 'a@b.c',
  int32: 7,
  colour: 'red',
};

export const anyName: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...COMMON_NAMES), weight: 2 },
  { arbitrary: fc.constantFrom(...ODD_NAMES), weight: 1 },
);

const anyNumber = fc.constantFrom(0, 1, 2, 3, -1, -0, 0.5, 1.5, 0.07, 0.3, 1e21, 2 ** 53, -1e-7, 1e308);

/** Any JSON value, small. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec((self) => ({
  scalar: fc.oneof(
    anyNumber,
    fc.constantFrom(null, true, false),
    anyName,
    fc.constantFrom('ab', 'abc', '😀😀', '\ud83d'),
  ),
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { arbitrary: self('scalar'), weight: 3 },
    { arbitrary: fc.array(self('value'), { maxLength: 3 }), weight: 1 },
    { arbitrary: objectOf(anyName, self('value'), 3), weight: 1 },
  ),
})).value;

/** Unlike fc.dictionary, whose shrinking may lose a key named `__proto__`. */
function objectOf<T>(name: fc.Arbitrary<string>, value: fc.Arbitrary<T>, maxLength: number) {
  return fc
    .array(fc.tuple(name, value), { maxLength })
    .map((entries): Record<string, T> => Object.fromEntries(entries));
}

/** JSON that a contract may hold: text with half a character is refused there. */
const contractJson = anyJson.filter((value) => !JSON.stringify(value).includes('\\ud83d'));

const TYPES = ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'];
const size = fc.nat({ max: 3 });
const names = fc.uniqueArray(anyName, { maxLength: 3 });
const pattern = fc.constantFrom(...Object.keys(PATTERNS));

const references = fc.constantFrom(
  '#',
  ...DEFINITIONS.map((name) => `#/$defs/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`),
);

type Keyword = fc.Arbitrary<readonly [string, unknown]>;

function keyword(name: string, value: fc.Arbitrary<unknown>): Keyword {
  return value.map((item) => [name, item] as const);
}

/** Keywords that hold no schema. */
const plainKeywords: readonly Keyword[] = [
  keyword('type', fc.oneof(fc.constantFrom(...TYPES), fc.uniqueArray(fc.constantFrom(...TYPES), { minLength: 1 }))),
  keyword('type', fc.constantFrom('object', 'array')),
  keyword('enum', fc.array(contractJson, { maxLength: 4 })),
  keyword('const', contractJson),
  keyword('multipleOf', fc.constantFrom(1, 2, 0.5, 0.01, 0.1, 1.5)),
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'].map((name) => keyword(name, anyNumber)),
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'].map((n) => keyword(n, size)),
  ...['minContains', 'maxContains'].map((name) => keyword(name, size)),
  keyword('pattern', pattern),
  keyword('format', fc.constantFrom(...Object.keys(FORMATS))),
  keyword('uniqueItems', fc.boolean()),
  keyword('required', names),
  keyword('required', names),
  keyword('dependentRequired', objectOf(anyName, names, 2)),
  keyword('$ref', references),
  ...['title', 'description'].map((name) => keyword(name, anyName)),
  keyword('default', contractJson),
];

/** Keywords around schemas; those of the same value come often, since they are what unevaluated* must see into. */
function holdingKeywords(schema: fc.Arbitrary<unknown>): Keyword[] {
  const list = fc.array(schema, { minLength: 1, maxLength: 3 });
  const properties = keyword('properties', objectOf(anyName, schema, 3));
  const single = ['additionalProperties', 'propertyNames', 'items', 'contains', 'not', 'if', 'then', 'else'];
  const unevaluated = fc.oneof(fc.constant<unknown>(false), schema);
  return [
    ...[properties, properties, keyword('patternProperties', objectOf(pattern, schema, 2))],
    keyword('prefixItems', list),
    keyword('dependentSchemas', objectOf(anyName, schema, 2)),
    ...['allOf', 'anyOf', 'oneOf'].map((name) => keyword(name, list)),
    ...single.map((name) => keyword(name, schema)),
    keyword('unevaluatedProperties', unevaluated),
    keyword('unevaluatedItems', unevaluated),
    keyword('oneOf', taggedUnion(schema)),
  ];
}

/** The union that codegen tells apart by a constant. */
function taggedUnion(schema: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const branch = fc.tuple(anyName, schema);
  return fc.tuple(anyName, fc.array(branch, { minLength: 2, maxLength: 3 })).map(([tag, branches]) =>
    branches.map(([name, inner], index) => {
      const constant = { const: `t${index}` };
      return {
        type: 'object',
        properties: Object.fromEntries([
          [name, inner],
          [tag, constant],
        ]),
        required: [tag],
      };
    }),
  );
}

/** A schema of 2020-12 with references to `#` and to its own `$defs`, none of them circular. */
export const anySchema: fc.Arbitrary<JsonObject> = fc
  .letrec((self) => ({
    flat: fc.oneof(
      { arbitrary: schemaOf(fc.oneof(...plainKeywords), 3), weight: 6 },
      { arbitrary: fc.boolean(), weight: 1 },
    ),
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { arbitrary: self('flat'), weight: 1 },
      { arbitrary: schemaOf(fc.oneof(...plainKeywords, ...holdingKeywords(self('schema'))), 5), weight: 2 },
    ),
    root: fc
      .tuple(
        schemaOf(fc.oneof(...plainKeywords, ...holdingKeywords(self('schema'))), 6),
        fc.tuple(...DEFINITIONS.map(() => self('schema'))),
      )
      .map(([schema, definitions]) => withDefinitions(schema, definitions)),
  }))
  .root.filter((schema) => !isCircular(schema as JsonObject)) as fc.Arbitrary<JsonObject>;

function schemaOf(keywords: Keyword, maxLength: number): fc.Arbitrary<JsonObject> {
  return fc.array(keywords, { maxLength }).map((entries) => Object.fromEntries(entries));
}

function withDefinitions(schema: JsonObject, definitions: readonly unknown[]): JsonObject {
  if (!JSON.stringify([schema, definitions]).includes('"$ref":"#/')) return schema;
  return { ...schema, $defs: Object.fromEntries(DEFINITIONS.map((name, index) => [name, definitions[index]])) };
}

/** What a reference of such a schema leads to. */
export function targetOf(root: JsonObject, reference: unknown): unknown {
  if (reference === '#') return root;
  const key = decodeURIComponent(String(reference).slice('#/$defs/'.length));
  return (root['$defs'] as JsonObject)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
}

/** The schemas of a schema's own keywords that look at the same value, references included. */
export function besides(schema: JsonObject, root: JsonObject): unknown[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((name) => (schema[name] as unknown[] | undefined) ?? []);
  const single = ['not', 'if', 'then', 'else'].map((name) => schema[name]);
  const dependent = Object.values((schema['dependentSchemas'] as JsonObject | undefined) ?? {});
  const target = schema['$ref'] === undefined ? [] : [targetOf(root, schema['$ref'])];
  return [...lists, ...single, ...dependent, ...target].filter((item) => item !== undefined);
}

/** Codegen refuses a schema that leads back to itself with no step into the value. */
function isCircular(root: JsonObject): boolean {
  const walk = (schema: unknown, open: readonly unknown[]): boolean => {
    if (typeof schema !== 'object' || schema === null) return false;
    if (open.includes(schema)) return true;
    return besides(schema as JsonObject, root).some((inner) => walk(inner, [...open, schema]));
  };
  const starts = [root, ...Object.values((root['$defs'] as JsonObject | undefined) ?? {})];
  return starts.some((start) => walk(start, []));
}
