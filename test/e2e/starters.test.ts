import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { TEMPLATES } from '../../src/init/choices.js';
import { run } from '../support/packages.js';
import { createScratch, repository, writeFiles } from '../support/scratch.js';

const QUIET = ['--no-audit', '--no-fund', '--prefer-offline'];
const PR = 'https://github.com/acme/app/pull/42';

describe('a new project from a checkout', () => {
  let folder: string;
  beforeAll(() => {
    folder = createScratch();
    run(repository, 'npm', 'run', 'build');
    const cli = path.join(repository, 'dist/src/cli.js');
    for (const template of TEMPLATES) {
      run(folder, process.execPath, cli, 'init', '--template', template, '--provider', 'offline');
      run(path.join(folder, template), 'npm', 'install', ...QUIET);
    }
  }, 240_000);

  it.each(TEMPLATES)('passes its own test, type check and drift check: %s', (template) => {
    const project = path.join(folder, template);
    expect(run(project, 'npm', 'test')).toMatch(/^# fail 0$/m);
    run(project, 'npm', 'run', 'typecheck');
    run(project, 'npm', 'run', 'check');
  });

  it('starts without a key, and says that it is offline and that its peer is not there', () => {
    const stdout = execFileSync('npm', ['start', '--silent'], {
      cwd: path.join(folder, 'rpc-client'),
      encoding: 'utf8',
      input: `Please review ${PR}\n`,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    expect(stdout).toContain('Offline: no model was asked.');
    expect(stdout).toContain(`- **prUrl**: ${PR}`);
    expect(stdout).toContain('EAGENTRPC_NO_RESPONDER');
  });

  it.each([
    ['rpc-server', 'skills/review-pr.ts', /A stub answered for \$\{prUrl\}/, 'A stub answered'],
    ['rpc-client', 'skills/delegate.md', /^\| `busy` .*$/m, ''],
  ])('has a test that fails where %s is broken', (template, file, text, other) => {
    const project = path.join(folder, template);
    const whole = run(project, 'cat', file);
    expect(whole).toMatch(text);
    writeFiles(project, { [file]: whole.replace(text, other) });
    try {
      expect(() => run(project, 'npm', 'test')).toThrow(/not ok|Command failed/);
    } finally {
      writeFiles(project, { [file]: whole });
    }
  });
});
