import fc from 'fast-check';
import { anyJson, anyName, besides, FORMATS, PATTERNS } from './random-schema.js';

/*
 * Random values that nearly match a schema: made of its constants, its property names, its bounds and what lies just
 * beyond them. A value that matches nothing tests the first keyword only.
 */

type JsonObject = Readonly<Record<string, unknown>>;

/** What a schema, and each that looks at the same value, says of it. */
interface Hints {
  readonly constants: unknown[];
  readonly numbers: number[];
  readonly strings: string[];
  readonly names: Map<string, unknown[]>;
  readonly prefix: unknown[][];
  readonly items: unknown[];
  /** How often a type is spoken of. */
  readonly mentions: Map<string, number>;
}

const KEYWORDS_OF: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'patternProperties', 'required', 'additionalProperties', 'unevaluatedProperties'],
  array: ['items', 'prefixItems', 'contains', 'unevaluatedItems', 'uniqueItems', 'minItems'],
  string: ['pattern', 'minLength', 'maxLength', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
};

/** Values that lie near a schema; `root` is what its references start from. */
export function valueNear(schema: unknown, root: JsonObject, depth = 3): fc.Arbitrary<unknown> {
  const hints = hintsOf(schema, root);
  const weight = (type: string): number => 1 + 3 * (hints.mentions.get(type) ?? 0);
  const choices = [
    { arbitrary: anyJson, weight: 1 },
    { arbitrary: fc.constantFrom(null, true), weight: 1 },
    { arbitrary: fc.constantFrom('', 'a', ...hints.strings), weight: weight('string') },
    { arbitrary: fc.constantFrom(0, 1, ...hints.numbers), weight: weight('number') },
  ];
  if (hints.constants.length > 0) choices.push({ arbitrary: fc.constantFrom(...hints.constants), weight: 4 });
  if (depth > 0) {
    choices.push({ arbitrary: objectNear(hints, root, depth), weight: weight('object') });
    choices.push({ arbitrary: arrayNear(hints, root, depth), weight: weight('array') });
  }
  return fc.oneof(...choices);
}

function objectNear({ names }: Hints, root: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const members = [...names].map(([name, schemas]) =>
    fc
      .option(
        fc.constantFrom(true, ...schemas).chain((schema) => valueNear(schema, root, depth - 1)),
        { freq: 3, nil: undefined },
      )
      .map((value) => [name, value] as const),
  );
  const more = fc.array(fc.tuple(anyName, anyJson), { maxLength: 1 });
  return fc
    .tuple(more, ...members)
    .map(([others, ...own]) => Object.fromEntries([...others, ...own].filter(([, value]) => value !== undefined)));
}

function arrayNear({ prefix, items }: Hints, root: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const length = Math.max(0, ...prefix.map((list) => list.length));
  const first = Array.from({ length }, (_, index) =>
    fc
      .constantFrom(...prefix.map((list) => list[index]).filter((item) => item !== undefined))
      .chain((schema) => valueNear(schema, root, depth - 1)),
  );
  const rest = fc.array(
    fc.constantFrom(true, ...items).chain((schema) => valueNear(schema, root, depth - 1)),
    { maxLength: 3 },
  );
  return fc.tuple(fc.tuple(...first), rest, fc.nat({ max: 4 })).map(([head, tail, cut]) => {
    const all = [...head, ...tail];
    return cut === 0 ? all.slice(0, -1) : all;
  });
}

function hintsOf(schema: unknown, root: JsonObject): Hints {
  const hints: Hints = {
    constants: [],
    numbers: [],
    strings: [],
    names: new Map(),
    prefix: [],
    items: [],
    mentions: new Map(),
  };
  const seen = new Set<unknown>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    note(value as JsonObject, hints);
    for (const inner of besides(value as JsonObject, root)) walk(inner);
  };
  walk(schema);
  return hints;
}

function note(schema: JsonObject, hints: Hints): void {
  const mention = (type: string): void => void hints.mentions.set(type, (hints.mentions.get(type) ?? 0) + 1);
  for (const [type, keywords] of Object.entries(KEYWORDS_OF)) {
    if (keywords.some((keyword) => Object.hasOwn(schema, keyword))) mention(type);
  }
  for (const type of [schema['type'] ?? []].flat()) mention(type === 'integer' ? 'number' : String(type));
  if (Object.hasOwn(schema, 'const')) hints.constants.push(schema['const']);
  hints.constants.push(...((schema['enum'] as unknown[] | undefined) ?? []));
  noteScalars(schema, hints);
  noteNames(schema, hints);
  if (Array.isArray(schema['prefixItems'])) hints.prefix.push(schema['prefixItems']);
  for (const keyword of ['items', 'contains', 'unevaluatedItems']) {
    if (schema[keyword] !== undefined) hints.items.push(schema[keyword]);
  }
}

function noteScalars(schema: JsonObject, { numbers, strings }: Hints): void {
  for (const keyword of KEYWORDS_OF['number'] ?? []) {
    const bound = schema[keyword];
    if (typeof bound === 'number') numbers.push(...[bound, bound * 7, bound + 1, bound - 0.5].filter(Number.isFinite));
  }
  for (const keyword of ['minLength', 'maxLength']) {
    const bound = schema[keyword];
    if (typeof bound === 'number') strings.push('a'.repeat(bound), '😀'.repeat(bound), 'b'.repeat(bound + 1));
  }
  if (typeof schema['pattern'] === 'string') strings.push(...(PATTERNS[schema['pattern']] ?? []));
  const sample = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  if (typeof sample === 'string') strings.push(sample, `${sample}0`);
}

function noteNames(schema: JsonObject, { names }: Hints): void {
  const add = (name: string, ...schemas: unknown[]): void =>
    void names.set(name, [...(names.get(name) ?? []), ...schemas]);
  const maps = (keyword: string): [string, unknown][] =>
    Object.entries((schema[keyword] as JsonObject | undefined) ?? {});
  for (const [name, inner] of maps('properties')) add(name, inner);
  for (const [pattern, inner] of maps('patternProperties'))
    for (const name of PATTERNS[pattern] ?? []) add(name, inner);
  for (const name of (schema['required'] as string[] | undefined) ?? []) add(name);
  for (const [name, others] of maps('dependentRequired')) for (const each of [name, ...(others as string[])]) add(each);
  for (const [name] of maps('dependentSchemas')) add(name);
  for (const keyword of ['additionalProperties', 'unevaluatedProperties']) {
    if (schema[keyword] !== undefined) add('z', schema[keyword]);
  }
}
