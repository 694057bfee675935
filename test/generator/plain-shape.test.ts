import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapSubschemas, TYPES } from '../../generator/dialect.js';
import { declarationByLibrary, textByLibrary } from '../../generator/emit/type.js';
import { isObject } from '../../generator/json.js';
import type { Schema } from '../../generator/model.js';
import { isPlainShape, printDeclaration, printShape } from '../../generator/plain-shape.js';
import { createShaper, type Shape } from '../../generator/shape.js';
import { anyJson, anyName, anySchema } from '../support/random-schema.js';

const SEED = Number(process.env['DECLARAGENT_SEED'] ?? 20_241_121);
const RUNS = Number(process.env['DECLARAGENT_RUNS'] ?? 500);

/** What has no effect on a verdict, and much on a comment. */
const anyWords = fc.record(
  {
    title: fc.oneof(anyName, fc.constantFrom('Two\nlines', ' * a ', '/** {', '@deprecated', 'it: (a | b)')),
    description: fc.oneof(anyName, fc.string({ unit: 'binary' }), fc.constantFrom('a\n\n  b {\n*/ c', 'x (y)')),
    default: anyJson,
    deprecated: fc.boolean(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

/** A random schema with words in it; a reference is one to a definition, as normalize leaves it. */
const anyDescribed = fc.tuple(anySchema, fc.infiniteStream(anyWords)).map(([schema, words]) => {
  const describe = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const reference = value['$ref'] === undefined ? {} : { $ref: '#/$defs/Node' };
    return { ...words.next().value, ...mapSubschemas(value, describe), ...reference };
  };
  return describe(schema) as Schema;
});

function shapeOf(schema: Schema): Promise<Shape> {
  return createShaper(() => {}, textByLibrary).shape(schema, TYPES);
}

describe('a plain shape', () => {
  it(
    'is printed as json-schema-to-typescript prints it',
    async () => {
      let plain = 0;
      const property = fc.asyncProperty(anyDescribed, async (schema) => {
        const shape = await shapeOf(schema);
        if (!isPlainShape(shape)) return;
        plain++;
        expect(printDeclaration('Name', shape)).toBe(await declarationByLibrary('Name', shape));
        expect(printShape(shape, null)).toBe(await textByLibrary(shape));
      });
      await fc.assert(property, { seed: SEED, numRuns: RUNS });
      expect(plain).toBeGreaterThan(RUNS / 2);
    },
    120_000 + RUNS * 100,
  );

  it('holds no intersection, and no index signature that others must fit', async () => {
    const text = { type: 'string' };
    const number = { type: 'number' };
    const widened = { type: 'object', properties: { a: text }, additionalProperties: number };
    const both = { allOf: [{ required: ['a'] }, widened] };
    for (const schema of [widened, both, { type: 'array', items: both }, { anyOf: [both, text] }]) {
      expect(isPlainShape(await shapeOf(schema))).toBe(false);
    }
  });
});
