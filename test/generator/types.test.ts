import { beforeAll, describe, expect, it } from 'vitest';
import { checkTypes, declarationIn, type TypeCase, type TypeReport } from '../support/typed.js';

const text = { type: 'string' };
const number = { type: 'number' };

/** Each accepts what its schema accepts; what follows `@ts-expect-error` is what the type is there to catch. */
const CASES: Readonly<Record<string, TypeCase>> = {
  'an open object takes other properties': {
    schema: { type: 'object', properties: { a: text }, required: ['a'] },
    code: "export const right: T = { a: '', b: 1 };\n// @ts-expect-error\nexport const wrong: T = { b: 1 };",
  },
  'a closed object takes no other property': {
    schema: { type: 'object', properties: { a: text }, additionalProperties: false },
    code: "export const right: T = { a: '' };\n// @ts-expect-error\nexport const wrong: T = { a: '', b: 1 };",
  },
  'a closed object without properties takes no string and no property': {
    schema: { type: 'object', additionalProperties: false },
    code: "export const right: T = {};\n// @ts-expect-error\nexport const a: T = '';\n// @ts-expect-error\nexport const b: T = { a: 1 };",
  },
  'an optional property may be absent and not null or undefined': {
    schema: { type: 'object', properties: { a: text }, additionalProperties: false },
    code: 'export const right: T = {};\n// @ts-expect-error\nexport const a: T = { a: null };\n// @ts-expect-error\nexport const b: T = { a: undefined };',
  },
  'a nullable property may be null and not absent when it is required': {
    schema: { type: 'object', properties: { a: { type: ['string', 'null'] } }, required: ['a'] },
    code: 'export const right: T = { a: null };\n// @ts-expect-error\nexport const wrong: T = {};',
  },
  'a required property that no keyword describes is there and unknown': {
    schema: { type: 'object', required: ['a'] },
    code: "export const right: T = { a: [1] };\n// @ts-expect-error\nexport const wrong: T = { b: '' };",
  },
  'an index signature stands beside properties of other types': {
    schema: { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: number },
    code: "export const right: T = { a: '', b: 1 };\n// @ts-expect-error\nexport const wrong: T = { a: '', b: true };",
  },
  'a pattern property stands beside properties': {
    schema: {
      type: 'object',
      properties: { a: text },
      patternProperties: { '^x-': number },
      additionalProperties: false,
    },
    code: "export const right: T = { a: '', 'x-b': 1 };\n// @ts-expect-error\nexport const wrong: T = { a: '', b: true };",
  },
  'a record has values of one type': {
    schema: { type: 'object', additionalProperties: number },
    code: "export const right: T = { a: 1 };\nexport const value: number | undefined = right['a'];\n// @ts-expect-error\nexport const wrong: T = { a: '' };",
  },
  'a tuple has its items by place': {
    schema: { type: 'array', prefixItems: [text, number], items: false, minItems: 2 },
    code: "export const right: T = ['', 1];\n// @ts-expect-error\nexport const a: T = [1, ''];\n// @ts-expect-error\nexport const b: T = ['', 1, 1];\n// @ts-expect-error\nexport const c: T = [''];",
  },
  'a tuple without a least length may be short, as its validator has it': {
    schema: { type: 'array', prefixItems: [text, number], items: { type: 'boolean' } },
    code: "export const a: T = [];\nexport const b: T = ['', 1, true, false];\n// @ts-expect-error\nexport const c: T = ['', 1, 'x'];",
  },
  'a bounded array is an array of any length': {
    schema: { type: 'array', items: text, minItems: 1, maxItems: 3 },
    code: 'const list: string[] = [];\nexport const right: T = list;\n// @ts-expect-error\nexport const wrong: T = [1];',
  },
  'a union with a constant in each branch narrows': {
    schema: {
      oneOf: [
        { type: 'object', properties: { kind: { const: 'a' }, x: text }, required: ['kind', 'x'] },
        {
          type: 'object',
          properties: { kind: { const: 'b' }, y: number },
          required: ['kind', 'y'],
          additionalProperties: false,
        },
      ],
    },
    code: "export const use = (value: T): string | number => (value.kind === 'a' ? value.x : value.y);\n// @ts-expect-error\nexport const wrong: T = { kind: 'b', x: '' };",
  },
  'a branch of a union takes its type from around it': {
    schema: { type: 'object', properties: { a: text, b: text }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    code: "export const right: T = { b: '' };\n// @ts-expect-error\nexport const wrong: T = {};",
  },
  'an enum is a union of its values, objects and null among them': {
    schema: { enum: ['a', 1, null, true, [1, 'b'], { c: 'd' }] },
    code: "export const all: T[] = ['a', 1, null, true, [1, 'b'], { c: 'd' }];\n// @ts-expect-error\nexport const a: T = 'b';\n// @ts-expect-error\nexport const b: T = [1];",
  },
  'an enum beside a type keeps the values of that type': {
    schema: { type: 'string', enum: ['a', 1] },
    code: "export const right: T = 'a';\n// @ts-expect-error\nexport const wrong: T = 1;",
  },
  'a constant is its literal': {
    schema: { const: -1.5 },
    code: 'export const right: T = -1.5;\n// @ts-expect-error\nexport const wrong: T = 1;',
  },
  'allOf is an intersection': {
    schema: {
      allOf: [
        { type: 'object', properties: { a: text }, required: ['a'] },
        { type: 'object', properties: { b: number }, required: ['b'] },
      ],
    },
    code: "export const right: T = { a: '', b: 1 };\n// @ts-expect-error\nexport const wrong: T = { a: '' };",
  },
  'keywords beside a reference count': {
    schema: { $ref: '#/definitions/Named', properties: { b: number }, required: ['b'] },
    code: "export const right: T = { name: '', b: 1 };\n// @ts-expect-error\nexport const a: T = { name: '' };\n// @ts-expect-error\nexport const b: T = { b: 1 };",
  },
  'a schema without a type says nothing of other types': {
    schema: { properties: { a: text } },
    code: "export const all: T[] = [1, '', null, [1], true, { a: '' }];\n// @ts-expect-error\nexport const wrong: T = { a: 1 };",
  },
  'not, if and format leave the type wider than the validator': {
    schema: { type: 'string', not: { const: 'a' }, if: { minLength: 3 }, else: { pattern: 'x' }, format: 'uuid' },
    code: "export const right: T = 'a';\n// @ts-expect-error\nexport const wrong: T = 1;",
  },
  'true is unknown': {
    schema: true,
    code: 'declare const value: T;\n// @ts-expect-error\nexport const wrong: string = value;',
  },
  'false is never': { schema: false, code: '// @ts-expect-error\nexport const wrong: T = 1;' },
  'a recursive schema is a recursive type': {
    schema: { type: 'object', properties: { next: { $ref: '#' }, id: text }, required: ['id'] },
    code: "export const right: T = { id: '', next: { id: '', next: { id: '' } } };\n// @ts-expect-error\nexport const wrong: T = { id: '', next: { id: 1 } };",
  },
  'odd property names are quoted': {
    schema: {
      type: 'object',
      properties: { 'a b': text, '1': text, ü: text, "it's": text, '"': text, '': text, '*/': text },
      additionalProperties: false,
    },
    code: "export const right: T = { 'a b': '', 1: '', ü: '', \"it's\": '', '\"': '', '': '', '*/': '' };\n// @ts-expect-error\nexport const wrong: T = { '*/': 1 };",
  },
  'names of members of Object.prototype are plain names': {
    schema: JSON.parse(
      '{"type":"object","properties":{"hasOwnProperty":{"type":"string"},"__proto__":{"type":"string"},"constructor":{"type":"string"},"toString":{"type":"string"}},"required":["hasOwnProperty","__proto__"],"additionalProperties":false}',
    ),
    code: 'declare const value: T;\nexport const all: string[] = [value.hasOwnProperty, value.__proto__];\n// @ts-expect-error\nexport const wrong: number = value.__proto__;',
  },
  'text that looks like TypeScript stays text': {
    schema: {
      type: 'object',
      properties: {
        '; export const evil = 1; //': { const: 'a: (' },
        a: { enum: ['a: (', 'b', '; }', '{', '}'], description: 'masked0_: x' },
        b: {
          type: 'array',
          prefixItems: [{ const: 'x; }' }, { const: 'masked0_' }, { properties: { masked1_: { const: '}\n{' } } }],
        },
        c: { const: 'a declaragentKey0_: b' },
      },
      additionalProperties: false,
    },
    code: "export const right: T = { '; export const evil = 1; //': 'a: (', a: '; }', b: ['x; }', 'masked0_', { masked1_: '}\\n{' }], c: 'a declaragentKey0_: b' };\n// @ts-expect-error\nexport const wrong: T = { a: '; }}' };",
  },
  'a schema that contradicts itself compiles': {
    schema: {
      allOf: [
        { type: 'string', if: { type: 'array', enum: ['a', 1] } },
        { oneOf: [{ enum: [false, 'b'] }, true], unevaluatedItems: false },
        { propertyNames: { not: { type: 'array', required: ['length'] } } },
        { type: 'array', items: { type: 'boolean' }, uniqueItems: true },
      ],
    },
    code: '// @ts-expect-error\nexport const wrong: T = 1;',
  },
  'a name with an underscore or an umlaut is the name': {
    schema: { $ref: '#/$defs/a', $defs: { a: { 'x-ts-name': 'With_under', $ref: '#/$defs/ü' }, ü: number } },
    code: "export const right: T = 1;\n// @ts-expect-error\nexport const wrong: T = '';",
  },
  'names of declarations that generated code could hide are left free': {
    schema: { $ref: '#/definitions/Promise' },
    code: "export const right: T = '';\nexport const later: Promise<T> = Promise.resolve('');",
  },
};

const COMMENTED = {
  type: 'object',
  title: 'Ends */ nothing',
  description: 'First line.\r\nSecond */ line /* with @tags and `code`.',
  properties: {
    a: {
      type: 'integer',
      minimum: 1,
      maximum: 9,
      default: 3,
      description: 'A count.',
      examples: [4],
      deprecated: true,
    },
    b: { type: 'string', format: 'uri', pattern: '^.*/$', minLength: 1 },
  },
};

const names = Object.keys(CASES);
let report: TypeReport;
beforeAll(async () => {
  const named = { type: 'object', properties: { name: text }, required: ['name'] };
  report = await checkTypes(
    { ...CASES, commented: { schema: COMMENTED, code: 'export const right: T = { a: 1 };' } },
    { Named: named, Promise: text },
  );
});

describe('a generated type', () => {
  it.each(names)('%s', (name) => {
    expect(report.errors[name]).toBe('');
  });

  it('says in JSDoc what TypeScript cannot say, and no text ends the comment', () => {
    expect(report.errors['commented']).toBe('');
    expect(declarationIn(report.sources['commented'])).toMatchInlineSnapshot(`
      "/**
       * Ends *\\/ nothing
       * First line.
       * Second *\\/ line /* with @tags and \`code\`.
       */
      export interface C30Input {
        /**
         * A count.
         * An integer.
         * @minimum 1
         * @maximum 9
         * @default 3
         * @example 4
         * @deprecated
         */
        a?: number;
        /**
         * @format uri
         * @pattern ^.*\\/$
         * @minLength 1
         */
        b?: string;
        [k: string]: unknown;
      }"
    `);
  });
});
