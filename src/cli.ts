#!/usr/bin/env node
import { EXIT, type ExitCode } from './exit.js';
import { processIo } from './io.js';
import { run } from './program.js';

/** How long what an agent's code has left open may keep the process. */
const LEFT_OPEN_MS = 1_000;

// Whoever reads a pipe may have enough of it, as head has: the rest is not wanted, and nothing is wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.done);
});

const io = processIo();
let code: ExitCode;
try {
  code = await run(process.argv.slice(2), io);
} catch (error) {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr(
    `This is a bug in declaragent, and nothing you did wrong. Please report it with the lines below.\n${detail}\n`,
  );
  code = EXIT.bug;
}
// Setting the code instead of calling exit() lets what was printed reach a pipe.
process.exitCode = code;
// It keeps nothing alive by itself: most runs have ended before.
setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
