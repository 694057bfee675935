import { describe, expect, it } from 'vitest';
import { accepts as acceptsCompiled } from '../../generator/breaking/instances.js';
import { findGaps } from '../../generator/breaking/subsume.js';
import { compiled } from '../support/comparison.js';
import { accepts } from '../support/reference.js';

const tagged = (...kinds: readonly [string, object][]): object => ({
  oneOf: kinds.map(([kind, properties]) => ({
    type: 'object',
    required: ['kind'],
    properties: { kind: { const: kind }, ...properties },
  })),
});
const tree = (leaf: unknown): object => ({
  $ref: '#/$defs/tree',
  $defs: {
    tree: {
      type: 'object',
      properties: { value: leaf, children: { type: 'array', items: { $ref: '#/$defs/tree' } } },
    },
  },
});
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const text = { type: 'string' };
const whole = { type: 'integer' };

/** A condition; its keyword is put together, since an object with a method of that name would be a promise. */
const when = (condition: object, consequence: unknown, otherwise: unknown = true): object =>
  Object.fromEntries([
    ['if', condition],
    ['then', consequence],
    ['else', otherwise],
  ]);

/** Two schemas that a person may take for compatible, and a value that the first accepts and the second refuses. */
const PAIRS: readonly [name: string, old: unknown, now: unknown, value: unknown][] = [
  ['allOf of which one part is stricter', { allOf: [whole, { minimum: 0 }] }, { allOf: [whole, { minimum: 1 }] }, 0],
  [
    'allOf that closes over a sibling',
    { properties: { a: text } },
    { allOf: [{ properties: { a: whole } }] },
    { a: 'x' },
  ],
  [
    'allOf whose parts each close the object',
    { type: 'object', properties: { a: text } },
    { allOf: [{ properties: { a: text }, additionalProperties: false }, { properties: { b: text } }] },
    { b: 'x' },
  ],
  ['a tag of a oneOf that is gone', tagged(['a', {}], ['b', {}]), tagged(['a', {}]), { kind: 'b' }],
  [
    'a branch of a tagged oneOf that is stricter',
    tagged(['a', { n: whole }], ['b', {}]),
    tagged(['a', { n: { ...whole, minimum: 5 } }], ['b', {}]),
    { kind: 'a', n: 1 },
  ],
  [
    'a tag that two branches share now',
    tagged(['a', {}], ['b', {}]),
    tagged(['a', {}], ['a', { n: whole }], ['b', {}]),
    { kind: 'a' },
  ],
  [
    'a oneOf whose branches overlap now',
    {
      oneOf: [
        { type: 'string', maxLength: 3 },
        { type: 'string', minLength: 4 },
      ],
    },
    {
      oneOf: [
        { type: 'string', maxLength: 3 },
        { type: 'string', minLength: 3 },
      ],
    },
    'abc',
  ],
  ['anyOf that has become oneOf', { anyOf: [whole, { minimum: 0 }] }, { oneOf: [whole, { minimum: 0 }] }, 1],
  [
    'a recursive definition that is stricter at a leaf',
    tree(text),
    tree({ ...text, maxLength: 2 }),
    { children: [{ value: 'long' }] },
  ],
  [
    'a recursive definition whose leaf was anything',
    tree(true),
    tree(text),
    { children: [{ children: [{ value: 1 }] }] },
  ],
  [
    'patternProperties that overlap a closed list',
    { properties: { ab: text }, patternProperties: { '^a': true }, additionalProperties: false },
    { properties: { ab: text }, patternProperties: { '^a': { maxLength: 1 } }, additionalProperties: false },
    { ab: 'long' },
  ],
  [
    'a pattern that no longer frees a name',
    { patternProperties: { '^x-': true }, additionalProperties: false },
    { patternProperties: { '^x-a': true }, additionalProperties: false },
    { 'x-b': 1 },
  ],
  [
    'additionalProperties that catch what a pattern caught',
    { patternProperties: { '^x': true }, additionalProperties: text },
    { additionalProperties: text },
    { x: 1 },
  ],
  [
    'dependentRequired that is longer',
    { dependentRequired: { a: ['b'] } },
    { dependentRequired: { a: ['b', 'c'] } },
    { a: 1, b: 1 },
  ],
  [
    'dependentRequired of another name',
    { dependentRequired: { a: ['b'] } },
    { dependentRequired: { b: ['a'] } },
    { b: 1 },
  ],
  ['dependentSchemas that are new', { type: 'object' }, { dependentSchemas: { a: { required: ['b'] } } }, { a: 1 }],
  [
    'contains of another value',
    { type: 'array', contains: whole },
    { type: 'array', contains: { type: 'integer', minimum: 1 } },
    [0],
  ],
  [
    'minContains that is greater',
    { type: 'array', contains: whole, minContains: 1 },
    { type: 'array', contains: whole, minContains: 2 },
    [1],
  ],
  [
    'maxContains beside a wider contains',
    { type: 'array', contains: { const: 1 }, maxContains: 1 },
    { type: 'array', contains: whole, maxContains: 1 },
    [1, 2],
  ],
  [
    'minContains 0 that is gone',
    { type: 'array', contains: whole, minContains: 0 },
    { type: 'array', contains: whole },
    [],
  ],
  ['not of more', { not: { const: 1 } }, { not: whole }, 2],
  ['not of a property that must be there', { not: { required: ['a', 'b'] } }, { not: { required: ['a'] } }, { a: 1 }],
  [
    'if with another condition',
    when({ required: ['a'] }, { required: ['b'] }),
    when({ required: ['c'] }, { required: ['b'] }),
    { c: 1 },
  ],
  ['else that is new', when({ required: ['a'] }, true), when({ required: ['a'] }, true, { required: ['b'] }), {}],
  [
    'if that speaks of an absent property',
    { properties: { t: text } },
    when({ properties: { t: { const: 'x' } } }, { required: ['y'] }),
    {},
  ],
  [
    'prefixItems that push items back',
    { type: 'array', prefixItems: [text], items: whole },
    { type: 'array', prefixItems: [text, text], items: whole },
    ['a', 1],
  ],
  [
    'prefixItems that are fewer',
    { type: 'array', prefixItems: [text, text], items: whole },
    { type: 'array', prefixItems: [text], items: whole },
    ['a', 'b'],
  ],
  [
    'prefixItems without items that are closed',
    { type: 'array', prefixItems: [text] },
    { type: 'array', prefixItems: [text], items: false },
    ['a', 1],
  ],
  ['number that has become integer', { type: 'number' }, { type: 'integer' }, 1.5],
  ['multipleOf 0.1 instead of 0.01', { type: 'number', multipleOf: 0.01 }, { type: 'number', multipleOf: 0.1 }, 0.01],
  ['an exclusive bound of a fraction', { type: 'number', exclusiveMinimum: 0 }, { type: 'number', minimum: 1 }, 0.5],
  [
    'a format in the place of another',
    { type: 'string', format: 'date' },
    { type: 'string', format: 'date-time' },
    '2024-01-01',
  ],
  [
    'a format that is only like another',
    { type: 'string', format: 'uri-reference' },
    { type: 'string', format: 'uri' },
    '/a',
  ],
  ['null that is gone from the types', { type: ['string', 'null'] }, { type: 'string' }, null],
  ['null that is gone from an enum', { type: ['string', 'null'] }, { type: ['string', 'null'], enum: ['a'] }, null],
  [
    'nullable by anyOf that is stricter',
    { anyOf: [text, { type: 'null' }] },
    { anyOf: [{ ...text, minLength: 1 }, { type: 'null' }] },
    '',
  ],
  [
    'unevaluatedProperties behind an allOf',
    { allOf: [{ properties: { a: true } }] },
    { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
    { b: 1 },
  ],
  [
    'unevaluatedProperties behind a branch',
    { anyOf: [{ properties: { a: true } }, { properties: { b: true }, required: ['b'] }] },
    {
      anyOf: [{ properties: { a: text } }, { properties: { b: true }, required: ['b'] }],
      unevaluatedProperties: false,
    },
    { c: 1 },
  ],
  [
    'propertyNames that are shorter',
    { type: 'object' },
    { type: 'object', propertyNames: { maxLength: 3 } },
    { long: 1 },
  ],
  [
    'a length in characters, not in units',
    { type: 'string', maxLength: 2 },
    { type: 'string', pattern: '^.?$' },
    '😀😀',
  ],
  ['uniqueItems with one zero', { type: 'array' }, { type: 'array', uniqueItems: true }, [0, -0]],
  [
    'minProperties beside what is required',
    { type: 'object', required: ['a'] },
    { type: 'object', minProperties: 2 },
    { a: 1 },
  ],
  [
    'a pattern whose repeat is shorter',
    { type: 'string', pattern: '^a{2,30}$' },
    { type: 'string', pattern: '^a{2,29}$' },
    'a'.repeat(30),
  ],
  ['a pattern that is anchored now', { type: 'string', pattern: 'a' }, { type: 'string', pattern: '^a' }, 'ba'],
  [
    'a pattern in which $ is the very end',
    { type: 'string', pattern: '^a' },
    { type: 'string', pattern: '^a$' },
    'a\n',
  ],
];

/** The same of draft-07, which the oracle does not read. */
const OLD_PAIRS: typeof PAIRS = [
  [
    'draft-07 items as a list',
    { $schema: DRAFT_07, type: 'array', items: [text] },
    { $schema: DRAFT_07, type: 'array', items: [text], additionalItems: false },
    ['a', 1],
  ],
  [
    'draft-07 dependencies',
    { $schema: DRAFT_07, type: 'object' },
    { $schema: DRAFT_07, dependencies: { a: ['b'] } },
    { a: 1 },
  ],
  [
    'draft-07, in which a $ref hides its siblings',
    { $schema: DRAFT_07, definitions: { t: text }, properties: { a: { $ref: '#/definitions/t', maxLength: 1 } } },
    { properties: { a: { type: 'string', maxLength: 1 } } },
    { a: 'long' },
  ],
];

function proves(old: unknown, now: unknown): boolean {
  const [older, newer] = [compiled(old), compiled(now)];
  if (older === null || newer === null) throw new Error('Codegen refuses one of the schemas.');
  return findGaps(older.side.node(older.model.schema), newer.side.node(newer.model.schema)).length === 0;
}

describe('a pair that looks compatible', () => {
  it.each(PAIRS)('is not called so: %s', (_, old, now, value) => {
    expect([accepts(old, value), accepts(now, value)]).toEqual([true, false]);
    expect(proves(old, now)).toBe(false);
  });

  it.each(OLD_PAIRS)('is not called so: %s', (_, old, now, value) => {
    const isLegal = [old, now].map((schema) => {
      const { model, side } = compiled(schema) ?? { model: { schema: false }, side: null };
      return side === null ? null : acceptsCompiled(side.node(model.schema), value);
    });
    expect(isLegal).toEqual([true, false]);
    expect(proves(old, now)).toBe(false);
  });

  it('is told from one that is: each is compatible with itself', () => {
    expect(PAIRS.filter(([, old, now]) => !proves(old, old) || !proves(now, now)).map(([name]) => name)).toEqual([]);
  });
});
