import type { ExitCode } from '../../src/exit.js';
import { run } from '../../src/program.js';

export interface Finished {
  readonly status: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
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
  });
  return { status, stdout, stderr };
}
