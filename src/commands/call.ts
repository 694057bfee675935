import type { Command } from 'commander';
import type { ExitCode } from '../exit.js';
import type { Io } from '../io.js';

interface Flags {
  readonly input?: string;
  readonly timeout?: string;
  readonly agent: string;
  readonly json?: boolean;
}

export function addCallCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('call')
    .summary('call one capability of an agent')
    .description(
      "Calls a capability of a peer that rpc-peers.yaml names with its contract, or of the folder's own agent, and prints its " +
        'output as JSON. The input is held against the schema first. What is reached by memory is served in this process ' +
        'for the call, from the folder in which its contract lies.',
    )
    .argument('<agent>', 'the address, such as agent://pr-reviewer')
    .argument('<capability>', 'its name, such as review-pr')
    .option('--input <json>', 'the input; - reads it from stdin (default: {})')
    .option('--timeout <ms>', 'how long it may take, 1 to 600000 (default: what the contract says)')
    .option('--agent <file>', "the caller's agent.yaml, or its folder", '.')
    .option('--json', 'print how it ended as one JSON document, whatever that is')
    .addHelpText('after', EXAMPLES)
    .action(async (agent: string, capability: string, flags: Flags) => {
      const { callAgent } = await import('../call/call-agent.js');
      exit(await callAgent({ to: agent, capability, ...flags }, io));
    });
}

const EXAMPLES = `
Exit status: 0 it answered, 1 the input breaks the schema or a file is wrong, 2 wrong usage, 3 a broker cannot be reached or
its driver is not installed, 4 it ended with error, timeout, busy or abandoned, 70 a bug in declaragent, 130 or 143 after a
signal.

Try:
  declaragent call agent://pr-reviewer review-pr --input '{"prUrl":"https://…"}'
  echo '{"prUrl":"https://…"}' | declaragent call agent://pr-reviewer review-pr --input - | jq .verdict
  declaragent rpc capabilities --json            what an input has to be`;
