import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROBLEMS, type ProblemCode } from '../../generator/index.js';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, readTree, repository } from '../support/scratch.js';

const INVALID = path.join(repository, 'fixtures/invalid');
const codes = Object.keys(PROBLEMS) as ProblemCode[];
const legal = contractText({ capabilities: [capability('b', { type: 'object' })] });

interface Case {
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** `file:line:column` of the problem. */
  readonly place: string;
  /** The text that stands there; empty where the file has no text to show. */
  readonly text: string;
}

/** Codes that a capabilities file alone cannot lead to. */
const CASES: Partial<Record<ProblemCode, Case>> = {
  'file-missing': {
    files: {
      'capabilities.yaml': legal,
      'rpc-peers.yaml':
        'version: 1\npeers:\n  - agent: agent://b\n    transports: [{ kind: memory }]\n    contract: ../b/capabilities.yaml\n',
    },
    place: 'rpc-peers.yaml:5:15',
    text: '../b/capabilities.yaml',
  },
  'file-unreadable': {
    files: { 'capabilities.yaml': new Uint8Array([0x76, 0xff]) },
    place: 'capabilities.yaml:1:1',
    text: '',
  },
};

function caseOf(code: ProblemCode): Case {
  const known = CASES[code];
  if (known !== undefined) return known;
  const source = readFileSync(path.join(INVALID, `${code}.yaml`), 'utf8');
  const [, place, text] = /^# Expect (\d+:\d+) (.+)$/m.exec(source) ?? [];
  if (place === undefined || text === undefined) throw new Error(`${code}.yaml does not say what to expect.`);
  return { files: { 'capabilities.yaml': source }, place: `capabilities.yaml:${place}`, text };
}

/** What the frame's `^` marks stand under. */
function markedText(report: string): string {
  const lines = report.split('\n');
  const marks = lines.findIndex((line) => /^ +\| +\^+$/.test(line));
  const line = lines[marks] ?? '';
  return (lines[marks - 1] ?? '').slice(line.indexOf('^'), line.lastIndexOf('^') + 1);
}

describe.each(codes)('%s', (code) => {
  it('has a legal case for each fixture and a fixture for each case', () => {
    expect(() => caseOf(code)).not.toThrow();
  });

  it('is the one problem reported, at its exact place, with status 1', async () => {
    const { files, place } = caseOf(code);
    const { status, stderr } = await command(createScratch(files), 'codegen');
    const reported = stderr.split('\n').filter((line) => /^\S+:\d+:\d+ /.test(line));
    expect({ status, reported }).toEqual({
      status: 1,
      reported: [expect.stringMatching(new RegExp(`^${place} ${code}: \\S.*\\.$`))],
    });
  });

  it('shows a frame that marks the very text', async () => {
    const { files, text } = caseOf(code);
    const { stderr } = await command(createScratch(files), 'codegen');
    const marked = markedText(stderr);
    // A mapping over several lines is marked where it begins.
    expect(text === marked || (marked.length === 1 && text.startsWith(marked))).toBe(true);
  });

  it('says in a sentence what to do', async () => {
    const { stderr } = await command(createScratch(caseOf(code).files), 'codegen');
    expect(stderr).toMatch(/^ {2}Fix: [A-Z].*[.)\d]$/m);
  });

  it('leaves the folder as it was', async () => {
    const { files } = caseOf(code);
    const folder = createScratch(files);
    await command(folder, 'codegen');
    expect(Object.keys(readTree(folder))).toEqual(Object.keys(files).sort());
  });
});

describe('fixtures', () => {
  it('hold no file for a code that does not exist', () => {
    const names = readdirSync(INVALID).filter((name) => name.endsWith('.yaml'));
    expect(names.map((name) => name.replace('.yaml', '')).filter((name) => !(name in PROBLEMS))).toEqual([]);
  });
});

