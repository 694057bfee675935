import { describe, expect, it } from 'vitest';
import { ContractError } from '../../generator/index.js';
import { readLintContract } from '../../generator/lint/contract.js';
import { LINT_RULES, type Linted, lint } from '../../generator/lint/index.js';
import { loadAgentFolder } from '../../generator/load.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch } from '../support/scratch.js';

type Files = Readonly<Record<string, string>>;

function lintFiles(files: Files): Linted {
  return lint({ directory: createScratch(files) });
}

/** Where a rule finds something, as `file:line:column`. */
function placesOf(rule: string, files: Files): string[] {
  return lintFiles(files)
    .findings.filter(({ code }) => code === rule)
    .map(({ place: { file, line, column } }) => `${file}:${line}:${column}`);
}

/** A contract with a capability for each input schema, in YAML, each schema on a line of its own. */
function contractWith(inputs: readonly string[], definitions: readonly string[] = []): string {
  return [
    'version: 1',
    'agent: agent://a',
    'transports: [{ kind: memory }]',
    ...(definitions.length === 0 ? [] : ['definitions:', ...definitions.map((line) => `  ${line}`)]),
    'capabilities:',
    ...inputs.flatMap((input, index) => [`  - name: c${index}`, `    inputSchema: ${input}`, '    outputSchema: true']),
    '',
  ].join('\n');
}

describe('the walk of a contract', () => {
  it('looks at a shared definition once, however many refer to it', () => {
    const inputs = Array.from({ length: 5 }, () => '{ $ref: "#/definitions/Text" }');
    const files = { 'capabilities.yaml': contractWith(inputs, ['Text: { type: string }']) };
    expect(placesOf('unbounded-string', files)).toEqual(['capabilities.yaml:5:11']);
  });

  it('follows references into files beside the contract, and only to what is referred to', () => {
    const files = {
      'capabilities.yaml': contractWith(['{ $ref: "types.yaml#/Text" }']),
      'types.yaml': 'Text: { type: string }\nOther: { type: string }\n',
    };
    expect(placesOf('unbounded-string', files)).toEqual(['types.yaml:1:9']);
  });

  it('knows what a capability is given from what it answers', () => {
    const files = {
      'capabilities.yaml': contractText({
        capabilities: [{ name: 'b', inputSchema: true, outputSchema: { type: 'string' } }],
      }),
    };
    expect(placesOf('unbounded-string', files)).toEqual([]);
  });

  it('ends with definitions that lead to each other', () => {
    const definitions = [
      'A: { properties: { b: { $ref: "#/definitions/B" } } }',
      'B: { properties: { a: { $ref: "#/definitions/A" } } }',
    ];
    const files = { 'capabilities.yaml': contractWith(['{ $ref: "#/definitions/A" }'], definitions) };
    expect(placesOf('strict-recursion', files)).toEqual(['capabilities.yaml:6:33']);
  });

  it('follows a chain of references that is longer than the stack', () => {
    const length = 12_000;
    const definitions = Object.fromEntries(
      Array.from({ length }, (_, index) => [`D${index}`, { items: { $ref: `#/definitions/D${index + 1}` } }]),
    );
    const contract = contractText({
      definitions: { ...definitions, [`D${length}`]: { type: 'string' } },
      capabilities: [capability('b', { $ref: '#/definitions/D0' })],
    });
    const { capabilities } = loadAgentFolder(createScratch({ 'capabilities.yaml': contract }));
    if (capabilities === null) throw new Error('The contract was not read.');
    const walked = readLintContract(capabilities);
    const found = LINT_RULES.flatMap(({ id, check }) => [...(check?.(walked) ?? [])].map(() => id));
    expect(found.filter((id) => id === 'unbounded-string' || id === 'strict-recursion')).toEqual(['unbounded-string']);
  });

  it('reads a schema in the dialect that it names', () => {
    const old = '{ $schema: "http://json-schema.org/draft-07/schema#", dependencies: { a: [b] } }';
    const files = { 'capabilities.yaml': contractWith([old, '{ dependencies: { a: [b] } }']) };
    expect(placesOf('other-dialect', files)).toEqual(['capabilities.yaml:9:20']);
  });

  it('leaves the contracts of peers to their owners', () => {
    const peers = { version: 1, peers: [{ agent: 'agent://b', transports: [{ kind: 'memory' }], contract: 'b.yaml' }] };
    const linted = lintFiles({
      'rpc-peers.yaml': JSON.stringify(peers),
      'b.yaml': contractText({ agent: 'agent://b', capabilities: [capability('b', { type: 'string' })] }),
    });
    expect({ findings: linted.findings, capabilities: linted.capabilities }).toEqual({
      findings: [],
      capabilities: null,
    });
  });

  it('does not begin with a contract that codegen refuses', () => {
    const text = contractText({ capabilities: [capability('b', { type: 'strng' })] });
    expect(() => lintFiles({ 'capabilities.yaml': text })).toThrow(ContractError);
  });
});

