import { Argument, type Command } from 'commander';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';

type Shell = 'bash' | 'zsh' | 'fish';

export function addCompletionCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('completion')
    .summary('print a script that completes commands in a shell')
    .description(
      'Prints a script for the shell. It completes commands, options and their choices, and for call the agents and ' +
        'capabilities whose generated code lies in the working folder.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: Shell) => {
      const { describeCommands } = await import('../completion/describe-commands.js');
      const { scriptFor } = await import('../completion/scripts.js');
      io.stdout(scriptFor(shell, describeCommands(program)));
      exit(EXIT.done);
    });
}

const EXAMPLES = `
Exit status: 0 done, 2 there is no such shell, 70 a bug in declaragent.

Try:
  eval "$(declaragent completion bash)"                                              in ~/.bashrc
  eval "$(declaragent completion zsh)"                                               in ~/.zshrc, after compinit
  declaragent completion fish > ~/.config/fish/completions/declaragent.fish`;
