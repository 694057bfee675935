import { describe, expect, it } from 'vitest';
import { findGaps } from '../../generator/breaking/subsume.js';
import { compiled } from '../support/comparison.js';
import { accepts } from '../support/reference.js';

/** Three definitions that lead to each other; a claim about one is proved while that about another is still open. */
const definitions = (bad: object): object => ({
  K: { type: 'object', properties: { m: { $ref: '#/$defs/M' }, bad } },
  M: { type: 'object', properties: { s: { $ref: '#/$defs/S' } } },
  S: { type: 'object', properties: { k: { $ref: '#/$defs/K' } } },
});

const PROPERTIES = { p: { $ref: '#/$defs/S' }, q: { $ref: '#/$defs/M' } };
const VALUE = { op: 'x', q: { s: { k: { bad: 'text' } } } };

/** Unions make the proof try a claim whole, and then branch by branch. */
const ROOTS: readonly (readonly [string, object])[] = [
  [
    'a union of constants',
    {
      type: 'object',
      required: ['op'],
      properties: { op: { enum: ['x', 'y'] }, ...PROPERTIES },
      anyOf: [
        { properties: { op: { const: 'x' }, p: { type: 'null' } } },
        { properties: { op: { const: 'y' }, p: { type: 'null' } } },
      ],
    },
  ],
  [
    'a union of required properties',
    {
      type: 'object',
      properties: PROPERTIES,
      anyOf: [{ properties: { p: false } }, { properties: { p: false }, required: ['q'] }],
    },
  ],
  ['no union', { type: 'object', properties: PROPERTIES }],
];

describe('a proof about definitions that lead to each other', () => {
  it.each(ROOTS)('takes nothing for proved that rests on a claim which failed: %s', (_, root) => {
    const [old, now] = [{ type: 'string' }, { type: 'integer' }].map((bad) => ({ ...root, $defs: definitions(bad) }));
    expect([accepts(old, VALUE), accepts(now, VALUE)]).toEqual([true, false]);
    const [wide, narrow] = [compiled(old), compiled(now)];
    if (wide === null || narrow === null) throw new Error('Codegen refuses the schemas.');
    expect(findGaps(wide.side.node(wide.model.schema), narrow.side.node(narrow.model.schema))).not.toEqual([]);
  });
});

describe('multiples', () => {
  it.each([
    [0.5, 0.1],
    [0.25, 0.05],
    [0.5, 0.01],
  ])('of %d are not said to be multiples of %d, which validators round', (old, now) => {
    const [wide, narrow] = [compiled({ multipleOf: old }), compiled({ multipleOf: now })];
    if (wide === null || narrow === null) throw new Error('Codegen refuses the schemas.');
    expect(findGaps(wide.side.node(wide.model.schema), narrow.side.node(narrow.model.schema))).not.toEqual([]);
  });
});
