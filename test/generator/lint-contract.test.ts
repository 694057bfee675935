import { describe, expect, it } from 'vitest';
import { ContractError } from '../../generator/index.js';
import { readLintContract } from '../../generator/lint/contract.js';
import { LINT_RULES, type Linted, type LintFinding, lint } from '../../generator/lint/index.js';
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

/** What a rule finds in a contract of one input schema, in YAML. */
function findingsIn(rule: string, input: string, definitions: readonly string[] = []): LintFinding[] {
  const { findings } = lintFiles({ 'capabilities.yaml': contractWith([input], definitions) });
  return findings.filter(({ code }) => code === rule);
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
    expect(placesOf('strict-recursion', files)).toEqual(['capabilities.yaml:6:3']);
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

  it.each([
    ['"maxLength" is 3', '{ maxLength: 3, default: abcd }'],
    ['"type" is "integer"', '{ type: integer, default: a }'],
    ['at /x/1 "type" is "integer"', '{ properties: { x: { items: { type: integer } } }, default: { x: [1, b] } }'],
    ['no branch of "anyOf" takes it', '{ anyOf: [{ type: string }, { type: boolean }], default: 1 }'],
    ['"required" lists "a"', '{ properties: { a: true }, required: [a], default: {} }'],
    ['"enum" does not list it', '{ enum: [a, b], default: c }'],
  ])('says of a default that it is refused because %s', (reason, schema) => {
    expect(findingsIn('default-mismatch', schema).map(({ message }) => message)).toEqual([
      `The schema refuses its own default: ${reason}.`,
    ]);
  });

  it.each([
    ['items of an enum', '{ type: array, uniqueItems: true, items: { enum: [a, b] } }', 0],
    ['items that are true or false', '{ type: array, uniqueItems: true, items: { type: boolean } }', 0],
    ['items of a shared enum', '{ type: array, uniqueItems: true, items: { $ref: "#/definitions/Day" } }', 0],
    ['strings', '{ type: array, uniqueItems: true, items: { type: string } }', 1],
    ['items of an enum that may repeat', '{ type: array, items: { enum: [a, b] } }', 1],
  ])('knows whether an array of different %s can grow', (_, schema, count) => {
    expect(findingsIn('unbounded-array', schema, ['Day: { enum: [mo, tu] }'])).toHaveLength(count);
  });

  it.each(['date-time', 'date', 'time', 'duration', 'uuid', 'ipv4', 'ipv6', 'email', 'hostname'])(
    'takes a string for bounded by the format %s',
    (format) => {
      expect(findingsIn('unbounded-string', `{ type: string, format: ${format} }`)).toEqual([]);
    },
  );

  it.each(['uri', 'byte', 'regex', 'json-pointer'])('does not take one for bounded by the format %s', (format) => {
    expect(findingsIn('unbounded-string', `{ type: string, format: ${format} }`)).toHaveLength(1);
  });

  it.each([
    ['datetime', 'date-time'],
    ['Date-Time', 'date-time'],
    ['date_time', 'date-time'],
    ['timestamp', 'date-time'],
    ['guid', 'uuid'],
    ['e-mail', 'email'],
    ['host-name', 'hostname'],
  ])('knows which format %s was meant to be', (format, near) => {
    const schema = `{ type: string, format: ${format} }`;
    expect(findingsIn('misspelt-format', schema)).toMatchObject([{ level: 'error', near }]);
    expect(findingsIn('unknown-format', schema)).toEqual([]);
  });

  it.each(['iri-reference', 'ulid', 'uint64', 'zip-code'])('takes %s for a format of its own', (format) => {
    const schema = `{ type: string, format: ${format} }`;
    expect(findingsIn('misspelt-format', schema)).toEqual([]);
    expect(findingsIn('unknown-format', schema)).toHaveLength(1);
  });

  it.each([
    ['UPSTREAM_ERROR', 0],
    ['ERROR_BUDGET_SPENT', 0],
    ['FAILED_TO_PARSE', 0],
    ['ERROR', 1],
    ['UNKNOWN_ERROR', 1],
    ['NO__DIFF', 1],
  ])('holds the error code %s against what it says', (code, count) => {
    const contract = contractText({ capabilities: [{ ...capability('b', true), errors: [{ code }] }] });
    expect(placesOf('error-code', { 'capabilities.yaml': contract })).toHaveLength(count);
  });
});

