import type { Command } from 'commander';
import type { ExitCode } from '../exit.js';
import type { Io } from '../io.js';

interface Flags {
  readonly agent: readonly string[];
  readonly prompt: boolean;
  readonly verbose?: boolean;
}

export function addRunCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('run')
    .summary('run agents: serve their capabilities, and answer at a prompt')
    .description(
      'Connects each agent to its transports and serves its capabilities by its skills, TypeScript or Markdown. What is ' +
        'typed at the prompt, or comes line by line from a pipe, goes to the first agent that has peers to ask. Agents ' +
        'that only serve run until a signal.',
    )
    .option('--agent <file>', 'an agent.yaml, or its folder; repeatable (default: the working folder)', collect, [])
    .option('--no-prompt', 'serve only, until a signal')
    .option('--verbose', 'a line on stderr for each hop of a message, and what the model has used')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: Flags) => exit(await runCommand(flags, io)));
}

const EXAMPLES = `
Exit status: 0 no more lines, 1 an invalid file or missing code, 2 wrong usage, 3 a broker or the model cannot be reached,
4 the model failed, 70 a bug in declaragent, 130 or 143 after a signal. The first Ctrl-C waits for skills that run, the
second does not.

Try:
  declaragent run                                              in an agent's folder
  declaragent run --agent rpc-client --agent rpc-server        two agents in one process
  echo 'Please review https://…' | declaragent run --verbose   one line, and each hop of what it leads to`;

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

async function runCommand({ agent, prompt, verbose = false }: Flags, io: Io): Promise<ExitCode> {
  const { agentFolderOf } = await import('../open-agent.js');
  const { runAgents } = await import('../run/run-agents.js');
  const { tellFailure } = await import('../tell-failure.js');
  const folders = [...new Set((agent.length === 0 ? ['.'] : agent).map((name) => agentFolderOf(name, io.cwd)))];
  try {
    return await runAgents({ folders, isVerbose: verbose, hasPrompt: prompt }, io);
  } catch (error) {
    return tellFailure(error, 'run', io);
  }
}
