import type { ExitCode } from '../../src/exit.js';
import type { LineReader } from '../../src/line-reader.js';
import { run } from '../../src/program.js';

export interface Finished {
  readonly status: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines as a pipe brings them, or as somebody types them. */
export function linesOf(lines: readonly string[], isTerminal = false): LineReader {
  const left = [...lines];
  return { isTerminal, next: async () => left.shift(), close: () => left.splice(0) };
}

/** Runs the command line in a folder, without a process, and without the environment of the one that tests run in. */
export async function command(cwd: string, ...args: readonly string[]): Promise<Finished> {
  return commandWith({}, cwd, ...args);
}

/** The same with environment variables. */
export async function commandWith(
  environment: Readonly<Record<string, string>>,
  cwd: string,
  ...args: readonly string[]
): Promise<Finished> {
  return commandIn({ environment }, cwd, ...args);
}

export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  /** What comes in, line by line. */
  readonly lines?: readonly string[];
  /** Whether somebody types them. */
  readonly isTerminal?: boolean;
}

/** The same with whatever else is outside of the program. */
export async function commandIn(
  { environment = {}, lines = [], isTerminal = false }: Surroundings,
  cwd: string,
  ...args: readonly string[]
): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  const status = await run(args, {
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    columns: undefined,
    cwd,
    environment,
    draw: undefined,
    readLines: () => linesOf(lines, isTerminal),
    onSignal: () => () => {},
  });
  return { status, stdout, stderr };
}
