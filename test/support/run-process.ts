import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { afterEach, expect, vi } from 'vitest';

/** `declaragent run` as a process. */
export interface RunProcess {
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Writes a line to its stdin. */
  readonly say: (line: string) => void;
  /** Ends its stdin. */
  readonly end: () => void;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Resolves when stderr says it. */
  readonly says: (text: string) => Promise<void>;
  /** Its exit status, or the signal that killed it. */
  readonly status: Promise<number | NodeJS.Signals | null>;
}

const children: ChildProcessWithoutNullStreams[] = [];
afterEach(() => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
});

/** Starts a program that `buildProgram` has built, without the keys of whoever runs the tests. */
export function startRun(
  program: string,
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunProcess {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [path.join(program, 'src/cli.js'), 'run', ...args], {
    cwd,
    env: { PATH, DECLARAGENT_CACHE_DIR: '', ...environment },
  });
  children.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    say: (line) => child.stdin.write(`${line}\n`),
    end: () => child.stdin.end(),
    signal: (signal) => child.kill(signal),
    says: (text) => vi.waitFor(() => expect(stderr).toContain(text), { timeout: 60_000, interval: 20 }),
    status: new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal))),
  };
}
