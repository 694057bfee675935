import { Command, CommanderError } from 'commander';
import { escapeControls } from '../generator/escape.js';
import { addBreakingCommand } from './commands/breaking.js';
import { addCallCommand } from './commands/call.js';
import { addCodegenCommand } from './commands/codegen.js';
import { addCompletionCommand } from './commands/completion.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEventsCommand } from './commands/events.js';
import { addExplainCommand } from './commands/explain.js';
import { addInitCommand } from './commands/init.js';
import { addLintCommand } from './commands/lint.js';
import { addRpcCommand } from './commands/rpc.js';
import { addRunCommand } from './commands/run.js';
import { EXIT, type ExitCode } from './exit.js';
import type { Io } from './io.js';
import { versionOfThisPackage } from './version.js';

/** Runs the command line on the given outside and says the exit status. Never touches the process. */
export async function run(args: readonly string[], outside: Io): Promise<ExitCode> {
  const io = withoutControls(outside);
  let exitCode: ExitCode = EXIT.done;
  const program = new Command('declaragent')
    .description('Typed contracts between agents: capabilities.yaml is the interface, the rest is generated.')
    .version(versionOfThisPackage(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .showHelpAfterError('Run with --help to see what is possible.')
    .configureOutput({
      writeOut: io.stdout,
      writeErr: io.stderr,
      getOutHelpWidth: () => io.columns ?? 100,
      getErrHelpWidth: () => io.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  const exit = (code: ExitCode): void => {
    exitCode = code;
  };
  addInitCommand(program, io, exit);
  addCodegenCommand(program, io, exit);
  addLintCommand(program, io, exit);
  addBreakingCommand(program, io, exit);
  addExplainCommand(program, io, exit);
  addRunCommand(program, io, exit);
  addCallCommand(program, io, exit);
  addRpcCommand(program, io, exit);
  addEventsCommand(program, io, exit);
  addDoctorCommand(program, io, exit);
  addCompletionCommand(program, io, exit);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    throw error;
  }
}

/** Names of files and texts of contracts come from others, and a terminal must not obey them. */
function withoutControls(io: Io): Io {
  return {
    ...io,
    stdout: (text) => io.stdout(escapeControls(text)),
    stderr: (text) => io.stderr(escapeControls(text)),
  };
}
