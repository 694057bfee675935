import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { TEMPLATES } from '../../../src/init/choices.js';
import { command, commandIn } from '../../support/command.js';
import { createScratch, readTree, repository, writeFiles } from '../../support/scratch.js';
import { swapBlock } from '../../support/starter-blocks.js';

const both = async (folder: string, ...order: readonly string[]): Promise<void> => {
  for (const template of order) {
    const { status, stderr } = await command(folder, 'init', '--template', template);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('npm install') });
  }
};

describe('init', () => {
  it.each(TEMPLATES)(
    'begins %s in a folder of that name, and lists its files and the next commands',
    async (template) => {
      const folder = createScratch();
      const { status, stdout, stderr } = await command(
        folder,
        'init',
        '--template',
        template,
        '--provider',
        'anthropic',
      );
      expect(status).toBe(0);
      const files = Object.keys(readTree(folder)).filter((file) => file.startsWith(`${template}/`));
      expect(stdout.trimEnd().split('\n').sort()).toEqual(files.sort());
      expect(stderr).toMatch(/^ {2}declaragent init rpc-\w+ --template rpc-\w+ --provider anthropic$/m);
      expect(stderr).toContain(`Next:\n  cd ${template}\n  npm install\n  npm test\n  npm start\n`);
      expect(readdirSync(folder)).toEqual([template]);
      const agent = readFileSync(path.join(folder, template, 'agent.yaml'), 'utf8');
      expect(agent).toMatch(/^provider: anthropic\nmodel: claude-haiku-4-5$/m);
    },
  );

  it.each([
    ['the client first', ['rpc-client', 'rpc-server']],
    ['the server first', ['rpc-server', 'rpc-client']],
  ])('leaves nothing for codegen to do, %s', async (_, order) => {
    const folder = createScratch();
    await both(folder, ...order);
    const { status, stderr } = await command(folder, 'codegen', '--check', 'rpc-client', 'rpc-server');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('all as the contract has them') });
  });

  it('makes the same client before its server and after it', async () => {
    const [before, after] = [createScratch(), createScratch()];
    await both(before, 'rpc-client', 'rpc-server');
    await both(after, 'rpc-server', 'rpc-client');
    const withoutPaths = (folder: string) => {
      const { 'rpc-client/package.json': _, 'rpc-server/package.json': __, ...files } = readTree(folder);
      return files;
    };
    expect(withoutPaths(before)).toEqual(withoutPaths(after));
  });

  it('makes a client of the contract that its server has by then', async () => {
    const folder = createScratch();
    await both(folder, 'rpc-server');
    const contract = path.join(folder, 'rpc-server/capabilities.yaml');
    writeFileSync(contract, readFileSync(contract, 'utf8').replace('[approve, ', '[approve, decline, '));
    await both(folder, 'rpc-client');
    const types = readFileSync(
      path.join(folder, 'rpc-client/generated/pr-reviewer/capabilities/review-pr.gen.ts'),
      'utf8',
    );
    expect(types).toContain("'decline'");
  });

  it('writes no client of a contract that has problems, and says where they are', async () => {
    const folder = createScratch({ 'rpc-server/capabilities.yaml': 'version: 2\n' });
    const { status, stderr } = await command(folder, 'init', '--template', 'rpc-client');
    expect(status).toBe(1);
    expect(stderr).toContain('rpc-server/capabilities.yaml:1:10');
    expect(stderr).toContain('nothing was written.');
    expect(readdirSync(folder)).toEqual(['rpc-server']);
  });

  it('has codegen say what to do in a client whose server is not there yet', async () => {
    const folder = createScratch();
    await both(folder, 'rpc-client');
    const { status, stderr, stdout } = await command(folder, 'codegen', 'rpc-client');
    expect(status).toBe(1);
    expect(stdout + stderr).toContain('The file ../rpc-server/capabilities.yaml does not exist.');
  });

  it('writes whole files, that hold no hole and nothing of this machine but where the packages are', async () => {
    const folder = createScratch();
    await both(folder, ...TEMPLATES);
    for (const [file, text] of Object.entries(readTree(folder))) {
      expect(text, file).toMatch(/[^\n]\n$/);
      expect(text.replaceAll('{{prUrl}}', ''), file).not.toMatch(/(?<!\$)\{\{/);
      if (!file.endsWith('package.json')) expect(text, file).not.toContain(path.basename(folder));
      if (file.endsWith('.json')) expect(() => JSON.parse(text), file).not.toThrow();
    }
    const contract = readFileSync(path.join(folder, 'rpc-server/capabilities.yaml'), 'utf8').replace(/^ *#.*\n/gm, '');
    const seed = readFileSync(path.join(repository, 'fixtures/valid/seed.yaml'), 'utf8');
    expect(contract.replace(/^ *description: .*\n/gm, '')).toBe(seed);
  });
});

describe('init asks', () => {
  const ask = (lines: readonly string[], ...args: string[]) =>
    commandIn({ lines, isTerminal: true }, createScratch(), 'init', '--dry-run', ...args);

  it.each([
    [['2', 'anthropic'], 'rpc-server/'],
    [['rpc-server', ''], 'rpc-server/'],
    [['', ''], 'rpc-client/'],
    [['three', '1', '1'], 'rpc-client/'],
  ])('at a terminal what is missing, and takes %j', async (lines, start) => {
    const { status, stdout, stderr } = await ask(lines);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining(start) });
    expect(stderr).toContain('Which project?');
    expect(stderr).toContain('Who answers?');
  });

  it('for nothing that was said', async () => {
    const { stderr } = await ask([''], '--template', 'rpc-server');
    expect(stderr).not.toContain('Which project?');
    expect((await ask([], '--template', 'rpc-server', '--provider', 'offline')).stderr).toBe('Nothing was written.\n');
  });

  it('and ends with 2 where nobody answers', async () => {
    expect(await ask([])).toMatchObject({ status: 2, stdout: '' });
  });

  it('for nothing without a terminal', async () => {
    const folder = createScratch();
    const { status, stdout, stderr } = await command(folder, 'init');
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: 'There is no terminal to ask at: give --template rpc-client or rpc-server, or --yes for rpc-client.\n',
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('for nothing with --yes, and takes the first of each', async () => {
    const folder = createScratch();
    const { status, stderr } = await commandIn({ isTerminal: true }, folder, 'init', '--yes');
    expect(status).toBe(0);
    expect(stderr).not.toContain('?');
    expect(readFileSync(path.join(folder, 'rpc-client/agent.yaml'), 'utf8')).toMatch(/^provider: offline$/m);
  });

  it.each([
    ['--template', 'other'],
    ['--provider', 'other'],
  ])('for nothing where %s is none that there is', async (...args) => {
    const { status, stderr } = await command(createScratch(), 'init', '--yes', ...args);
    expect(status).toBe(2);
    expect(stderr).toContain('Allowed choices are');
  });
});

describe('init, where something is already', () => {
  const SERVER = ['init', 'here', '--template', 'rpc-server'] as const;

  it('writes nothing, and names what is in the way', async () => {
    const folder = createScratch({ 'here/notes.txt': 'mine' });
    const { status, stderr } = await command(folder, ...SERVER);
    expect(status).toBe(2);
    expect(stderr).toContain('here is not empty (1 entry: notes.txt)');
    expect(readTree(folder)).toEqual({ 'here/notes.txt': 'mine' });
  });

  it('overwrites its own files with --force, and leaves all others', async () => {
    const folder = createScratch({
      'here/notes.txt': 'mine',
      'here/agent.yaml': 'old',
      'here/skills/other.ts': 'mine',
    });
    const { status } = await command(folder, ...SERVER, '--force');
    expect(status).toBe(0);
    const files = readTree(path.join(folder, 'here'));
    expect(files).toMatchObject({ 'notes.txt': 'mine', 'skills/other.ts': 'mine' });
    expect(files['agent.yaml']).toMatch(/^name: pr-reviewer$/m);
    expect(readdirSync(folder)).toEqual(['here']);
  });

  it.each(['here', '.'])('takes an empty folder, or one with a new repository, as %s', async (name) => {
    const folder = createScratch();
    mkdirSync(path.join(folder, name, '.git'), { recursive: true });
    const { status } = await command(folder, 'init', name, '--template', 'rpc-server');
    expect(status).toBe(0);
    expect(existsSync(path.join(folder, name, 'agent.yaml'))).toBe(true);
  });

  it('writes nowhere else through a link, even with --force', async () => {
    const folder = createScratch({ 'elsewhere/mine.ts': 'mine', 'here/notes.txt': 'mine' });
    symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, 'here/skills'));
    const { status, stderr } = await command(folder, ...SERVER, '--force');
    expect(status).toBe(2);
    expect(stderr).toContain('here/skills is no folder, and would be one; move it away.');
    expect(readdirSync(path.join(folder, 'elsewhere'))).toEqual(['mine.ts']);
    expect(readdirSync(path.join(folder, 'here'))).toEqual(['notes.txt', 'skills']);
  });

  it('is no folder where a file is in its place', async () => {
    const folder = createScratch({ here: 'mine' });
    expect(await command(folder, ...SERVER, '--force')).toMatchObject({
      status: 2,
      stderr: 'here is a file; name a folder.\n',
    });
  });

  it('is no folder below a file', async () => {
    const { status, stderr } = await command(createScratch({ file: '' }), 'init', 'file/here', '--yes');
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: 'file/here cannot be a folder (ENOTDIR); name another.\n',
    });
  });

  it('only lists what it would write with --dry-run', async () => {
    const folder = createScratch({ 'here/notes.txt': 'mine' });
    const dry = await command(folder, ...SERVER, '--force', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: 'Nothing was written.\n' });
    expect(readTree(folder)).toEqual({ 'here/notes.txt': 'mine' });
    const real = await command(folder, ...SERVER, '--force');
    expect(real.stdout).toBe(dry.stdout);
  });

  it('makes folders that are missing on the way', async () => {
    const folder = createScratch();
    expect(await command(folder, 'init', 'a/b/c', '--template', 'rpc-client')).toMatchObject({ status: 0 });
    expect(readdirSync(folder)).toEqual(['a']);
    expect(readdirSync(path.join(folder, 'a/b'))).toEqual(['c']);
  });
});

describe('the blocks of brokers in a new project', () => {
  const KINDS = ['kafka', 'nats', 'amqp', 'mqtt', 'sqs'];

  it.each(KINDS)('of %s are as the files want them, once they take the place of memory', async (kind) => {
    const folder = createScratch();
    await both(folder, ...TEMPLATES);
    for (const file of ['rpc-client/rpc-peers.yaml', 'rpc-server/capabilities.yaml']) {
      const text = readFileSync(path.join(folder, file), 'utf8');
      writeFiles(folder, { [file]: swapBlock(text, kind) });
    }
    const { status, stderr } = await command(folder, 'codegen', 'rpc-client', 'rpc-server');
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('problem') });
    for (const name of TEMPLATES) {
      const bus = readFileSync(path.join(folder, name, 'generated/bus.gen.ts'), 'utf8');
      expect(bus).toContain(`@declaragent/runtime/${kind}`);
      expect(bus).not.toContain('@declaragent/runtime/memory');
    }
  });
});