describe('a file with many mistakes', () => {
  it('has all of them reported in one run, in the order of their places', async () => {
    const source = readFileSync(path.join(repository, 'fixtures/several/seven-mistakes.yaml'), 'utf8');
    const folder = createScratch({ 'capabilities.yaml': source });
    const { status, stderr } = await command(folder, 'codegen');
    const reported = stderr.match(/^\S+:\d+:\d+ \S+(?=:)/gm);
    expect(reported).toEqual([
      'capabilities.yaml:5:56 unknown-type',
      'capabilities.yaml:8:5 unknown-key',
      'capabilities.yaml:9:26 unresolved-ref',
      'capabilities.yaml:11:11 bad-name',
      'capabilities.yaml:14:11 duplicate-name',
      'capabilities.yaml:18:23 example-mismatch',
      'capabilities.yaml:19:5 missing-key',
    ]);
    expect({ status, files: Object.keys(readTree(folder)) }).toEqual({ status: 1, files: ['capabilities.yaml'] });
  });

  it('has each missing key of one mapping reported', async () => {
    const folder = createScratch({ 'capabilities.yaml': 'transports: [{ kind: memory }]\n' });
    const { stderr } = await command(folder, 'codegen');
    expect(stderr.match(/is missing the key "\w+"/g)).toEqual([
      'is missing the key "version"',
      'is missing the key "agent"',
      'is missing the key "capabilities"',
    ]);
  });

  it('is reported in under five seconds when it is large and every line is wrong', async () => {
    const wrong = Array.from({ length: 2000 }, (_, index) => capability(`c${index}`, { type: 'strng' }));
    const text = contractText({ capabilities: wrong }).replaceAll(',{"name"', ',\n{"name"');
    const started = performance.now();
    const { stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(stderr).toContain('2000 problems; nothing was written.');
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('near names', () => {
  it.each([
    ['inputShema', 'inputSchema', { name: 'b', inputShema: {}, inputSchema: {}, outputSchema: true }],
    ['strng', 'string', capability('b', { type: 'strng' })],
    ['int', 'integer', capability('b', { type: 'int' })],
    ['requried', 'required', capability('b', { requried: [] })],
    ['addtionalProperties', 'additionalProperties', capability('b', { addtionalProperties: false })],
  ])('lead from "%s" to "%s"', async (_, right, wrong) => {
    const folder = createScratch({ 'capabilities.yaml': contractText({ capabilities: [wrong] }) });
    expect((await command(folder, 'codegen')).stderr).toContain(`Did you mean "${right}"?`);
  });

  it('lead from a misspelt reference to the definition that is there', async () => {
    const contract = {
      definitions: { Finding: {} },
      capabilities: [capability('b', { $ref: '#/definitions/Fnding' })],
    };
    const folder = createScratch({ 'capabilities.yaml': contractText(contract) });
    expect((await command(folder, 'codegen')).stderr).toContain('Did you mean "#/definitions/Finding"?');
  });
});

describe('a frame', () => {
  it('of a minified file shows a window of the line with the text in it', async () => {
    const many = Array.from({ length: 50 }, (_, index) => capability(`c${index}`, { type: 'object' }));
    const text = contractText({ capabilities: [...many, capability('last', { type: 'strng' })] });
    const { stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(markedText(stderr)).toBe('"strng"');
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(250);
  });

  it('shows control and bidi characters as escapes', async () => {
    const text = contractText({ capabilities: [capability('b', { type: 'a\u202e\u001b[31m' })] });
    const { stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(stderr).toContain('\\u202e');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe('the place of a problem', () => {
  it('is relative to the working folder when the command names another', async () => {
    const folder = createScratch({ 'agents/a/capabilities.yaml': 'version: 2\n' });
    const { stderr } = await command(folder, 'codegen', 'agents/a/');
    expect(stderr).toMatch(/^agents\/a\/capabilities\.yaml:1:10 wrong-value: /m);
  });

  it("is in the peer's file when the peer's contract is wrong", async () => {
    const folder = createScratch({
      'a/rpc-peers.yaml':
        'version: 1\npeers: [{ agent: agent://a, transports: [{ kind: memory }], contract: ../b.yaml }]\n',
      'b.yaml': contractText({ capabilities: [capability('b', { type: 'strng' })] }),
    });
    expect((await command(folder, 'codegen', 'a')).stderr).toMatch(/^a\/\.\.\/b\.yaml:1:\d+ unknown-type: /m);
  });

  it('is a duplicate peer where two have one address', async () => {
    const peer = '{ agent: agent://b, transports: [{ kind: memory }] }';
    const folder = createScratch({ 'rpc-peers.yaml': `version: 1\npeers:\n  - ${peer}\n  - ${peer}\n` });
    expect((await command(folder, 'codegen')).stderr).toMatch(/^rpc-peers\.yaml:4:14 duplicate-name: /m);
  });

  it("is the address of a peer whose contract is another agent's", async () => {
    const folder = createScratch({
      'rpc-peers.yaml': 'version: 1\npeers: [{ agent: agent://x, transports: [{ kind: memory }], contract: b.yaml }]\n',
      'b.yaml': legal,
    });
    expect((await command(folder, 'codegen')).stderr).toMatch(/^rpc-peers\.yaml:2:18 wrong-value: /m);
  });

  it("is the name in agent.yaml where it is not the contract's", async () => {
    const folder = createScratch({ 'capabilities.yaml': legal, 'agent.yaml': 'name: other\n' });
    expect((await command(folder, 'codegen')).stderr).toMatch(/^agent\.yaml:1:7 wrong-value: /m);
  });
});
