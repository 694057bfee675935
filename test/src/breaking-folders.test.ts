import { renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { commit, createRepository, git } from '../support/git-repository.js';
import { createScratch, writeFiles } from '../support/scratch.js';

const contract = (agent: string, inputSchema: unknown = { type: 'object' }): string =>
  contractText({ agent: `agent://${agent}`, capabilities: [capability('review', inputSchema)] });
const strict = { type: 'object', required: ['url'] };
const CALLER = 'version: 1\npeers: []\n';

interface Printed {
  readonly status: number;
  readonly stderr: string;
  readonly findings: readonly { code: string; level: string; place: { file: string }; message: string; fix: string }[];
}

async function run(folder: string, ...args: readonly string[]): Promise<Printed> {
  const { status, stdout, stderr } = await command(folder, 'breaking', '--format', 'json', ...args);
  return { status, stderr, findings: (JSON.parse(stdout) as Printed).findings };
}

async function codes(folder: string, ...args: readonly string[]): Promise<readonly [number, ...string[]]> {
  const { status, findings } = await run(folder, ...args);
  return [status, ...findings.map(({ code, place }) => `${code} ${place.file}`)];
}

const AGAINST = ['--against', 'git:main'] as const;

describe('breaking in several folders, against a commit', () => {
  it('takes a folder that was not there for a new agent, and says so', async () => {
    const folder = createRepository({ 'agents/a/capabilities.yaml': contract('a') });
    writeFiles(folder, { 'agents/b/capabilities.yaml': contract('b') });
    expect(await codes(folder, ...AGAINST, 'agents/a', 'agents/b')).toEqual([
      0,
      'contract-added agents/b/capabilities.yaml',
    ]);
    const { status, stdout, stderr } = await command(folder, 'breaking', ...AGAINST, 'agents/b');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toMatch(/^Note: There is no contract of agent:\/\/b at main: it is new/);
  });

  it('compares a folder that has moved with where it was', async () => {
    const folder = createRepository({ 'agents/a/capabilities.yaml': contract('a') });
    renameSync(path.join(folder, 'agents/a'), path.join(folder, 'agents/b'));
    expect(await codes(folder, ...AGAINST, 'agents/b')).toEqual([0, 'contract-moved agents/b/capabilities.yaml']);
    writeFiles(folder, { 'agents/b/capabilities.yaml': contract('a', strict) });
    expect(await codes(folder, ...AGAINST, 'agents/b')).toEqual([
      1,
      'contract-moved agents/b/capabilities.yaml',
      'input-property-required agents/b/capabilities.yaml',
    ]);
  });

  it('takes the folder that is gone for the old one, and not a copy that callers keep', async () => {
    const folder = createRepository({
      'agents/a/capabilities.yaml': contract('a'),
      'agents/caller/peers/capabilities.yaml': contract('a', strict),
    });
    renameSync(path.join(folder, 'agents/a'), path.join(folder, 'agents/z'));
    writeFiles(folder, { 'agents/z/capabilities.yaml': contract('a', strict) });
    expect((await run(folder, ...AGAINST, 'agents/z')).status).toBe(1);
  });

  it('passes over a folder of an agent that only calls others', async () => {
    const files = { 'agents/a/capabilities.yaml': contract('a'), 'agents/caller/rpc-peers.yaml': CALLER };
    const folder = createRepository(files);
    expect(await codes(folder, ...AGAINST, 'agents/a', 'agents/caller')).toEqual([
      0,
      'contract-absent agents/caller/capabilities.yaml',
    ]);
  });

  it('fails where no folder has a contract on either side', async () => {
    const folder = createRepository({ 'agents/caller/rpc-peers.yaml': CALLER });
    const { status, stderr } = await command(folder, 'breaking', ...AGAINST, 'agents/caller');
    expect(status).toBe(1);
    expect(stderr).toContain('Nothing was compared: no folder has a capability');
  });

  it('ends with 2 for a folder that never was, and compares the others', async () => {
    const folder = createRepository({ 'agents/a/capabilities.yaml': contract('a') });
    writeFiles(folder, { 'agents/a/capabilities.yaml': contract('a', strict) });
    expect(await codes(folder, ...AGAINST, 'agents/a', 'agnts/b')).toEqual([
      2,
      'folder-missing agnts/b/capabilities.yaml',
      'input-property-required agents/a/capabilities.yaml',
    ]);
  });
});

describe('an agent that is gone', () => {
  const files = { 'agents/a/capabilities.yaml': contract('a'), 'agents/b/capabilities.yaml': contract('b') };

  it('breaks its callers, and is found beside the folders that are left', async () => {
    const folder = createRepository(files);
    rmSync(path.join(folder, 'agents/b'), { recursive: true });
    expect(await codes(folder, ...AGAINST, 'agents/a')).toEqual([1, 'agent-removed agents/b/capabilities.yaml']);
  });

  it('is found where its folder is named, and where only its contract is gone', async () => {
    const folder = createRepository({ ...files, 'agents/b/rpc-peers.yaml': CALLER });
    rmSync(path.join(folder, 'agents/b/capabilities.yaml'));
    const found = [1, 'contract-absent agents/b/capabilities.yaml', 'agent-removed agents/b/capabilities.yaml'];
    expect(await codes(folder, ...AGAINST, 'agents/a', 'agents/b')).toEqual(found);
    expect((await codes(path.join(folder, 'agents/b'), ...AGAINST))[0]).toBe(1);
  });

  it('is not gone where one of the folders has its address', async () => {
    const folder = createRepository(files);
    renameSync(path.join(folder, 'agents/b'), path.join(folder, 'agents/c'));
    expect(await codes(folder, ...AGAINST, 'agents/a', 'agents/c')).toEqual([
      0,
      'contract-moved agents/c/capabilities.yaml',
    ]);
  });

  it('is accepted by a file in the folder where it was', async () => {
    const folder = createRepository(files);
    rmSync(path.join(folder, 'agents/b'), { recursive: true });
    const [removed] = (await run(folder, ...AGAINST, 'agents/a')).findings;
    const [, file = '', text = ''] = /create (\S+) with these lines:\n(.*)$/s.exec(removed?.fix ?? '') ?? [];
    expect(file).toBe('agents/b/accepted-changes.yaml');
    writeFiles(folder, {
      [file]: text.replace('"…"', '"Nobody calls it."').replace(/until: [\d-]+/, 'until: 9999-12-31'),
    });
    expect((await run(folder, ...AGAINST, 'agents/a', 'agents/b')).status).toBe(0);
  });
});

describe('what cannot be compared', () => {
  it.each(['json', 'sarif', 'github'])(
    'is one finding of a document in the format %s, said once for all folders',
    async (format) => {
      const folder = createRepository({ 'a/capabilities.yaml': contract('a'), 'b/capabilities.yaml': contract('b') });
      const args = ['breaking', '--against', 'git:nowhere', '--format', format, 'a', 'b'];
      const { status, stdout } = await command(folder, ...args);
      expect(status).toBe(2);
      if (format !== 'github') JSON.parse(stdout);
      expect(stdout.match(/The repository has no commit/g)?.length).toBe(1);
      expect(stdout).toContain('against-unreadable');
    },
  );

  it('is in one document with the folders that were compared', async () => {
    const folder = createRepository({ 'a/capabilities.yaml': contract('a'), 'b/capabilities.yaml': 'version: 1\n' });
    writeFiles(folder, { 'a/capabilities.yaml': contract('a', strict), 'b/capabilities.yaml': contract('b') });
    expect(await codes(folder, ...AGAINST, 'a', 'b')).toEqual([
      2,
      'against-unreadable b/capabilities.yaml',
      'input-property-required a/capabilities.yaml',
    ]);
  });

  it('is a commit that a shallow clone lacks, and says how to have it', async () => {
    const origin = createRepository({ 'capabilities.yaml': contract('a') });
    git(origin, 'tag', 'v1');
    writeFiles(origin, { 'capabilities.yaml': contract('a', strict) });
    commit(origin);
    const folder = path.join(createScratch(), 'clone');
    git(origin, 'clone', '-q', '--depth', '1', '--no-tags', `file://${origin}`, folder);
    const { status, stderr } = await command(folder, 'breaking', '--against', 'git:v1');
    expect(status).toBe(2);
    expect(stderr).toMatch(/has no commit "v1"; this clone is shallow, .*fetch-depth: 0\)\.$/m);
  });

  it('is a path that does not exist, or one for several folders', async () => {
    const folder = createScratch({ 'a/capabilities.yaml': contract('a'), 'b/capabilities.yaml': contract('b') });
    expect((await run(folder, '--against', 'nowhere', 'a')).findings.map(({ code }) => code)).toEqual([
      'against-unreadable',
    ]);
    expect(await codes(folder, '--against', 'a', 'a', 'b')).toEqual([2, 'against-unreadable a']);
  });
});

