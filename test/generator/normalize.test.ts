import { describe, expect, it } from 'vitest';
import {
  type ContractData,
  capability,
  contractText,
  generated,
  generatedFrom,
  problemsOf,
} from '../support/contract.js';
import { declarationIn } from '../support/typed.js';

const INPUT = 'generated/a/capabilities/b.gen.ts';
const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';
const text = { type: 'string' };
const number = { type: 'number' };

/** What is generated for a capability `b` with that input. */
async function inputOf(
  inputSchema: unknown,
  definitions = {},
  beside: Readonly<Record<string, string>> = {},
): Promise<string> {
  return (await generated({ definitions, capabilities: [capability('b', inputSchema)] }, beside))[INPUT] ?? '';
}

async function typeOf(
  inputSchema: unknown,
  definitions = {},
  beside: Readonly<Record<string, string>> = {},
): Promise<string> {
  return declarationIn(await inputOf(inputSchema, definitions, beside));
}

/** The schema that the validator of the input holds, which is what normalization has made of it. */
async function schemaOf(inputSchema: unknown): Promise<string> {
  const source = await inputOf(inputSchema);
  return (/bInput: Validator<BInput> = defineValidator\(\n([\s\S]*?),\n {2}validate\d+,\n\);/.exec(source)?.[1] ?? '')
    .replace(/\s+/g, ' ')
    .trim();
}

function codesOf(contract: ContractData, beside?: Readonly<Record<string, string>>): Promise<string[]> {
  return problemsOf(contract, beside).then((problems) => problems.map(({ code }) => code));
}

describe('a reference', () => {
  it('to a shared definition imports its type', async () => {
    const source = await inputOf(
      { type: 'object', properties: { x: { $ref: '#/definitions/Thing' } } },
      { Thing: text },
    );
    expect(source).toContain("import type { Thing } from '../definitions/Thing.gen.js';");
    expect(declarationIn(source)).toContain('x?: Thing;');
  });

  it.each([
    ['$defs', { $defs: { X: text } }, '#/$defs/X'],
    ['definitions of its own schema', { definitions: { X: text } }, '#/definitions/X'],
    ['an $anchor', { $defs: { Y: { $anchor: 'X', ...text } } }, '#X'],
    ['an $id', { $defs: { Y: { $id: 'X', ...text } } }, 'X'],
    [
      'an absolute $id',
      { $id: 'https://example.com/root', $defs: { Y: { $id: 'X', ...text } } },
      'https://example.com/X',
    ],
    ['an anchor in an $id', { $defs: { Y: { $id: 'Z', $defs: { W: { $anchor: 'X', ...text } } } } }, 'Z#X'],
    ['a pointer from an $id', { $defs: { Y: { $id: 'Z', $defs: { X: text } } } }, 'Z#/$defs/X'],
    ['a pointer with escapes', { $defs: { 'a/b~c d': text } }, '#/$defs/a~1b~0c%20d'],
  ])('to %s leads to the schema there', async (_, more, reference) => {
    const source = await inputOf({ type: 'object', properties: { x: { $ref: reference } }, required: ['x'], ...more });
    expect(source).toMatch(/^ {2}x: BInput\w+;$/m);
    expect(source).toMatch(/^export type BInput\w+ = string;$/m);
  });

  it('that is no text is refused, whatever its members are', async () => {
    const contract = { capabilities: [capability('b', { $ref: { toString: 1 } })] };
    expect(await codesOf(contract)).toContain('invalid-schema');
  });

  it('"#/definitions/X" means the definitions of its own schema before the shared ones', async () => {
    const schema = { properties: { x: { $ref: '#/definitions/X' } }, definitions: { X: number } };
    const source = await inputOf(schema, { X: text });
    expect(source).toContain('export type BInputX = number;');
  });

  it('"#/definitions/X" means a shared definition where its own schema has others', async () => {
    const schema = { type: 'object', properties: { x: { $ref: '#/definitions/X' } }, definitions: { Y: number } };
    expect(await typeOf(schema, { X: text })).toContain('x?: X;');
  });

  it('to its own schema makes it recursive', async () => {
    expect(await typeOf({ type: 'object', properties: { next: { $ref: '#' } } })).toContain('next?: BInput;');
  });

  it('between shared definitions that refer to each other ends', async () => {
    const via = (name: string): object => ({ type: 'object', properties: { x: { $ref: `#/definitions/${name}` } } });
    const tree = await generated({ definitions: { Left: via('Right'), Right: via('Left') } });
    expect(tree['generated/a/definitions/Left.gen.ts']).toContain("import type { Right } from './Right.gen.js';");
    expect(tree['generated/a/definitions/Right.gen.ts']).toContain("import type { Left } from './Left.gen.js';");
  });

  it('used twice with different descriptions beside it makes one type', async () => {
    const use = (description: string): object => ({ $ref: '#/definitions/X', description });
    const source = await inputOf({ type: 'object', properties: { a: use('One.'), b: use('Two.') } }, { X: text });
    expect(declarationIn(source).match(/X;/g)).toHaveLength(2);
    expect(source.match(/^export (?:type|interface) \w+/gm)).toEqual([
      'export interface BInput',
      'export type BOutput',
    ]);
  });
});

