import { readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { commit, createRepository, git } from '../support/git-repository.js';
import { createScratch, writeFiles } from '../support/scratch.js';

const text = (inputSchema: unknown): string => contractText({ capabilities: [capability('review', inputSchema)] });
const open = text({ type: 'object' });
const strict = text({ type: 'object', required: ['url'] });

describe('declaragent breaking', () => {
  it('ends with 0 where nothing has changed since the commit', async () => {
    const folder = createRepository({ 'capabilities.yaml': open });
    const { status, stdout, stderr } = await command(folder, 'breaking', '--against', 'git:HEAD');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toBe('0 breaking in 1 capability; the change asks for no new version.\n');
  });

  it('ends with 1 for a change that breaks, at its place in both versions', async () => {
    const folder = createRepository({ 'agents/a/capabilities.yaml': open });
    writeFiles(folder, { 'agents/a/capabilities.yaml': strict });
    const { status, stdout, stderr } = await command(folder, 'breaking', '--against', 'git:main', 'agents/a');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^agents\/a\/capabilities\.yaml:1:\d+ error input-property-required: The input of "review" must have/m,
    );
    expect(stdout).toMatch(/ git:main:agents\/a\/capabilities\.yaml:1:\d+$/m);
    expect(stderr).toMatch(/^agents\/a: 1 breaking in 1 capability; the change asks for a major version\.$/m);
  });

  it('compares from a folder below the top of the repository', async () => {
    const folder = createRepository({ 'agents/a/capabilities.yaml': open });
    writeFiles(folder, { 'agents/a/capabilities.yaml': strict });
    const { status } = await command(path.join(folder, 'agents/a'), 'breaking', '--against', 'git:HEAD');
    expect(status).toBe(1);
  });

  it('reads the files that a contract refers to from the same commit', async () => {
    const reference = text({ $ref: 'url.json' });
    const folder = createRepository({ 'capabilities.yaml': reference, 'url.json': '{ "type": "string" }' });
    writeFiles(folder, { 'url.json': '{ "type": "string", "maxLength": 10 }' });
    const { status, stdout } = await command(folder, 'breaking', '--against', 'git:HEAD');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^url\.json:1:\d+ error input-bound-tightened/m);
  });

  it('compares with a folder and with a file', async () => {
    const folder = createScratch({ 'capabilities.yaml': strict, 'old/capabilities.yaml': open, 'v1.yaml': open });
    for (const against of ['old', 'v1.yaml', path.join(folder, 'v1.yaml')]) {
      expect((await command(folder, 'breaking', '--against', against)).status).toBe(1);
    }
    expect((await command(folder, 'breaking', '--against', 'capabilities.yaml')).status).toBe(0);
  });

  it('compares several folders with one commit, and fails where one of them breaks', async () => {
    const folder = createRepository({ 'a/capabilities.yaml': open, 'b/capabilities.yaml': open });
    writeFiles(folder, { 'b/capabilities.yaml': strict });
    const { status, stderr } = await command(folder, 'breaking', '--against', 'git:HEAD', 'a', 'b');
    expect(status).toBe(1);
    expect(stderr).toContain('a: 0 breaking');
    expect(stderr).toContain('b: 1 breaking');
  });

  it('leaves warnings to --strict', async () => {
    const described = (description: string): string =>
      contractText({ capabilities: [capability('review', true, { description })] });
    const folder = createScratch({ 'capabilities.yaml': described('A.'), 'old.yaml': described('B.') });
    expect((await command(folder, 'breaking', '--against', 'old.yaml')).status).toBe(0);
    expect((await command(folder, 'breaking', '--against', 'old.yaml', '--strict')).status).toBe(1);
  });

  it('fails where there was nothing to compare', async () => {
    const nothing = contractText({});
    const folder = createScratch({ 'capabilities.yaml': nothing, 'old.yaml': nothing });
    const { status, stderr } = await command(folder, 'breaking', '--against', 'old.yaml');
    expect(status).toBe(1);
    expect(stderr).toContain('Nothing was compared');
  });

  it('prints every finding as JSON, those that are accepted among them', async () => {
    const folder = createScratch({ 'capabilities.yaml': strict, 'old.yaml': open });
    const run = () => command(folder, 'breaking', '--against', 'old.yaml', '--format', 'json');
    const find = async (): Promise<{ status: number; finding: Record<string, unknown> }> => {
      const { status, stdout } = await run();
      const { findings } = JSON.parse(stdout) as { findings: [Record<string, unknown>] };
      return { status, finding: findings[0] };
    };
    const { status, finding } = await find();
    const { fingerprint, ...data } = finding['data'] as Record<string, unknown>;
    expect(status).toBe(1);
    expect(data).toEqual({ dimension: 'WIRE', verdict: 'breaking', bump: 'major', capabilities: ['review'] });
    const entry = { change: fingerprint, rule: finding['code'], reason: 'Nobody calls it.', until: '9999-12-31' };
    writeFiles(folder, { 'accepted-changes.yaml': JSON.stringify({ version: 1, accepted: [entry] }) });
    const accepted = await find();
    expect(accepted.status).toBe(0);
    expect(JSON.stringify(accepted.finding)).toContain('Nobody calls it.');
  });

  it('prints the problems of a new contract that does not compile', async () => {
    const folder = createScratch({ 'capabilities.yaml': text({ type: 'strng' }), 'old.yaml': open });
    const { status, stdout, stderr } = await command(folder, 'breaking', '--against', 'old.yaml');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^capabilities\.yaml:1:\d+ error unknown-type: /m);
    expect(stderr).toContain('1 problem; nothing was compared.');
  });
});

