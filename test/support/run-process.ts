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
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) tellGroup(child, 'SIGKILL');
  }
});

function tellGroup({ pid }: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, signal);
}

/** Starts a program that `buildProgram` has built, without the keys of whoever runs the tests. */
export function startRun(
  program: string,
  cwd: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunProcess {
  return start(process.execPath, [path.join(program, 'src/cli.js'), 'run', ...args], cwd, environment);
}

/** Starts what somebody types at a shell, in which `bin` has the commands. */
export function startShell(
  bin: string,
  cwd: string,
  script: string,
  environment: Readonly<Record<string, string>> = {},
): RunProcess {
  const PATH = [bin, process.env['PATH'] ?? ''].join(path.delimiter);
  // It waits for what it runs, and ends with its status.
  return start('sh', ['-ec', `trap : INT TERM\n${script}`], cwd, { PATH, ...environment });
}

function start(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): RunProcess {
  const { PATH = '' } = process.env;
  // A group of its own, since a terminal sends a signal to all that a shell has started.
  const child = spawn(command, args, {
    cwd,
    env: { PATH, DECLARAGENT_CACHE_DIR: '', ...environment },
    detached: true,
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
    signal: (signal) => tellGroup(child, signal),
    says: (text) => vi.waitFor(() => expect(stderr).toContain(text), { timeout: 60_000, interval: 20 }),
    status: new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal))),
  };
}
