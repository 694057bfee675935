import type { Command } from 'commander';
import type { ExitCode } from '../exit.js';
import type { Io } from '../io.js';

interface Flags {
  readonly agent: readonly string[];
  readonly timeout?: string;
  readonly json?: boolean;
}

export function addDoctorCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('doctor')
    .summary('say what an agent needs and does not have')
    .description(
      'Looks at what an agent needs to run: Node.js, packages, generated code, environment variables, the drivers of its ' +
        'brokers and the brokers themselves, which it connects to, the key of its model, and a place for its event log.',
    )
    .argument('[dir...]', "agents' folders (default: the working folder)")
    .option('--agent <file>', 'an agent.yaml, or its folder; repeatable', collect, [])
    .option('--timeout <ms>', 'how long a connection may take (default: 10000)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (folders: string[], flags: Flags) => {
      const { examine } = await import('../doctor/examine.js');
      exit(await examine({ ...flags, folders }, io));
    });
}

const EXAMPLES = `
Exit status: 0 all is well, or there are only warnings, 1 files or packages are wrong, 2 wrong usage, 3 something around the
agent is missing: a variable, a driver, a broker, a key, 70 a bug in declaragent.

Try:
  declaragent doctor                        in an agent's folder
  declaragent doctor rpc-client rpc-server
  declaragent doctor --json | jq '.folders[].checks[] | select(.status != "ok")'`;

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
