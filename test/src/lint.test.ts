import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, commandWith } from '../support/command.js';
import { createScratch, readTree, repository } from '../support/scratch.js';

function fixture(rule: string, name: 'fail' | 'pass'): string {
  return readFileSync(path.join(repository, 'fixtures/lint', rule, `${name}.yaml`), 'utf8');
}

const good = fixture('missing-timeout', 'pass');
const warning = fixture('missing-timeout', 'fail');
const note = fixture('strict-optional', 'fail');
const error = fixture('empty-range', 'fail');
const accepted = fixture('unused-suppression', 'pass');

describe('lint', () => {
  it.each([
    ['nothing to say', good, [], 0],
    ['a warning', warning, [], 0],
    ['an error', error, [], 1],
    ['a finding that is accepted', accepted, ['--max-warnings', '0'], 0],
    ['more warnings than are let pass', warning, ['--max-warnings', '0'], 1],
    ['as many warnings as are let pass', warning, ['--max-warnings', '1'], 0],
    ['an error that is only a warning here', error, ['--rule', 'empty-range=warning'], 0],
    ['a warning that is an error here', warning, ['--rule', 'missing-timeout=error'], 1],
    ['a warning of rules that are switched off', warning, ['--rule', 'missing-*=off', '--max-warnings', '0'], 0],
    ['a contract that codegen refuses', 'version: 2\n', [], 1],
    ['no capability', 'version: 1\nagent: agent://a\ntransports: [{ kind: memory }]\ncapabilities: []\n', [], 1],
    ['a rule that does not exist', good, ['--rule', 'empty-rnge=off'], 2],
    ['a level that does not exist', good, ['--rule', 'empty-range=loud'], 2],
    ['a note', note, ['--max-warnings', '0'], 0],
    ['a note that is a warning here', note, ['--rule', 'strict-*=warning', '--max-warnings', '0'], 1],
    ['a comment that is almost a suppression', fixture('malformed-suppression', 'fail'), [], 1],
    ['a limit that is no number', good, ['--max-warnings', 'few'], 2],
    ['a format that does not exist', good, ['--format', 'xml'], 2],
  ])('ends as it should with %s', async (_, text, args, status) => {
    expect((await command(createScratch({ 'capabilities.yaml': text }), 'lint', ...args)).status).toBe(status);
  });

  it('prints findings with frames to stdout, and the counts to stderr', async () => {
    const { stdout, stderr } = await command(createScratch({ 'a/capabilities.yaml': warning }), 'lint', 'a');
    expect(stdout).toMatch(/^a\/capabilities\.yaml:\d+:\d+ warning missing-timeout: /);
    expect(stderr).toBe('0 errors, 1 warning, 0 notes, 0 accepted in 1 capability.\n');
  });

  it('has nothing on stdout where there is nothing to say', async () => {
    expect((await command(createScratch({ 'capabilities.yaml': good }), 'lint')).stdout).toBe('');
  });

  it('counts notes apart', async () => {
    const { stdout, stderr } = await command(createScratch({ 'capabilities.yaml': note }), 'lint');
    expect(stdout).toContain(' note strict-optional: ');
    expect(stderr).toBe('0 errors, 0 warnings, 1 note, 0 accepted in 1 capability.\n');
  });

  it('shows the problems of a contract that codegen refuses, and goes on with the other folders', async () => {
    const folder = createScratch({ 'a/capabilities.yaml': 'version: 2\n', 'b/capabilities.yaml': warning });
    const { stdout } = await command(folder, 'lint', 'a', 'b');
    expect(stdout).toContain('a/capabilities.yaml:1:10 error wrong-value: ');
    expect(stdout).toContain('warning missing-timeout: ');
  });

  it('is one JSON document for several folders, accepted findings with their reason', async () => {
    const folder = createScratch({ 'a/capabilities.yaml': warning, 'b/capabilities.yaml': accepted });
    const { stdout, stderr } = await command(folder, 'lint', 'a', 'b', '--format', 'json');
    expect({ document: JSON.parse(stdout) as unknown, stderr }).toMatchObject({
      document: {
        command: 'lint',
        counts: { error: 0, warning: 1, note: 0, accepted: 1 },
        findings: [
          { code: 'missing-timeout', level: 'warning', place: { file: 'a/capabilities.yaml' } },
          {
            place: { file: 'b/capabilities.yaml' },
            accepted: { kind: 'inSource', reason: expect.any(String) as string },
          },
        ],
      },
      stderr: '',
    });
  });

  it('writes annotations by itself on GitHub Actions', async () => {
    const folder = createScratch({ 'capabilities.yaml': warning });
    const { stdout, stderr } = await commandWith({ GITHUB_ACTIONS: 'true' }, folder, 'lint');
    expect(stdout).toMatch(/^::warning file=capabilities\.yaml,line=\d+,/);
    expect(stderr).toContain('> ');
  });

  it('fails when no folder has a contract to look at', async () => {
    const folder = createScratch({ 'rpc-peers.yaml': 'version: 1\npeers: []\n' });
    const { status, stderr } = await command(folder, 'lint');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('Nothing was looked at') as string,
    });
  });

  it('passes over the folder of an agent that only calls, beside one with a contract', async () => {
    const folder = createScratch({ 'a/rpc-peers.yaml': 'version: 1\npeers: []\n', 'b/capabilities.yaml': good });
    expect((await command(folder, 'lint', 'a', 'b')).status).toBe(0);
  });

  it('names the rule that was probably meant', async () => {
    const { stderr } = await command(createScratch({ 'capabilities.yaml': good }), 'lint', '--rule', 'empty-rnge=off');
    expect(stderr).toContain('did you mean "empty-range"?');
  });

  it('writes nothing', async () => {
    const folder = createScratch({ 'capabilities.yaml': error });
    await command(folder, 'lint');
    expect(Object.keys(readTree(folder))).toEqual(['capabilities.yaml']);
  });
});
