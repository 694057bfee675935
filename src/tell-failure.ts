import path from 'node:path';
import { EXIT, type ExitCode } from './exit.js';
import type { Io } from './io.js';
import { InvalidFolderError, OpenAgentError } from './open-agent-error.js';

/** What has not been done then. */
const NOTHING = {
  call: 'nothing was called',
  rpc: 'nothing was looked at',
  doctor: 'nothing was looked at',
  init: 'nothing was written',
  run: 'nothing was started',
} as const;

/** Says why an agent cannot be opened or connected, and what the exit status is; throws what is neither. */
export async function tellFailure(error: unknown, command: keyof typeof NOTHING, io: Io): Promise<ExitCode> {
  if (error instanceof OpenAgentError) {
    io.stderr(`${error.message}\n`);
    return error.exitCode;
  }
  if (!(error instanceof InvalidFolderError)) throw error;
  const { problemReport } = await import('./report/problems.js');
  const { writeReport } = await import('./report/index.js');
  const folder = path.relative(io.cwd, error.folder) || '.';
  writeReport(problemReport(command, folder, error.problems, `; ${NOTHING[command]}.`), 'pretty', io);
  return EXIT.findings;
}
