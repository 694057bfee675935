import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { peersText } from '../support/agent-folder.js';
import { installRuntime, runChecks, transpile } from '../support/child.js';
import { command } from '../support/command.js';
import { typeCheck } from '../support/compilers.js';
import { capability, contractText, generated, problemsOf } from '../support/contract.js';
import { createScratch, readTree } from '../support/scratch.js';

const many = <T>(count: number, make: (index: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)));

async function codesOf(inputSchema: unknown, definitions: Record<string, unknown> = {}): Promise<string[]> {
  const problems = await problemsOf({ definitions, capabilities: [capability('a', inputSchema)] });
  return [...new Set(problems.map(({ code }) => code))];
}

describe('schemas that lead to endless work', () => {
  const twice = (name: string): object => ({ allOf: [{ $ref: name }, { $ref: name }] });

  it('are refused where each definition refers twice to the next', async () => {
    const definitions = many(40, (n) => [`D${n}`, n < 39 ? twice(`#/definitions/D${n + 1}`) : {}]);
    expect(await codesOf({ $ref: '#/definitions/D0' }, definitions)).toEqual(['too-deep']);
  });

  it('are refused where a chain of references is longer than the stack', async () => {
    const definitions = many(5000, (n) => [`D${n}`, n < 4999 ? { $ref: `#/definitions/D${n + 1}` } : {}]);
    expect(await codesOf({ $ref: '#/definitions/D0' }, definitions)).toEqual(['too-deep']);
  });

  it('are refused at the definition where a chain through properties becomes too long', async () => {
    const next = (n: number): object => ({ properties: { next: { $ref: `#/definitions/D${n + 1}` } } });
    const definitions = many(600, (n) => [`D${n}`, n < 599 ? next(n) : {}]);
    const problems = await problemsOf({ definitions, capabilities: [capability('a', { $ref: '#/definitions/D0' })] });
    expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'too-deep: D99 leads through more than 500 definitions, each of which refers to the next.',
    ]);
  });

  it('are accepted where a chain of references is only long', async () => {
    const next = (n: number): object => ({ properties: { next: { $ref: `#/definitions/D${n + 1}` } } });
    const definitions = many(100, (n) => [`D${n}`, { type: 'object', ...(n < 99 ? next(n) : {}) }]);
    const files = await generated({ definitions, capabilities: [capability('a', { $ref: '#/definitions/D0' })] });
    expect(Object.keys(files)).toContain('generated/a/definitions/D99.gen.ts');
  });

  it('are refused where an alias stands inside what it repeats', async () => {
    const text = contractText({ capabilities: [] }).replace('"capabilities":[]', '"capabilities": &a [{x: *a}]');
    const { status, stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(status).toBe(1);
    expect(stderr).toContain('too-deep: With its aliases written out');
  });
});

describe('unevaluated keywords in each other', () => {
  const nested = (depth: number): object => ({
    properties: { [`p${depth}`]: { type: 'integer' } },
    ...(depth === 0 ? {} : { anyOf: [nested(depth - 1), { properties: { other: { const: depth } } }] }),
    unevaluatedProperties: false,
  });

  it('grow the code with their number, not with two to the power of it', async () => {
    const sizes = [];
    for (const depth of [6, 12]) {
      const files = await generated({ capabilities: [capability('t', nested(depth))] });
      sizes.push(files['generated/a/capabilities/t.gen.ts']?.length ?? 0);
    }
    expect((sizes[1] ?? 0) / (sizes[0] ?? 1)).toBeLessThan(6);
  });
});

