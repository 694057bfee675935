#!/usr/bin/env node
import { EXIT, type ExitCode } from './exit.js';
import { processIo } from './io.js';
import { run } from './program.js';

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
