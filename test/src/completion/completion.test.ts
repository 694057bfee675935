import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAgents } from '../../support/agents.js';
import { command } from '../../support/command.js';

let client: string;
beforeAll(async () => {
  client = path.join(await createAgents(), 'client');
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { status, stdout } = await command(client, 'completion', shell);
    expect(status).toBe(0);
    writeFileSync(path.join(client, `completion.${shell}`), stdout);
  }
}, 60_000);

/** Whether a shell is there to try it in. */
function has(shell: string): boolean {
  if (spawnSync(shell, ['--version']).status === 0) return true;
  console.warn(`Completion in ${shell} is not tested: it is not installed here.`);
  return false;
}

/** What each shell offers after some words. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['declaragent rp', ['rpc']],
  ['declaragent rpc ', ['peers', 'capabilities', 'help']],
  ['declaragent rpc peers --v', ['--verify']],
  ['declaragent events list --f', ['--failed', '--follow']],
  ['declaragent completion ', ['bash', 'zsh', 'fish']],
  ['declaragent call ', ['agent://pr-reviewer']],
  ['declaragent call agent://pr-reviewer ', ['review-pr']],
  ['declaragent call --timeout 50 --json agent://pr-reviewer re', ['review-pr']],
];

describe.skipIf(!has('bash'))('completion in bash', () => {
  const complete = (line: string): string[] => {
    const script = `source ./completion.bash
COMP_LINE=$1 COMP_POINT=\${#1} COMPREPLY=()
_declaragent
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const text = execFileSync('bash', ['--norc', '-c', script, 'bash', line], { cwd: client, encoding: 'utf8' });
    return text.split('\n').filter((word) => word !== '');
  };

  it.each(CASES)('of %j', (line, words) => {
    expect(complete(line)).toEqual(words);
  });

  it('offers every command', () => {
    expect(complete('declaragent ')).toEqual(
      expect.arrayContaining(['codegen', 'run', 'call', 'rpc', 'events', 'doctor', 'explain', 'completion']),
    );
  });

  it('offers what an option can be', () => {
    expect(complete('declaragent lint --format ')).toEqual(['pretty', 'json', 'github', 'sarif']);
  });

  it('puts in what follows a colon, where bash breaks words', () => {
    expect(complete('declaragent call agent:')).toEqual(['//pr-reviewer']);
    expect(complete('declaragent call agent://pr-r')).toEqual(['//pr-reviewer']);
  });

  it('runs nothing that a name of a file says', () => {
    const hostile = path.join(client, 'generated', '$(touch${IFS}PWNED)');
    mkdirSync(hostile, { recursive: true });
    writeFileSync(path.join(hostile, 'index.ts'), '');
    expect(complete('declaragent call ')).toEqual(['agent://pr-reviewer']);
    expect(existsSync(path.join(client, 'PWNED'))).toBe(false);
    rmSync(hostile, { recursive: true });
  });

  it('offers no agent where there is none', () => {
    const script =
      'source ./completion.bash; cd /; COMP_LINE="declaragent call " COMP_POINT=17; _declaragent; echo "${#COMPREPLY[@]}"';
    expect(execFileSync('bash', ['--norc', '-c', script], { cwd: client, encoding: 'utf8' })).toBe('0\n');
  });
});

describe.skipIf(!has('fish'))('completion in fish', () => {
  it.each(CASES)('of %j', (line, words) => {
    const script = 'source ./completion.fish; complete -C $argv[1]';
    const options = { cwd: client, encoding: 'utf8' } as const;
    const { stdout: text, stderr } = spawnSync('fish', ['--no-config', '-c', script, line], options);
    expect(stderr).toBe('');
    const offered = text.split('\n').flatMap((row) => (row === '' ? [] : [row.split('\t')[0]]));
    expect(offered.sort()).toEqual([...words].sort());
  });
});

describe.skipIf(!has('zsh'))('completion in zsh', () => {
  /** Presses a tab on a terminal of zsh's own. */
  const press = (line: string): string => {
    const script = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1='> '; autoload -U compinit; compinit -u -D; source ./completion.zsh; echo is''ready"
zpty -r shell answer $'*isready\\r*'
zpty -w -n shell $'${line}\\t'
sleep 1
zpty -r -t shell answer
while zpty -r -t shell more; do answer+=$more; done
print -r -- $answer
zpty -d shell`;
    return execFileSync('zsh', ['-f', '-c', script], {
      cwd: client,
      encoding: 'utf8',
      env: { ...process.env, TERM: 'dumb' },
    });
  };

  it.each([
    ['declaragent rp', 'rpc'],
    ['declaragent rpc peers --v', '--verify'],
    ['declaragent call ag', 'agent://pr-reviewer'],
    ['declaragent call agent://pr-reviewer r', 'review-pr'],
  ])('of %j', (line, word) => {
    expect(press(line)).toContain(word);
  });
});

describe('completion', () => {
  it('knows three shells', async () => {
    const { status, stdout, stderr } = await command(client, 'completion', 'tcsh');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('Allowed choices are bash, zsh, fish.');
  });
});