describe('special files', () => {
  const text = contractText({ capabilities: [capability('a', true)] });
  const pipe = (folder: string, name: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    execFileSync('mkfifo', [path.join(folder, name)]);
  };
  const link =
    (to: string) =>
    (folder: string, name: string): void => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      symlinkSync(to, path.join(folder, name));
    };

  it.each([
    ['a pipe', 'capabilities.yaml', pipe, 1],
    ['a device', 'capabilities.yaml', link('/dev/zero'), 1],
    ['a pipe', 'agent.yaml', pipe, 1],
    ['a pipe', 'skills.ts', pipe, 3],
    ['a device', 'skills.ts', link('/dev/zero'), 3],
    ['a link to itself', 'skills.ts', link('skills.ts'), 3],
    ['a link to itself', 'skills', link('skills'), 3],
    ['a pipe', 'generated/a/client.gen.ts', pipe, 3],
    ['a device', 'generated/a/client.gen.ts', link('/dev/zero'), 3],
    ['a pipe', 'generated/a/.declaragent-manifest.json', pipe, 3],
    ['a pipe', 'generated', pipe, 3],
  ])('are refused in one sentence, and never waited for: %s as %s', async (_, name, make, expected) => {
    const folder = createScratch(name === 'capabilities.yaml' ? {} : { 'capabilities.yaml': text });
    make(folder, name);
    const { status, stderr } = await command(folder, 'codegen');
    expect({ status, stderr }).toEqual({ status: expected, stderr: expect.stringContaining(name.split('/')[0] ?? '') });
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('that lie in generated/ and are not of codegen are left alone', async () => {
    const folder = createScratch({ 'capabilities.yaml': text });
    pipe(folder, 'generated/a/pipe');
    expect((await command(folder, 'codegen')).status).toBe(0);
    expect(lstatSync(path.join(folder, 'generated/a/pipe')).isFIFO()).toBe(true);
  });
});

describe('a report', () => {
  it('has no line that a contract begins, which could be a command to GitHub Actions', async () => {
    const key = 'x\n::stop-commands::token\n  ::error file=README.md::forged';
    const text = contractText({ capabilities: [capability('a', { [key]: 1, type: key, $ref: key }, { [key]: 1 })] });
    const { status, stderr } = await command(createScratch({ 'capabilities.yaml': text }), 'codegen');
    expect(status).toBe(1);
    expect(stderr).toContain('x\\n::stop-commands::token');
    expect(stderr.split('\n').filter((line) => line.trimStart().startsWith('::'))).toEqual([]);
  });
});

describe('mistakes in great numbers', () => {
  const count = 50_000;
  const properties = (schema: unknown): object => ({ properties: many(count, (n) => [`p${n}`, schema]) });

  it.each([
    ['a type that there is not', { type: 'strng' }, 'unknown-type'],
    ['a limit that is no number', { minLength: '1' }, 'invalid-schema'],
    ['a reference to nothing', { $ref: '#/definitions/None' }, 'unresolved-ref'],
  ])('are all reported: %s', async (_, schema, code) => {
    const problems = await problemsOf({ capabilities: [capability('a', properties(schema))] });
    expect(problems).toHaveLength(count);
    expect(new Set(problems.map((problem) => problem.code))).toEqual(new Set([code]));
  });
});

describe('schemas that are wide', () => {
  it('compile: a thousand properties, three hundred branches', async () => {
    const property = (n: number): readonly [string, object] => [`p${n}`, { type: 'string' }];
    const branches = Array.from({ length: 300 }, (_, n) => ({
      type: 'object',
      properties: many(1, () => property(n)),
    }));
    const capabilities = [
      capability('wide', { type: 'object', properties: many(1000, property), additionalProperties: false }),
      capability('any', { anyOf: branches }),
      capability('all', { allOf: branches }),
      capability('one', { oneOf: branches }),
    ];
    const folder = createScratch(await generated({ capabilities }));
    expect(typeCheck(folder, '6', 'nodenext')).toBe('');
    expect(typeCheck(folder, '7', 'nodenext')).toBe('');
  }, 90_000);
});

describe('an enum of many values', () => {
  it('is not repeated whole in the message about it', async () => {
    const schema = { enum: Array.from({ length: 500 }, (_, n) => `value-${n}`) };
    const files = await generated({ capabilities: [capability('t', schema)] });
    const message = /"must be [^\n]*/.exec(files['generated/a/capabilities/t.gen.ts'] ?? '')?.[0];
    expect(message).toContain('value-19');
    expect(message).toContain('or one of 480 more');
    expect(message).not.toContain('value-20');
  });
});

describe('a validator of a wide schema', () => {
  const keys = Array.from({ length: 120 }, (_, n) => ({ required: [`k${n}`] }));
  const values = [{}, { k1: 0 }, { k119: 0 }, { k1: 0, k2: 0 }, { k1: 0, k100: 0 }, 7];

  it.each<[string, object, boolean[]]>([
    ['oneOf', { type: 'object', oneOf: keys }, [false, true, true, false, false, false]],
    ['anyOf', { type: 'object', anyOf: keys }, [false, true, true, true, true, false]],
    [
      'properties that are closed',
      { type: 'object', properties: many(120, (n) => [`k${n}`, { type: 'integer' }]), unevaluatedProperties: false },
      [true, true, true, true, true, false],
    ],
  ])('gives the verdict of the schema as it was written: %s', async (_, schema, verdicts) => {
    const folder = createScratch(await generated({ capabilities: [capability('t', schema)] }));
    installRuntime(folder);
    const module = transpile(path.join(folder, 'generated/a/capabilities/t.gen.ts'));
    const [results = []] = runChecks(folder, [{ module, name: 'tInput', values: [...values, { other: 0 }] }]);
    const expected = [...verdicts, false];
    expect(results.map((result) => result === null)).toEqual(expected);
  });
});

describe('names that mean more than they say', () => {
  it.each(['then', 'Then', 'then_', 'then-'])(
    'a capability may not be called %s, which makes a promise of its client',
    async (name) => {
      const problems = await problemsOf({ capabilities: [capability(name, true)] });
      expect(problems.map(({ code }) => code)).toEqual(['bad-name']);
    },
  );

  it('an agent may have an id that begins with a digit', async () => {
    const files = await generated({ agent: 'agent://1-2', capabilities: [capability('a', true)] });
    expect(files['generated/1-2/client.gen.ts']).toContain('export function createAgent12Client(');
  });

  it('a definition may not have a name that no disk can hold', async () => {
    expect(await codesOf(true, { ['x'.repeat(300)]: { type: 'string' } })).toEqual(['bad-name']);
  });
});

describe('a peer entry', () => {
  async function outcomeOf(contract: string): Promise<{ status: number; stderr: string }> {
    const peers = JSON.parse(peersText('peer')) as { peers: { contract: string }[] };
    for (const peer of peers.peers) peer.contract = contract;
    const peer = contractText({ agent: 'agent://peer', capabilities: [capability('a', true)] });
    const project = createScratch({
      'project/agent/rpc-peers.yaml': JSON.stringify(peers),
      'project/beside/peer.yaml': peer,
      'project/agent/own/peer.yaml': peer,
      'outside.yaml': 'secret: 1',
    });
    return command(path.join(project, 'project/agent'), 'codegen');
  }

  it.each(['../beside/peer.yaml', 'own/peer.yaml'])('may name %s', async (contract) => {
    expect((await outcomeOf(contract)).status).toBe(0);
  });

  it.each([
    ['../../outside.yaml', 'lies outside the project'],
    ['/proc/self/environ', 'is not the path of a YAML file'],
    ['x\nglobalThis.owned = 1; /*.yaml', 'is not the path of a YAML file'],
  ])('may not name %j', async (contract, sentence) => {
    const { status, stderr } = await outcomeOf(contract);
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('secret');
  });
});

describe('a file that asks for other rules', () => {
  it.each([
    ['a directive of YAML 1.1', '%YAML 1.1\n---\n'],
    ['a tag that makes bytes', ''],
  ])('is refused: %s', async (_, head) => {
    const text = `${head}version: 1\nagent: ${head === '' ? '!!binary YQ==' : 'agent://a'}\ntransports: [{ kind: memory }]\ncapabilities: []\n`;
    const folder = createScratch({ 'capabilities.yaml': text });
    const { status, stderr } = await command(folder, 'codegen');
    expect(status).toBe(1);
    expect(stderr).toContain('yaml-syntax');
    expect(existsSync(path.join(folder, 'generated'))).toBe(false);
  });
});

describe('a $ref in data', () => {
  it('opens no file', async () => {
    const files = {
      'capabilities.yaml': contractText({
        capabilities: [capability('a', true, { examples: [{ input: { $ref: 'secret.yaml' } }] })],
      }),
      'secret.yaml': ': not yaml : at : all',
    };
    const { status, stderr } = await command(createScratch(files), 'codegen');
    expect(stderr).not.toContain('secret.yaml');
    expect(status).toBe(0);
  });
});

describe('a source path', () => {
  it('cannot end the comment that names it', async () => {
    const name = 'it\u2028x.yaml';
    const peers = JSON.stringify({
      version: 1,
      peers: [{ agent: 'agent://peer', transports: [{ kind: 'memory' }], contract: name }],
    });
    const peer = contractText({ agent: 'agent://peer', capabilities: [] });
    const folder = createScratch({ 'rpc-peers.yaml': peers, [name]: peer });
    expect((await command(folder, 'codegen')).status).toBe(1);
    expect(Object.keys(readTree(folder)).filter((file) => file.startsWith('generated'))).toEqual([]);
  });
});
