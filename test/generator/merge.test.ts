import { execFileSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { generate } from '../../generator/index.js';
import { peersText } from '../support/agent-folder.js';
import { command } from '../support/command.js';
import { typeCheck } from '../support/compilers.js';
import { type ContractData, capability, contractText } from '../support/contract.js';
import { createScratch, readTree, writeFiles } from '../support/scratch.js';

const reference = (name: string): object => ({ $ref: `#/definitions/${name}` });
const object = (properties: object): object => ({ type: 'object', properties });

const alpha = capability('alpha', object({ one: reference('One'), text: { type: 'string' } }));
const beta = capability('beta', object({ two: reference('Two'), count: { type: 'integer' } }));
const gamma = capability('gamma', object({ any: { pattern: '^a' } }));
const One = object({ a: { type: 'string' }, b: { type: 'string' } });
const Two = object({ c: { type: 'integer' } });
const before: ContractData = { definitions: { One, Two }, capabilities: [alpha, beta] };

const SHARED = ['client.gen.ts', 'contract.gen.ts', 'index.ts', 'server.gen.ts', 'tools.gen.ts'];
const EDITS: Readonly<Record<string, readonly [after: ContractData, changed: readonly string[]]>> = {
  'a capability is added behind the others': [
    { ...before, capabilities: [alpha, beta, gamma] },
    ['capabilities/gamma.gen.ts', ...SHARED],
  ],
  'a capability is added before the others': [
    { ...before, capabilities: [gamma, alpha, beta] },
    ['capabilities/gamma.gen.ts', ...SHARED],
  ],
  'capabilities change their order': [{ ...before, capabilities: [beta, alpha] }, SHARED],
  'a property is added': [
    {
      ...before,
      capabilities: [capability('alpha', object({ new: true, one: reference('One'), text: { type: 'string' } })), beta],
    },
    ['capabilities/alpha.gen.ts'],
  ],
  'properties change their order': [
    {
      ...before,
      capabilities: [capability('alpha', object({ text: { type: 'string' }, one: reference('One') })), beta],
    },
    ['capabilities/alpha.gen.ts'],
  ],
  'a definition is added that nobody uses': [
    { ...before, definitions: { Zero: object({}), One, Two } },
    ['definitions/Zero.gen.ts', 'index.ts'],
  ],
  'a definition is added that one capability uses': [
    { definitions: { One, Two, Zero: object({}) }, capabilities: [alpha, capability('beta', reference('Zero'))] },
    ['capabilities/beta.gen.ts', 'definitions/Zero.gen.ts', 'index.ts'],
  ],
  'definitions change their order': [{ ...before, definitions: { Two, One } }, []],
  'a definition gets a property': [
    { ...before, definitions: { One: object({ z: true, a: { type: 'string' }, b: { type: 'string' } }), Two } },
    ['capabilities/alpha.gen.ts', 'definitions/One.gen.ts'],
  ],
};

function differing(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => name.startsWith('generated/') && left[name] !== right[name]).sort();
}

describe('generated code', () => {
  it.each(Object.keys(EDITS))('changes only where the contract does, and back again, when %s', async (name) => {
    const [after = before, changed = []] = EDITS[name] ?? [];
    const folder = createScratch({ 'capabilities.yaml': contractText(before) });
    await generate({ directory: folder });
    const trees = [readTree(folder)];
    for (const contract of [after, before]) {
      writeFiles(folder, { 'capabilities.yaml': contractText(contract) });
      await generate({ directory: folder });
      trees.push(readTree(folder));
    }
    const [first = {}, second = {}, third = {}] = trees;
    const manifest = changed.length === 0 ? [] : ['.declaragent-manifest.json'];
    expect(differing(first, second)).toEqual([...manifest, ...changed].map((file) => `generated/a/${file}`).sort());
    expect(differing(first, third)).toEqual([]);
  });
});

const BRANCHES = Array.from({ length: 20 }, (_, index) => `part-${index}`);

/** What the branch of that name adds: a capability with a definition of its own. */
function partOf(branch: string): { definition: string; capability: object } {
  const definition = branch.replace('part-', 'Thing');
  const schema = object({ thing: reference(definition) });
  return { definition, capability: capability(branch, schema, { description: `Does ${branch}.` }) };
}

function contractOf(branches: readonly string[]): string {
  const parts = branches.map(partOf);
  const definitions = Object.fromEntries(
    parts.map(({ definition }) => [definition, object({ [definition]: { type: 'string' } })]),
  );
  const value: unknown = JSON.parse(
    contractText({
      definitions: { One, ...definitions },
      capabilities: [alpha, ...parts.map((part) => part.capability)],
    }),
  );
  return `${JSON.stringify(value, null, 2)}\n`;
}

function git(folder: string, ...args: readonly string[]): string {
  const settings = [
    'user.name=a',
    'user.email=a@b.c',
    'commit.gpgsign=false',
    'core.hooksPath=/dev/null',
    'init.defaultBranch=main',
  ];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  const options = settings.flatMap((setting) => ['-c', setting]);
  try {
    return execFileSync('git', [...options, ...args], { cwd: folder, encoding: 'utf8', env, stdio: 'pipe' });
  } catch (error) {
    // A merge with a conflict ends with 1.
    if (args[0] === 'merge') return '';
    throw error;
  }
}