describe('a schema that contradicts itself', () => {
  it.each([
    ['parts of an allOf', '{ allOf: [{ type: string }, { type: integer }] }', 1],
    ['a type and a part of an allOf', '{ type: object, allOf: [{ type: [string, "null"] }] }', 1],
    ['a type and what a reference leads to', '{ type: string, $ref: "#/definitions/Count" }', 1],
    ['a type and each branch of a union', '{ type: string, anyOf: [{ type: integer }, { enum: [true] }] }', 1],
    ['an enum and a part of an allOf', '{ enum: [a, b], allOf: [{ type: number }] }', 1],
    ['integers and numbers', '{ type: number, allOf: [{ type: integer }] }', 0],
    ['a union with one branch that fits', '{ type: string, anyOf: [{ type: integer }, { maxLength: 3 }] }', 0],
    ['a schema that leads back to itself', '{ $ref: "#/definitions/Tree" }', 0],
    ['a condition', '{ not: { allOf: [{ type: string }, { type: integer }] } }', 0],
  ])('is found, or not, in %s', (_, schema, count) => {
    const tree = 'Tree: { type: object, properties: { left: { $ref: "#/definitions/Tree" } } }';
    expect(findingsIn('impossible-schema', schema, ['Count: { type: integer }', tree])).toHaveLength(count);
  });

  it.each([
    ['an integer and a number', '[{ type: integer }, { type: number }]', 1],
    ['a plain type and a narrower one', '[{ type: string }, { type: string, maxLength: 3 }]', 1],
    ['lists of types with one in common', '[{ type: [string, "null"] }, { type: [integer, "null"] }]', 1],
    [
      'open objects with other properties',
      '[{ type: object, properties: { a: true } }, { type: object, properties: { b: true } }]',
      1,
    ],
    [
      'objects that require what tells them apart',
      '[{ type: object, required: [a] }, { type: object, required: [b] }]',
      0,
    ],
    ['different types', '[{ type: string }, { type: [integer, boolean] }]', 0],
    ['strings of different lengths', '[{ type: string, maxLength: 3 }, { type: string, minLength: 4 }]', 0],
  ])('is found, or not, in a oneOf of %s', (_, branches, count) => {
    expect(findingsIn('overlapping-one-of', `{ oneOf: ${branches} }`)).toHaveLength(count);
  });

  it('is found where an enum lists a value twice, whatever the order of its keys', () => {
    const found = findingsIn('repeated-value', '{ enum: [1, { a: 1, b: 2 }, "1", { b: 2, a: 1 }, 1.0] }');
    expect(found.map(({ message }) => message)).toEqual(['{"b":2,"a":1} is listed before.', '1 is listed before.']);
  });
});

describe('a rule about strict tool mode', () => {
  it('says one thing of a schema, at the schema, with how many and the first', () => {
    const schema = '{ type: object, properties: { a: true, b: { properties: { c: true } }, d: true, e: true } }';
    expect(findingsIn('strict-optional', schema)).toMatchObject([
      {
        level: 'note',
        message: '5 properties may be left out: a, b, d and 2 more.',
        place: { line: 6, column: 5 },
      },
    ]);
  });

  it('says one thing of a shared definition, where that is', () => {
    const found = findingsIn('strict-optional', '{ $ref: "#/definitions/A" }', ['A: { properties: { a: true } }']);
    expect(found).toMatchObject([{ message: '1 property may be left out: a.', place: { line: 5, column: 3 } }]);
  });

  it.each([
    ['{ type: object }', 'Add "additionalProperties: false". In a published contract this is a breaking change.'],
    ['{ type: object, additionalProperties: { type: string } }', 'a list of { key, value }'],
    ['{ type: object, additionalProperties: true }', 'a list of { key, value }'],
    ['{ type: object, patternProperties: { "^a": true } }', 'a list of { key, value }'],
    ['{ allOf: [{ properties: { a: true } }, { properties: { b: true } }] }', 'one schema with all its properties'],
    ['{ anyOf: [{ properties: { a: true } }], properties: { b: true } }', 'one schema with all its properties'],
    ['{ allOf: [{ $ref: "#/definitions/A" }] }', 'one schema with all its properties'],
  ])('does not say to close what cannot be closed by itself: %s', (schema, fix) => {
    const found = findingsIn('strict-open-object', schema, ['A: { properties: { a: true } }']);
    expect(found).toHaveLength(1);
    expect(found[0]?.fix).toContain(fix);
    if (fix.startsWith('Add')) return;
    expect(found[0]?.fix).not.toContain('Add "additionalProperties: false"');
  });

  it('says to close an object whose union only asks for names', () => {
    const schema = '{ type: object, properties: { a: true }, anyOf: [{ required: [a] }] }';
    expect(findingsIn('strict-open-object', schema)[0]?.fix).toContain('Add "additionalProperties: false"');
  });
});

describe('what to do about a finding', () => {
  it.each([
    ['unbounded-string', '{ type: string }'],
    ['unbounded-array', '{ type: array }'],
    ['strict-optional', '{ properties: { a: true } }'],
    ['strict-open-object', '{ type: object }'],
    ['strict-any', '{}'],
  ])('is called breaking by %s where it breaks callers', (rule, schema) => {
    expect(findingsIn(rule, schema)[0]?.fix).toMatch(/in a published contract this is a breaking change\.$/i);
  });
});

describe('names and secrets', () => {
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
