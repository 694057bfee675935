import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, REDACTED } from '../../../runtime/event-log/redaction.js';
import type { JsonSchema } from '../../../runtime/validation.js';
import { valueNear } from '../../support/random-instance.js';
import { anySchema } from '../../support/random-schema.js';

const SECRET = { type: 'string', 'x-redact': true };

/** What is left of a value. */
function redact(schema: JsonSchema, value: unknown): unknown {
  return createRedactor(schema)?.(value) ?? value;
}

describe('a part that a schema marks is hidden', () => {
  const deep = { $defs: { secret: SECRET, 'a/b~%': SECRET } };
  test.each<[keywords: string, schema: JsonSchema, value: unknown, shown: unknown]>([
    ['the value itself', SECRET, 's', REDACTED],
    ['properties', { properties: { a: SECRET } }, { a: 's', b: 1 }, { a: REDACTED, b: 1 }],
    ['patternProperties', { patternProperties: { '^k': SECRET } }, { k1: 's', b: 1 }, { k1: REDACTED, b: 1 }],
    [
      'additionalProperties',
      { properties: { b: true }, additionalProperties: SECRET },
      { a: 's', b: 1 },
      { a: REDACTED, b: 1 },
    ],
    [
      'unevaluatedProperties',
      { properties: { b: true }, unevaluatedProperties: SECRET },
      { a: 's', b: 1 },
      { a: REDACTED, b: 1 },
    ],
    ['propertyNames', { properties: { a: { propertyNames: SECRET } } }, { a: { s: 1 } }, { a: REDACTED }],
    ['items', { items: SECRET }, ['s', 's'], [REDACTED, REDACTED]],
    ['prefixItems', { prefixItems: [true, SECRET] }, [1, 's', 2], [1, REDACTED, 2]],
    ['items after prefixItems', { prefixItems: [true], items: SECRET }, [1, 's'], [1, REDACTED]],
    ['unevaluatedItems', { prefixItems: [true], unevaluatedItems: SECRET }, [1, 's'], [1, REDACTED]],
    ['contains', { contains: SECRET }, ['s'], [REDACTED]],
    ['a reference', { ...deep, properties: { a: { $ref: '#/$defs/secret' } } }, { a: 's' }, { a: REDACTED }],
    [
      'a reference with escapes',
      { ...deep, properties: { a: { $ref: '#/$defs/a~1b~0%25' } } },
      { a: 's' },
      { a: REDACTED },
    ],
    [
      'what stands beside a reference',
      { ...deep, properties: { a: { $ref: '#/$defs/x', 'x-redact': true } } },
      { a: 's' },
      { a: REDACTED },
    ],
    [
      'a reference to nothing',
      { ...deep, properties: { a: { $ref: '#/$defs/missing' } } },
      { a: 's' },
      { a: REDACTED },
    ],
    [
      'a reference to elsewhere',
      { ...deep, properties: { a: { $ref: 'https://a.b/c' } } },
      { a: 's' },
      { a: REDACTED },
    ],
    ['allOf', { allOf: [{ properties: { a: SECRET } }, true] }, { a: 's' }, { a: REDACTED }],
    [
      'a branch that is not the one',
      { anyOf: [{ properties: { a: { type: 'number', 'x-redact': true } } }, true] },
      { a: 's' },
      { a: REDACTED },
    ],
    ['oneOf', { oneOf: [{ properties: { a: SECRET } }] }, { a: 's' }, { a: REDACTED }],
    [
      'if, then and else',
      // biome-ignore lint/suspicious/noThenProperty: it is a keyword
      { if: true, then: { properties: { a: SECRET } }, else: { properties: { b: SECRET } } },
      { a: 's', b: 's' },
      { a: REDACTED, b: REDACTED },
    ],
    ['dependentSchemas', { dependentSchemas: { a: { properties: { a: SECRET } } } }, { a: 's' }, { a: REDACTED }],
    ['a mark that is no boolean', { properties: { a: { 'x-redact': 'yes' } } }, { a: 's' }, { a: REDACTED }],
    [
      'a member that is named as one of every object',
      { properties: { a: SECRET }, patternProperties: { o: SECRET } },
      JSON.parse('{"__proto__":"s"}'),
      JSON.parse(`{"__proto__":"${REDACTED}"}`),
    ],
    ['a pattern that cannot be read', { patternProperties: { '(': SECRET } }, { a: 's' }, { a: REDACTED }],
  ])('through %s', (_, schema, value, shown) => {
    expect(redact(schema, value)).toEqual(shown);
  });

  test('at every depth of a schema that leads back to itself', () => {
    const node = { properties: { key: SECRET, next: { anyOf: [{ $ref: '#' }, { $ref: '#' }] } } };
    let value: unknown = null;
    let shown: unknown = null;
    for (let depth = 0; depth < 60; depth++) {
      value = { key: 's', next: value };
      shown = { key: REDACTED, next: shown };
    }
    expect(redact(node, value)).toEqual(shown);
  });
});

test.each<[string, JsonSchema]>([
  ['x-redact: false', { properties: { a: { 'x-redact': false } } }],
  ['a schema without marks', { properties: { a: { type: 'string' } } }],
])('%s hides nothing and needs no redactor', (_, schema) => {
  expect(createRedactor(schema)).toBeUndefined();
});

test('what is not marked stays as it is, within not as well', () => {
  const schema = { properties: { a: SECRET, b: { not: SECRET } } };
  expect(redact(schema, { b: 's', c: [1, null, { d: true }] })).toEqual({ b: 's', c: [1, null, { d: true }] });
});

test('whatever the schema, a value that it names as marked is never shown', () => {
  fc.assert(
    fc.property(
      anySchema.chain((schema) => fc.tuple(fc.constant(schema), valueNear(schema, schema))),
      fc.constantFrom('allOf', 'anyOf', 'oneOf'),
      ([schema, value], around) => {
        const secret = 'hunter2-\u{1f510}';
        const marked = { [around]: [schema, { properties: { token: SECRET } }], $defs: schema['$defs'] ?? {} };
        const given = { ...(typeof value === 'object' ? value : { value }), token: secret };
        expect(JSON.stringify(redact(marked, given))).not.toContain('hunter2');
      },
    ),
  );
});