describe('the sentence that closes the talk', () => {
  const closing = async (old: unknown, now: unknown): Promise<string> => {
    const folder = createScratch({ 'old.yaml': contract('a', old), 'capabilities.yaml': contract('a', now) });
    return (await command(folder, 'breaking', '--against', 'old.yaml')).stderr.trim();
  };

  it('says why it asks for a major version where nothing is known to break', async () => {
    const pattern = (text: string): object => ({ type: 'string', pattern: text });
    expect(await closing(pattern('^[ab]$'), pattern('^(?=[ab])[ab]$'))).toBe(
      '0 breaking, 1 undecided in 1 capability; 1 change could not be decided, so to be safe the contract needs a major version.',
    );
  });

  it('says that what is accepted counts as well', async () => {
    const folder = createScratch({ 'old.yaml': contract('a'), 'capabilities.yaml': contract('a', strict) });
    const [finding] = (await run(folder, '--against', 'old.yaml')).findings;
    const text = /with these lines:\n(.*)$/s.exec(finding?.fix ?? '')?.[1] ?? '';
    writeFileSync(
      path.join(folder, 'accepted-changes.yaml'),
      text.replace('"…"', '"Known."').replace(/until: [\d-]+/, 'until: 9999-12-31'),
    );
    const { status, stderr } = await command(folder, 'breaking', '--against', 'old.yaml');
    expect(status).toBe(0);
    expect(stderr.trim()).toBe(
      '0 breaking, 1 accepted in 1 capability; what is accepted asks for a major version all the same.',
    );
  });
});