describe('a rule', () => {
  it.each([
    ['a maxLength in an allOf', '{ allOf: [{ maxLength: 3 }], type: string }'],
    ['a maxLength around an anyOf', '{ maxLength: 3, anyOf: [{ type: string }, { type: "null" }] }'],
    ['a maxLength behind a reference', '{ type: string, $ref: "#/definitions/Short" }'],
    ['an enum', '{ type: string, enum: [a, b] }'],
    ['a format of a fixed length', '{ type: string, format: uuid }'],
    ['a pattern of the whole string without an end', '{ type: string, pattern: "^[a-z+*]{1,9}\\\\*?$" }'],
    ['a condition', '{ if: { type: string }, then: { maxLength: 9 } }'],
  ])('takes a string for bounded by %s', (_, schema) => {
    const files = { 'capabilities.yaml': contractWith([schema], ['Short: { maxLength: 3 }']) };
    expect(placesOf('unbounded-string', files)).toEqual([]);
  });

  it.each(['"^[a-z]+$"', '"[a-z]{3}"', '"^a|b$"', '"^a{2,}$"'])(
    'does not take a string for bounded by %s',
    (pattern) => {
      const files = { 'capabilities.yaml': contractWith([`{ type: string, pattern: ${pattern} }`]) };
      expect(placesOf('unbounded-string', files)).toHaveLength(1);
    },
  );

  it.each([
    ['beside it', '{ properties: { a: true }, required: [a] }'],
    [
      'around it',
      '{ properties: { a: true }, anyOf: [{ required: [a] }, { required: [b] }], patternProperties: { "^b": true } }',
    ],
    ['in another branch', '{ allOf: [{ properties: { a: true } }, { required: [a] }] }'],
    ['behind a reference', '{ $ref: "#/definitions/HasA", required: [a] }'],
    ['by a schema for the rest', '{ additionalProperties: { type: string }, required: [a] }'],
  ])('finds a required property that is declared %s', (_, schema) => {
    const files = { 'capabilities.yaml': contractWith([schema], ['HasA: { properties: { a: true } }']) };
    expect(placesOf('undeclared-required', files)).toEqual([]);
  });

  it.each<[string, unknown, boolean]>([
    ['{ type: integer }', 1.5, true],
    ['{ type: [integer, "null"] }', null, false],
    ['{ $ref: "#/definitions/Level" }', 'high', true],
    ['{ $ref: "#/definitions/Level" }', 'low', false],
    ['{ type: array, items: { type: string } }', ['a', 1], true],
    ['{ type: object, properties: { a: { maximum: 1 } } }', { a: 2 }, true],
    ['{ required: [a], properties: { a: true } }', {}, true],
    ['{ anyOf: [{ type: string }, { type: "null" }] }', 1, true],
    ['{ anyOf: [{ type: string }, true] }', 1, false],
    ['{ pattern: "^a" }', 'b', false],
    ['{ maxLength: 1 }', '\u{1f600}', false],
  ])('holds a default against %s', (schema, value, isWrong) => {
    const withDefault = schema.replace(/ \}$/, `, default: ${JSON.stringify(value)} }`);
    const files = { 'capabilities.yaml': contractWith([withDefault], ['Level: { enum: [low, middle] }']) };
    expect(placesOf('default-mismatch', files)).toHaveLength(isWrong ? 1 : 0);
  });

  it('names properties that are not in the style of most, and no single words', () => {
    const files = {
      'capabilities.yaml': contractWith(['{ properties: { url: true, prUrl: true, maxCount: true, base_ref: true } }']),
    };
    expect(placesOf('property-name', files)).toEqual(['capabilities.yaml:6:74']);
  });

  it.each([
    ['nextPageToken', 0],
    ['tokens', 0],
    ['primaryKey', 0],
    ['apiKey', 1],
    ['DB_PASSWORD', 1],
    ['clientSecret', 1],
  ])('asks whether %s is a secret: %s', (name, count) => {
    const files = { 'capabilities.yaml': contractWith([`{ properties: { ${name}: { type: string } } }`]) };
    expect(placesOf('missing-redact', files)).toHaveLength(count);
  });
});

describe('a suppression in a contract', () => {
  const text = (comment: string): string =>
    [
      'version: 1',
      'agent: agent://a',
      'transports: [{ kind: memory }]',
      'capabilities:',
      '  - name: b',
      comment,
      '    inputSchema: { type: string }',
      '    outputSchema: true',
      '',
    ].join('\n');

  it('keeps the finding with its reason', () => {
    const linted = lintFiles({
      'capabilities.yaml': text('    # declaragent-ignore unbounded-string: a whole book is welcome'),
    });
    expect(linted.findings.filter(({ code }) => code === 'unbounded-string')).toEqual([
      expect.objectContaining({ accepted: 'a whole book is welcome' }),
    ]);
  });

  it('names the rule that was probably meant', () => {
    const linted = lintFiles({
      'capabilities.yaml': text('    # declaragent-ignore unbounded-sting: a whole book is welcome'),
    });
    expect(linted.findings.find(({ code }) => code === 'unknown-suppression')?.near).toBe('unbounded-string');
  });

  it('is not called unused while its rule is switched off', () => {
    const directory = createScratch({
      'capabilities.yaml': text('    # declaragent-ignore unbounded-string: welcome'),
    });
    const { findings } = lint({ directory, levels: new Map([['unbounded-string', 'off']]) });
    expect(findings.map(({ code }) => code)).not.toContain('unused-suppression');
  });

  it('works in a file beside the contract', () => {
    const linted = lintFiles({
      'capabilities.yaml': contractWith(['{ $ref: types.yaml }']),
      'types.yaml': 'type: string # declaragent-ignore unbounded-string: a whole book is welcome\n',
    });
    expect(linted.findings.find(({ code }) => code === 'unbounded-string')?.accepted).toBe('a whole book is welcome');
  });
});