function conflictsIn(folder: string): string[] {
  return git(folder, 'diff', '--name-only', '--diff-filter=U')
    .split('\n')
    .filter((line) => line !== '');
}

interface Merge {
  readonly conflicts: readonly string[];
  /** What codegen said while skills.ts was in conflict. */
  readonly stderr: string;
  readonly statuses: readonly number[];
}

/** Merges a branch as a person would: unites the contract, has codegen see to the rest, and settles skills.ts. */
async function mergeBranch(folder: string, branch: string, merged: readonly string[]): Promise<Merge> {
  git(folder, 'merge', '--quiet', '--no-edit', branch);
  const conflicts = conflictsIn(folder);
  writeFiles(folder, { 'capabilities.yaml': contractOf(merged) });
  const inConflict = readTree(folder)['skills.ts'];
  const first = await command(folder, 'codegen');
  expect(readTree(folder)['skills.ts']).toBe(inConflict);
  const check = await command(folder, 'codegen', '--check');
  if (conflicts.includes('skills.ts')) git(folder, 'checkout', '--quiet', '--ours', 'skills.ts');
  await generate({ directory: folder });
  git(folder, 'add', '--all');
  git(folder, 'commit', '--quiet', '--no-edit', '--allow-empty', '--message', branch);
  return { conflicts, stderr: first.stderr, statuses: [first.status, check.status] };
}

describe('twenty branches that each add a capability', () => {
  let folder: string;
  const merges: Merge[] = [];

  beforeAll(async () => {
    folder = createScratch({ 'capabilities.yaml': contractOf([]) });
    await generate({ directory: folder });
    git(folder, 'init', '--quiet');
    git(folder, 'add', '--all');
    git(folder, 'commit', '--quiet', '--message', 'start');
    for (const branch of BRANCHES) {
      git(folder, 'checkout', '--quiet', '-b', branch, 'main');
      writeFiles(folder, { 'capabilities.yaml': contractOf([branch]) });
      await generate({ directory: folder });
      git(folder, 'add', '--all');
      git(folder, 'commit', '--quiet', '--message', branch);
    }
    git(folder, 'checkout', '--quiet', 'main');
    for (const [index, branch] of BRANCHES.entries()) {
      merges.push(await mergeBranch(folder, branch, BRANCHES.slice(0, index + 1)));
    }
  }, 120_000);

  it('are in conflict in the files that all of them change, and in no other', () => {
    const files = new Set(merges.flatMap(({ conflicts }) => conflicts));
    const generated = [...SHARED, '.declaragent-manifest.json'].map((name) => `generated/a/${name}`);
    expect([...files].filter((name) => ![...generated, 'capabilities.yaml', 'skills.ts'].includes(name))).toEqual([]);
    expect(files).toContain('generated/a/.declaragent-manifest.json');
  });

  it('are made whole by one run of codegen after each merge', () => {
    expect(merges.map(({ statuses }) => statuses)).toEqual(BRANCHES.map(() => [0, 0]));
    expect(git(folder, 'status', '--porcelain')).toBe('');
    const tree = readTree(folder);
    const alone = createScratch({ 'capabilities.yaml': contractOf(BRANCHES) });
    return generate({ directory: alone }).then(() => expect(differing(tree, readTree(alone))).toEqual([]));
  });

  it('are told of a skills.ts in conflict, which stays as git left it', () => {
    const told = merges.filter(({ conflicts }) => conflicts.includes('skills.ts'));
    expect(told.length).toBe(BRANCHES.length - 1);
    expect(
      told.filter(({ stderr }) => !stderr.includes('Note: skills.ts holds a merge conflict, so it was left')),
    ).toEqual([]);
  });

  it('compile together', () => {
    expect(typeCheck(folder, '6', 'nodenext')).toBe('');
  });
});

describe('a merge', () => {
  it('that leaves a conflict on the first line of a generated file does not stop codegen', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractText(before) });
    await generate({ directory: folder });
    const tree = readTree(folder);
    const name = 'generated/a/client.gen.ts';
    const text = tree[name] ?? '';
    writeFiles(folder, { [name]: `<<<<<<< ours\r\n${text}=======\n${text}>>>>>>> theirs\n` });
    expect((await command(folder, 'codegen')).status).toBe(0);
    expect(readTree(folder)).toEqual(tree);
  });

  it('that leaves a conflict in the manifest leaves known what codegen may delete', async () => {
    const peer = contractText({ agent: 'agent://peer', capabilities: [gamma] });
    const folder = createScratch({
      'capabilities.yaml': contractText(before),
      'rpc-peers.yaml': peersText('peer'),
      'peer.yaml': peer,
    });
    await generate({ directory: folder });
    const name = 'generated/peer/.declaragent-manifest.json';
    const lines = (readTree(folder)[name] ?? '').split('\n');
    const conflict = ['<<<<<<< ours', ...lines.slice(3, 5), '=======', '    "other.gen.ts": "0",', '>>>>>>> theirs'];
    writeFiles(folder, {
      [name]: [...lines.slice(0, 3), ...conflict, ...lines.slice(5)].join('\n'),
      'rpc-peers.yaml': peersText(),
    });
    await command(folder, 'codegen');
    expect(Object.keys(readTree(folder)).filter((file) => file.startsWith('generated/peer'))).toEqual([]);
    expect((await command(folder, 'codegen', '--check')).status).toBe(0);
  });
});
