import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { buildProgram } from '../support/program.js';
import { createScratch, writeFiles } from '../support/scratch.js';

let program: string;
beforeAll(() => {
  program = buildProgram();
});

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

interface Watched {
  /** All that was said so far. */
  said(): string;
  readonly child: ChildProcess;
}

/** Starts `codegen --watch` in a folder, and waits for its first run. */
async function watching(folder: string, ...args: readonly string[]): Promise<Watched> {
  const child = spawn(process.execPath, [path.join(program, 'src/cli.js'), 'codegen', '--watch', ...args], {
    cwd: folder,
  });
  running.push(child);
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await vi.waitFor(() => expect(text).toContain('Waiting for changes.'), WAIT);
  return { said: () => text, child };
}

const WAIT = { timeout: 15_000, interval: 20 };

function contractWith(property: string): string {
  const input = { type: 'object', properties: { [property]: { type: 'string' } } };
  return contractText({ capabilities: [capability('review', input)] });
}

describe('codegen --watch', () => {
  test('generates again when the contract changes', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractWith('before') });
    await watching(folder);
    const file = path.join(folder, 'generated/a/capabilities/review.gen.ts');
    expect(readFileSync(file, 'utf8')).toContain('before?: string');
    writeFiles(folder, { 'capabilities.yaml': contractWith('after') });
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('after?: string'), WAIT);
  });

  test('generates again when a file changes that a reference or a peer names', async () => {
    const shared = (property: string): string => JSON.stringify({ Place: { properties: { [property]: {} } } });
    const peer = (property: string): string =>
      contractText({ agent: 'agent://peer', capabilities: [capability('ask', { properties: { [property]: {} } })] });
    const project = createScratch({
      '.git/HEAD': '',
      'peer/capabilities.yaml': peer('first'),
      'own/schemas/shared.yaml': shared('town'),
      'own/capabilities.yaml': contractText({
        capabilities: [capability('visit', { $ref: './schemas/shared.yaml#/Place' })],
      }),
      'own/rpc-peers.yaml': JSON.stringify({
        version: 1,
        peers: [{ agent: 'agent://peer', transports: [{ kind: 'memory' }], contract: '../peer/capabilities.yaml' }],
      }),
    });
    const folder = path.join(project, 'own');
    await watching(folder);
    writeFiles(folder, { 'schemas/shared.yaml': shared('street') });
    const place = path.join(folder, 'generated/a/definitions/Place.gen.ts');
    await vi.waitFor(() => expect(readFileSync(place, 'utf8')).toContain('street?: unknown'), WAIT);
    writeFiles(project, { 'peer/capabilities.yaml': peer('second') });
    const ask = path.join(folder, 'generated/peer/capabilities/ask.gen.ts');
    await vi.waitFor(() => expect(readFileSync(ask, 'utf8')).toContain('second?: unknown'), WAIT);
  });

  test('follows a file wherever it lies, beside the output or in a hidden folder', async () => {
    const shared = (property: string): string => JSON.stringify({ Place: { properties: { [property]: {} } } });
    const visit = capability('visit', { $ref: './lib/shared.yaml#/Place' });
    const hide = capability('hide', { $ref: './.schemas/hidden.yaml#/Nook' });
    const folder = createScratch({
      'lib/shared.yaml': shared('first'),
      '.schemas/hidden.yaml': shared('first').replace('Place', 'Nook'),
      'capabilities.yaml': contractText({
        capabilities: [visit, hide],
      }),
    });
    await watching(folder, '--out', 'lib/gen');
    writeFiles(folder, { 'lib/shared.yaml': shared('second') });
    const place = path.join(folder, 'lib/gen/a/definitions/Place.gen.ts');
    await vi.waitFor(() => expect(readFileSync(place, 'utf8')).toContain('second?: unknown'), WAIT);
    writeFiles(folder, { '.schemas/hidden.yaml': shared('third').replace('Place', 'Nook') });
    const nook = path.join(folder, 'lib/gen/a/definitions/Nook.gen.ts');
    await vi.waitFor(() => expect(readFileSync(nook, 'utf8')).toContain('third?: unknown'), WAIT);
  });

  test('keeps the last good output on an error, says it, and goes on', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractWith('good') });
    const { said, child } = await watching(folder);
    const file = path.join(folder, 'generated/a/capabilities/review.gen.ts');
    const { mtimeMs } = statSync(file);
    writeFiles(folder, { 'capabilities.yaml': 'version: [\n' });
    await vi.waitFor(() => expect(said()).toContain('yaml-syntax'), WAIT);
    expect(statSync(file).mtimeMs).toBe(mtimeMs);
    writeFiles(folder, { 'capabilities.yaml': contractWith('mended') });
    await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('mended?: string'), WAIT);
    expect(child.exitCode).toBeNull();
  });

  test.each(['--check', '--diff'])('is not for use with %s', async (flag) => {
    const { status, stderr } = await command(createScratch(), 'codegen', '--watch', flag);
    expect(status).toBe(2);
    expect(stderr).toBe('--watch writes what differs, and --check and --diff only show it; give one of them.\n');
  });
});

describe('codegen --diff', () => {
  test('shows each file that differs as a patch that git takes', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractWith('before') });
    await command(folder, 'codegen', '--no-skills');
    writeFiles(folder, { 'capabilities.yaml': contractWith('after') });
    const { status, stdout } = await command(folder, 'codegen', '--diff', '--no-skills');
    expect(status).toBe(1);
    expect(stdout).toContain('stale    generated/a/capabilities/review.gen.ts\n');
    const patch = stdout.slice(stdout.indexOf('--- '));
    const applied = spawnSync('git', ['apply', '-'], { cwd: folder, input: patch, encoding: 'utf8' });
    expect(applied.stderr).toBe('');
    expect((await command(folder, 'codegen', '--check', '--no-skills')).status).toBe(0);
  });

  test('shows files that are missing, and those that are left over', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractWith('a') });
    await command(folder, 'codegen', '--no-skills');
    const other = contractText({ capabilities: [capability('merge', { type: 'object' })] });
    writeFiles(folder, { 'capabilities.yaml': other });
    const { stdout } = await command(folder, 'codegen', '--diff', '--no-skills');
    expect(stdout).toContain('--- /dev/null\n+++ b/generated/a/capabilities/merge.gen.ts\n');
    expect(stdout).toContain('--- a/generated/a/capabilities/review.gen.ts\n+++ /dev/null\n');
  });

  test('is in the findings of other formats', async () => {
    const folder = createScratch({ 'capabilities.yaml': contractWith('a') });
    const { stdout } = await command(folder, 'codegen', '--diff', '--format', 'json');
    const { findings } = JSON.parse(stdout) as { findings: { data: { patch: string } }[] };
    expect(findings.length).toBeGreaterThan(5);
    for (const { data } of findings) expect(data.patch).toMatch(/^--- \/dev\/null\n\+\+\+ b\//);
  });
});
