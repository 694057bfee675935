import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../generator/index.js';
import { installRuntime, type Job, runChecks, runScript, transpile } from '../support/child.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, readTree } from '../support/scratch.js';

/** Names that ajv's output uses for something else. */
const AWKWARD = (
  'key0 errors vErrors len0 data data0 missing0 valid0 instancePath function require import wrapper0 parentData rootData ' +
  'validate0 dynamicAnchors formats defineCheck deepEqual const passing0 evaluated props0 func0 schema0 any constructor ' +
  'hasOwnProperty toString name0_ length undefined'
).split(' ');

const closed = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };

/** `[schema, value, violations as path, keyword and message]`; no violations where the value is right. */
type Case = readonly [schema: unknown, value: unknown, ...violations: (readonly [string, string, string])[]];

const CASES: Readonly<Record<string, Case>> = {
  'a right value': [closed, { a: 'x' }],
  'a wrong type, at its path': [closed, { a: 1 }, ['/a', 'type', 'must be string']],
  'a missing property, at its owner': [closed, {}, ['', 'required', "must have required property 'a'"]],
  'a property too many': [
    closed,
    { a: '', b: 1 },
    ['', 'additionalProperties', "must NOT have additional property 'b'"],
  ],
  'two violations in one run': [
    closed,
    { b: 1 },
    ['', 'required', "must have required property 'a'"],
    ['', 'additionalProperties', "must NOT have additional property 'b'"],
  ],
  'a value of another type altogether': [closed, [1], ['', 'type', 'must be object']],
  'an inherited property, which is none': [
    { type: 'object', required: ['toString'] },
    {},
    ['', 'required', "must have required property 'toString'"],
  ],
  'a path with / and ~': [
    { properties: { 'a/b': { properties: { 'c~d': { type: 'null' } } } } },
    { 'a/b': { 'c~d': 1 } },
    ['/a~1b/c~0d', 'type', 'must be null'],
  ],
  'an item, by its index': [{ items: { type: 'integer' } }, [1, 2, 3.5], ['/2', 'type', 'must be integer']],
  'a number as an integer when it is whole': [{ type: 'integer' }, 1.0],
  'a length in code points': [
    { type: 'string', minLength: 2 },
    '😀',
    ['', 'minLength', 'must NOT have fewer than 2 characters'],
  ],
  'a format': [{ type: 'string', format: 'uuid' }, 'x', ['', 'format', 'must match format "uuid"']],
  'an unknown format, which is an annotation': [{ type: 'string', format: 'colour' }, 'x'],
  'a pattern under the u flag': [{ pattern: '^\\p{Lu}$' }, 'a', ['', 'pattern', 'must match pattern "^\\p{Lu}$"']],
  'a constant with keys in another order': [{ const: { a: 1, b: [2] } }, { b: [2], a: 1 }],
  'an enum': [{ enum: ['a', { b: 1 }] }, 'c', ['', 'enum', 'must be "a" or {"b":1}']],
  'items that are not unique': [
    { uniqueItems: true },
    [{ a: 1 }, { a: 1 }],
    ['', 'uniqueItems', 'must NOT have duplicate items (items ## 0 and 1 are identical)'],
  ],
  'a draft-07 tuple': [
    { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }], additionalItems: false },
    ['a', 1],
    ['', 'items', 'must NOT have more than 1 items'],
  ],
  'a dependency': [
    { dependentRequired: { card: ['address'] } },
    { card: 1 },
    ['', 'dependentRequired', 'must have property address when property card is present'],
  ],
  'an unevaluated property': [
    { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
    { a: 1, b: 1 },
    ['', 'unevaluatedProperties', "must NOT have unevaluated property 'b'"],
  ],
  'what nothing has evaluated, at its path': [
    { unevaluatedProperties: { type: 'null' } },
    { 'a/b': 1 },
    ['/a~1b', 'type', 'must be null'],
  ],
  'an unevaluated item, by its index': [
    { prefixItems: [true], unevaluatedItems: { type: 'null' } },
    [1, null, 2],
    ['/2', 'type', 'must be null'],
  ],
  'unevaluated properties of a branch that leads back to itself': [
    { anyOf: [{ properties: { a: { $ref: '#', unevaluatedProperties: false } } }] },
    { a: { b: 1 } },
    ['/a', 'unevaluatedProperties', "must NOT have unevaluated property 'b'"],
    ['', 'anyOf', 'must match a schema in anyOf'],
  ],
  'names by a reference': [
    { propertyNames: { $ref: '#/$defs/short' }, $defs: { short: { maxLength: 1 } } },
    { ab: 1 },
    ['', 'maxLength', 'must NOT have more than 1 characters'],
    ['', 'propertyNames', 'property name must be valid'],
  ],
  'an empty list behind one that contains what it must': [
    { items: { contains: { type: 'null' } } },
    [[null], []],
    ['/1', 'contains', 'must contain at least 1 valid item(s)'],
  ],
  'a multiple in decimal digits': [{ multipleOf: 0.01 }, 0.07],
  'a multiple that is large': [{ multipleOf: 1 }, 1e21],
  'a multiple as wrong, in decimal digits': [
    { multipleOf: 0.03 },
    0.07,
    ['', 'multipleOf', 'must be multiple of 0.03'],
  ],
  'recursion, at any depth': [
    { type: 'object', properties: { next: { $ref: '#' }, id: { type: 'string' } } },
    { next: { next: { id: 7 } } },
    ['/next/next/id', 'type', 'must be string'],
  ],
  'nothing at all where the schema is true': [true, 7],
  'every value where the schema is false': [false, 7, ['', 'not', 'must NOT be valid']],
  'an empty enum': [{ enum: [] }, 1, ['', 'not', 'must NOT be valid']],
  'an empty enum beside another not': [{ enum: [], not: false }, 1, ['', 'not', 'must NOT be valid']],
  'a repeated item called __proto__': [
    { items: { type: 'string' }, uniqueItems: true },
    ['__proto__', '__proto__'],
    ['', 'uniqueItems', 'must NOT have duplicate items (items ## 1 and 0 are identical)'],
  ],
  'a constant with a key called __proto__': [JSON.parse('{"const":{"__proto__":1}}'), JSON.parse('{"__proto__":1}')],
  'hostile text in names and constants': [
    { properties: { '"*/ ${x}\n\u2028': { const: '`"\'\\' } } },
    { '"*/ ${x}\n\u2028': 1 },
    ['/"*~1 ${x}\n\u2028', 'const', `must be ${JSON.stringify('`"\'\\')}`],
  ],
  ...Object.fromEntries(
    AWKWARD.map((name): [string, Case] => [
      `a property called ${name}`,
      [
        {
          type: 'object',
          properties: { [name]: { type: 'string' } },
          required: [name],
          additionalProperties: { type: 'null' },
        },
        { [name]: 7 },
        [`/${name}`, 'type', 'must be string'],
      ],
    ]),
  ),
};

const names = Object.keys(CASES);
let folder: string;
let results: unknown[][];

beforeAll(async () => {
  const capabilities = names.map((name, index) => capability(`c${index}`, CASES[name]?.[0]));
  const many = capability('many', { type: 'array', items: { type: 'string' } });
  folder = createScratch({ 'capabilities.yaml': contractText({ capabilities: [...capabilities, many] }) });
  await generate({ directory: folder, skills: false });
  installRuntime(folder);
  const modules = Object.keys(readTree(path.join(folder, 'generated/a/capabilities')));
  for (const module of modules) transpile(path.join(folder, 'generated/a/capabilities', module));
  const jobs = names.map((name, index): Job => {
    const module = path.join(folder, `generated/a/capabilities/c${index}.gen.mjs`);
    return { module, name: `c${index}Input`, values: [CASES[name]?.[1]] };
  });
  results = runChecks(folder, jobs);
});

describe('a generated validator, as an ESM file that can import the runtime alone and make no code,', () => {
  it.each(names)('reports %s', (name) => {
    const violations = CASES[name]?.slice(2) as (readonly [string, string, string])[];
    const listed = violations.map(([at, keyword, message]) => ({ path: at, keyword, message }));
    expect(results[names.indexOf(name)]).toEqual([
      listed.length === 0 ? null : { violations: listed, total: listed.length },
    ]);
  });

  it('lists the first hundred violations and counts all', () => {
    const module = path.join(folder, 'generated/a/capabilities/many.gen.mjs');
    const [[report]] = runChecks(folder, [
      { module, name: 'manyInput', values: [Array.from({ length: 250 }, () => 7)] },
    ]) as [[{ violations: unknown[]; total: number }]];
    expect([report.violations.length, report.total]).toEqual([100, 250]);
    expect(report.violations[99]).toEqual({ path: '/99', keyword: 'type', message: 'must be string' });
  });

  it('answers a value nested beyond the stack instead of throwing', () => {
    const index = names.indexOf('recursion, at any depth');
    const script = `
      import { c${index}Input as validator } from './generated/a/capabilities/c${index}.gen.mjs';
      let value = {};
      for (let depth = 0; depth < 1e6; depth++) value = { next: value };
      console.log(JSON.stringify(validator.findViolations(value)));`;
    expect(runScript(folder, script)).toMatchObject({ violations: [{ path: '' }], total: 1 });
  });

  it('counts what is an own property alone, whatever the prototype', () => {
    const index = names.indexOf('a right value');
    const script = `
      import { c${index}Input as validator } from './generated/a/capabilities/c${index}.gen.mjs';
      class WithGetter { get a() { return 'x'; } }
      const values = {
        plain: { a: 'x' },
        bare: Object.assign(Object.create(null), { a: 'x' }),
        inherited: Object.create({ a: 'x' }),
        getter: new WithGetter(),
        besideInherited: Object.assign(Object.create({ b: 1 }), { a: 'x' }),
        bareWithMore: Object.assign(Object.create(null), { a: 'x', b: 1 }),
        ownProto: JSON.parse('{"a":"x","__proto__":1}'),
        hidden: Object.defineProperty({ a: 'x' }, 'b', { value: 1 }),
      };
      const found = (value) => validator.findViolations(value)?.violations.map(({ keyword }) => keyword) ?? [];
      const results = Object.entries(values).map(([name, value]) => [name, found(value)]);
      Object.prototype.a = 'polluted';
      Object.prototype.b = 'polluted';
      results.push(['polluted', found({})], ['besidePolluted', found({ a: 'x' })]);
      delete Object.prototype.a;
      delete Object.prototype.b;
      results.push(['afterwards', found({ a: 'x' })], ['missing', found({})]);
      console.log(JSON.stringify(Object.fromEntries(results)));`;
    expect(runScript(folder, script)).toEqual({
      plain: [],
      bare: [],
      inherited: ['required'],
      getter: ['required'],
      besideInherited: [],
      bareWithMore: ['additionalProperties'],
      ownProto: ['additionalProperties'],
      hidden: [],
      polluted: ['required'],
      besidePolluted: [],
      afterwards: [],
      missing: ['required'],
    });
  });

  it('is a Standard Schema: validate answers the value or issues with paths', () => {
    const index = names.indexOf('a path with / and ~');
    const script = `
      import { c${index}Input as validator } from './generated/a/capabilities/c${index}.gen.mjs';
      const { version, vendor, validate } = validator['~standard'];
      console.log(JSON.stringify([version, vendor, validate({}), validate({ 'a/b': { 'c~d': 1 } })]));`;
    expect(runScript(folder, script)).toEqual([
      1,
      'declaragent',
      { value: {} },
      { issues: [{ message: 'must be null', path: ['a/b', 'c~d'] }] },
    ]);
  });

  it('is a Standard JSON Schema: it gives its 2020-12 schema, and refuses another target', () => {
    const index = names.indexOf('a draft-07 tuple');
    const script = `
      import { c${index}Input as validator } from './generated/a/capabilities/c${index}.gen.mjs';
      const { jsonSchema } = validator['~standard'];
      let refusal;
      try { jsonSchema.output({ target: 'draft-07' }); } catch (error) { refusal = error.message; }
      console.log(JSON.stringify([jsonSchema.input({ target: 'draft-2020-12' }), refusal]));`;
    expect(runScript(folder, script)).toEqual([
      { prefixItems: [{ type: 'string' }], items: false },
      'This schema is available as draft-2020-12 only, not as draft-07.',
    ]);
  });

  it('imports nothing but the runtime', () => {
    const modules = Object.values(readTree(path.join(folder, 'generated/a/capabilities'))).join('\n');
    expect(new Set(modules.match(/(?<= from ['"]).*(?=['"];)/g))).toEqual(
      new Set(['@declaragent/runtime', '@declaragent/runtime/formats', '@declaragent/runtime/validation']),
    );
  });
});