describe('an old version that cannot be had', () => {
  const contract = { 'capabilities.yaml': open };

  it.each([
    ['no option', [], /required option/],
    ['a commit that does not exist', ['--against', 'git:nowhere'], /has no commit "nowhere"; fetch it first/],
    ['an empty name', ['--against', 'git:'], /"git:" names no commit/],
    ['a name that is an option of git', ['--against', 'git:--output=x'], /"git:--output=x" names no commit/],
    ['a path that does not exist', ['--against', 'nowhere.yaml'], /There is no nowhere\.yaml/],
    ['one path for two folders', ['--against', 'a.yaml', '.', 'b'], /cannot be the old version of several folders/],
  ])('%s ends with 2 and a sentence', async (_, args, sentence) => {
    const folder = createRepository(contract);
    const { status, stdout, stderr } = await command(folder, 'breaking', ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(sentence);
    expect(readdirSync(folder).sort()).toEqual(['.git', 'capabilities.yaml']);
  });

  it('that lies in no repository ends with 2', async () => {
    const { status, stderr } = await command(createScratch(contract), 'breaking', '--against', 'git:HEAD');
    expect(status).toBe(2);
    expect(stderr).toMatch(/is not in a git repository/);
  });

  it('that does not compile today ends with 2 and says why', async () => {
    const folder = createRepository({ 'capabilities.yaml': text({ type: 'strng' }) });
    writeFiles(folder, contract);
    const { status, stderr } = await command(folder, 'breaking', '--against', 'git:HEAD');
    expect(status).toBe(2);
    expect(stderr).toMatch(
      /^The old contract does not compile today \(git:HEAD:capabilities\.yaml:1:\d+ unknown-type: /,
    );
  });

  it('that is a link at the commit is not followed', async () => {
    const folder = createScratch({ 'real.yaml': open });
    symlinkSync('real.yaml', path.join(folder, 'capabilities.yaml'));
    git(folder, 'init', '-q', '-b', 'main');
    commit(folder);
    const { status, stderr } = await command(folder, 'breaking', '--against', 'git:HEAD');
    expect(status).toBe(2);
    expect(stderr).toContain('There is no file git:HEAD:capabilities.yaml.');
  });

  it('whose names a shell, a pattern or an option could take for something else is read as it is called', async () => {
    const name = 'a $(touch x) *?';
    const folder = createRepository({ [`${name}/capabilities.yaml`]: open });
    writeFiles(folder, { [`${name}/capabilities.yaml`]: strict });
    git(folder, 'branch', 'a;b');
    const { status, stdout } = await command(folder, 'breaking', '--against', 'git:a;b', name);
    expect(stdout).toContain('input-property-required');
    expect(status).toBe(1);
  });
});