describe('a reference to a file beside the contract', () => {
  it('leads to the whole schema in it, as JSON or YAML', async () => {
    const schema = { type: 'object', properties: { x: { $ref: 'finding.json' }, y: { $ref: './line.yaml' } } };
    const type = await typeOf(schema, {}, { 'finding.json': JSON.stringify(text), 'line.yaml': 'type: integer\n' });
    expect(type).toContain('x?: Finding;\n  y?: Line;');
  });

  it('in a folder below, from where references are relative to that file', async () => {
    const tree = await generated(
      { capabilities: [capability('b', { $ref: 'schemas/deep/a.json' })] },
      {
        'schemas/deep/a.json': JSON.stringify({
          type: 'object',
          properties: { x: { $ref: '../b.json#/$defs/Inner' } },
        }),
        'schemas/b.json': JSON.stringify({
          $defs: { Inner: { type: 'object', properties: { up: { $ref: 'deep/a.json' } } } },
        }),
      },
    );
    expect(tree['generated/a/definitions/A.gen.ts']).toContain('x?: Inner;');
    expect(tree['generated/a/definitions/Inner.gen.ts']).toContain('up?: A;');
  });

  it('may be to draft-07, which only that file then is', async () => {
    const file = { $schema: DRAFT_07, definitions: { Pair: { items: [text, number], additionalItems: false } } };
    const source = await generated(
      {
        capabilities: [capability('b', { type: 'object', properties: { p: { $ref: 'old.json#/definitions/Pair' } } })],
      },
      { 'old.json': JSON.stringify(file) },
    );
    expect(source['generated/a/definitions/Pair.gen.ts']).toMatch(/\[string\?, number\?\]/);
  });

  it('is the whole of an inputSchema, which then has the name of the input', async () => {
    expect(await typeOf({ $ref: 'in.json' }, {}, { 'in.json': JSON.stringify(text) })).toBe('export type BInput = In;');
  });

  it.each([
    ['../outside.json', 'remote-ref'],
    ['a/../../outside.json', 'remote-ref'],
    ['/etc/passwd', 'remote-ref'],
    ['file:///etc/passwd', 'remote-ref'],
    ['http://localhost:1/x.json', 'remote-ref'],
    ['nothing.json', 'unresolved-ref'],
    ['there.json#/$defs/nothing', 'unresolved-ref'],
  ])('is refused without being opened: %s', async (reference, code) => {
    expect(await codesOf({ capabilities: [capability('b', { $ref: reference })] }, { 'there.json': '{}' })).toEqual([
      code,
    ]);
  });

  it('that holds a mistake is reported in that file', async () => {
    const [problem] = await problemsOf(
      { capabilities: [capability('b', { $ref: 'x.json' })] },
      { 'x.json': '{\n  "type": "strng"\n}' },
    );
    expect([problem?.code, problem?.place.file, problem?.place.line]).toEqual(['unknown-type', 'x.json', 2]);
  });
});

