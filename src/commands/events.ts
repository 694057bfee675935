import type { Command } from 'commander';
import type { ListOptions } from '../events/list-events.js';
import type { ExitCode } from '../exit.js';
import type { Io } from '../io.js';

type Flags = Omit<ListOptions, 'folders'>;

export function addEventsCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  const events = program
    .command('events')
    .summary('show what happened: every hop of every message')
    .description('Shows what agents have logged in .declaragent/events/ of their folders.');
  events
    .command('list')
    .summary('list hops, or show one chain of calls as a waterfall')
    .description(
      'Lists the hops of messages as agents have logged them: those of the folders that are named, of agents below them, and ' +
        'of peers whose contract lies in a folder of its own. With a correlation it puts the hops of all of them together.',
    )
    .argument('[dir...]', "agents' folders, or folders above them (default: the working folder)")
    .option('--agent <file>', 'an agent.yaml, or its folder; repeatable', collect, [])
    .option('--correlation <id>', 'one chain of calls, as a waterfall; the beginning of its id will do')
    .option('--failed', 'only what went wrong')
    .option('--since <time>', 'from then on: 30s, 15m, 2h, 7d, or a date such as 2026-01-31T12:00:00Z')
    .option(
      '--last <number>',
      'how many hops are listed at most (default: 500, 5000 with --html, all with --json or --correlation)',
    )
    .option('--follow', 'go on with what is written from now on, until a signal')
    .option('--json', 'print one JSON document; a JSON object a line with --follow')
    .option('--html <file>', 'write a page that opens without a network; - for stdout')
    .addHelpText('after', EXAMPLES)
    .action(async (folders: string[], flags: Flags) => {
      const { listEvents } = await import('../events/list-events.js');
      exit(await listEvents({ ...flags, folders }, io));
    });
  events.addHelpText('after', '\nTry:\n  declaragent events list --help');
}

const EXAMPLES = `
Exit status: 0 done, also where nothing was found, 2 wrong usage, 3 a file cannot be read or written, 70 a bug in declaragent,
130 or 143 after a signal.

Try:
  declaragent events list                               in an agent's folder, or in one above several
  declaragent events list --failed --since 15m          what has just gone wrong
  declaragent events list --correlation 0199c2f4        one chain of calls, across all agents
  declaragent events list --correlation 0199c2f4 --html chain.html
  declaragent events list --follow --json | jq .code    as it happens, for programs`;

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}
