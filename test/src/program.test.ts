import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { contract } from '../support/agent-folder.js';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, repository } from '../support/scratch.js';

describe('the command line', () => {
  it('shows what a file name would do to the terminal instead of doing it', async () => {
    const folder = createScratch({ 'capabilities.yaml': contract, 'skills/\u001b[31mred.ts': '' });
    const { stderr } = await command(folder, 'codegen');
    expect(stderr).toContain('skills/\\u001b[31mred.ts implements no capability');
    expect(stderr).not.toContain('\u001b');
  });

  it.each([[['codegen', '--chekc']], [['codgen']], [['codegen', '--out']]])('ends with 2 for %j', async (args) => {
    expect((await command(createScratch({ 'capabilities.yaml': contract }), ...args)).status).toBe(2);
  });

  it.each([[['--help']], [['--version']], [['codegen', '--help']]])(
    'ends with 0 for %j and prints to stdout only',
    async (args) => {
      const { status, stdout, stderr } = await command(createScratch(), ...args);
      expect({ status, stderr, printed: stdout !== '' }).toEqual({ status: 0, stderr: '', printed: true });
    },
  );

  it('says the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string };
    expect((await command(createScratch(), '--version')).stdout).toBe(`${version}\n`);
  });

  it('names the option that was probably meant', async () => {
    expect((await command(createScratch(), 'codegen', '--chekc')).stderr).toContain('--check');
  });
});

describe('the program as a process', () => {
  const cli = path.join(repository, 'dist/src/cli.js');

  it('ends with the status of the command, and its whole report reaches a pipe, without colour', () => {
    const wrong = Array.from({ length: 500 }, (_, index) => capability(`c${index}`, { type: 'strng' }));
    const cwd = createScratch({ 'capabilities.yaml': contractText({ capabilities: wrong }) });
    const env = { ...process.env, FORCE_COLOR: '1', GITHUB_ACTIONS: '' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'codegen'], { cwd, env, encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/500 problems; nothing was written\.\n$/);
    expect(stderr).not.toContain('\u001b');
  });

  it('ends with 2 on a mistake in the command line', () => {
    const { status, stdout } = spawnSync(process.execPath, [cli, 'codegen', '--nothing'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