describe('draft-07', () => {
  it.each([
    [
      'items as a list',
      { items: [text], additionalItems: number },
      "{ prefixItems: [{ type: 'string' }], items: { type: 'number' } }",
    ],
    ['items as a schema', { items: text, additionalItems: false }, "{ items: { type: 'string' } }"],
    [
      'dependencies',
      { dependencies: { a: ['b'], c: { required: ['d'] } } },
      "{ dependentRequired: { a: ['b'] }, dependentSchemas: { c: { required: ['d'] } } }",
    ],
    [
      'keywords that only 2020-12 knows',
      { prefixItems: [text], dependentRequired: { a: ['b'] }, unevaluatedProperties: false },
      '{}',
    ],
    [
      'what stands beside a reference',
      { properties: { x: { $ref: '#/definitions/X', minLength: 3 } }, definitions: { X: true } },
      "{ properties: { x: { $ref: '#/$defs/BInputX' } }, $defs: { BInputX: true } }",
    ],
  ])('means in 2020-12: %s', async (_, schema, expected) => {
    expect(await schemaOf({ $schema: DRAFT_07, ...schema })).toBe(expected);
  });

  it('has an $id of a fragment alone as an anchor', async () => {
    const schema = {
      $schema: DRAFT_07,
      type: 'object',
      properties: { x: { $ref: '#X' } },
      definitions: { Y: { $id: '#X', ...text } },
    };
    expect(await typeOf(schema)).toContain('x?: BInputY;');
  });
});

describe('a normalized schema', () => {
  it('keeps no $id, $schema, $anchor or $comment', async () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: 'x',
      $anchor: 'y',
      $comment: 'z',
      type: 'string',
    };
    expect(await schemaOf(schema)).toBe("{ type: 'string' }");
  });

  it('keeps x- extensions, and drops other keywords that JSON Schema does not know', async () => {
    expect(await schemaOf({ type: 'string', 'x-redact': true, markdownDescription: 'x' })).toBe(
      "{ type: 'string', 'x-redact': true }",
    );
  });

  it.each([
    'https://json-schema.org/draft/2020-12/schema',
    'https://json-schema.org/draft/2020-12/schema#',
    'http://json-schema.org/draft/2020-12/schema#',
  ])('is of the dialect that %s names', async ($schema) => {
    expect(await schemaOf({ $schema, prefixItems: [text] })).toBe("{ prefixItems: [{ type: 'string' }] }");
  });
});

describe('x-ts-name', () => {
  it('names a shared definition, its file and every use of it', async () => {
    const tree = await generated({
      definitions: { 'odd name': { 'x-ts-name': 'Finding', ...text } },
      capabilities: [capability('b', { type: 'object', properties: { x: { $ref: '#/definitions/odd name' } } })],
    });
    expect(tree['generated/a/definitions/Finding.gen.ts']).toContain('export type Finding = string;');
    expect(tree[INPUT]).toContain('x?: Finding;');
  });

  it('names an input', async () => {
    const source = await inputOf({ 'x-ts-name': 'ReviewRequest', type: 'object' });
    expect(source).toContain('export interface ReviewRequest {');
    expect(source).toContain('export const reviewRequest: Validator<ReviewRequest> =');
  });

  it('makes a type of a schema that stands inside another', async () => {
    const source = await inputOf({ type: 'object', properties: { x: { 'x-ts-name': 'Inner', type: 'object' } } });
    expect(source).toContain('x?: Inner;');
    expect(source).toMatch(/^export interface Inner \{/m);
  });

  it.each(['lower', '1A', 'A-B', 'A B', '', 7, 'A*/'])('is refused where it is no name: %j', async (name) => {
    expect(await codesOf({ definitions: { X: { 'x-ts-name': name } } })).toEqual(['bad-name']);
  });
});

describe('a circle', () => {
  it.each([
    ['of one', { X: { $ref: '#/definitions/X' } }],
    ['of two', { X: { $ref: '#/definitions/Y' }, Y: { allOf: [{ $ref: '#/definitions/X' }] } }],
    ['through a condition', { X: { if: { $ref: '#/definitions/X' } } }],
  ])('without a step into the data is refused: %s', async (_, definitions) => {
    expect(await codesOf({ definitions })).toEqual(['circular-ref']);
  });

  it.each([
    ['a property', { X: { properties: { x: { $ref: '#/definitions/X' } } } }],
    ['an item', { X: { items: { $ref: '#/definitions/X' } } }],
    ['additional properties', { X: { additionalProperties: { $ref: '#/definitions/X' } } }],
  ])('through %s is legal', async (_, definitions) => {
    expect(await codesOf({ definitions })).toEqual([]);
  });
});

describe('a contract in YAML', () => {
  it('may repeat a schema through an alias', async () => {
    const source = contractText({}).replace(
      '"capabilities":[]',
      '"capabilities":[{"name":"b","inputSchema":&x {"type":"string"},"outputSchema":*x}]',
    );
    const tree = await generatedFrom({ 'capabilities.yaml': source });
    expect(tree[INPUT]).toContain('export type BOutput = string;');
  });
});
