import path from 'node:path';
import { type Command, Option } from 'commander';
import { EXIT, type ExitCode } from '../exit.js';
import { CHOICE_TEXTS, PROVIDERS, type ProviderName, TEMPLATES, type Template } from '../init/choices.js';
import type { Io } from '../io.js';

interface Flags {
  readonly template?: Template;
  readonly provider?: ProviderName;
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

export function addInitCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('init')
    .summary('begin a project: an agent that asks others, or one that is asked')
    .description(
      'Writes a small project that runs at once: agent.yaml, a contract or a table of peers, a skill, the generated code, a ' +
        'test and a workflow for CI. rpc-client is a concierge that has pull requests reviewed, rpc-server the reviewer that ' +
        'it asks; made side by side they run together.',
    )
    .argument('[dir]', 'the folder of the project (default: the name of the template)')
    .addOption(new Option('--template <name>', 'which project').choices(TEMPLATES))
    .addOption(
      new Option('--provider <name>', 'who answers: offline asks no model and needs no key').choices(PROVIDERS),
    )
    .option('--yes', `ask nothing, and take ${TEMPLATES[0]} and ${PROVIDERS[0]} for what is not said`)
    .option('--force', 'overwrite files in a folder that is not empty; others stay')
    .option('--dry-run', 'list what would be written, and write nothing')
    .addHelpText('after', EXAMPLES)
    .action(async (dir: string | undefined, flags: Flags) => exit(await initCommand(dir, flags, io)));
}

const EXAMPLES = `
Without a terminal nothing is asked: --template has to be there, and the provider is offline unless set.

Exit status: 0 done, 1 the contract of a peer has problems, 2 wrong usage or a folder that is not empty, 3 a folder that cannot
be written, 70 a bug in declaragent, 130 Ctrl-C.

Try:
  declaragent init --template rpc-client --provider offline     rpc-client/, which needs no key
  declaragent init --template rpc-server --provider anthropic   rpc-server/, beside it
  declaragent init reviewer --template rpc-server --dry-run     what would be in reviewer/`;

async function initCommand(dir: string | undefined, flags: Flags, io: Io): Promise<ExitCode> {
  const { createProject } = await import('../init/create-project.js');
  const { readTarget } = await import('../init/target.js');
  const { InitError } = await import('../init/init-error.js');
  const { NoAnswerError } = await import('../init/ask.js');
  const { tellFailure } = await import('../tell-failure.js');
  const { nextCommands } = await import('../init/next-commands.js');
  const { count } = await import('../report/words.js');
  try {
    const { template, provider } = await complete(flags, io);
    const name = dir ?? template;
    const target = readTarget(path.resolve(io.cwd, name), name, flags.force === true);
    const files = await createProject({ target, template, provider, isDryRun: flags.dryRun === true });
    io.stdout(files.map((file) => `${path.join(name, file)}\n`).join(''));
    if (flags.dryRun === true) io.stderr('Nothing was written.\n');
    else io.stderr(`Wrote ${count(files.length, 'file')}. Next:\n${nextCommands(target, template, flags.provider)}`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof InitError || error instanceof NoAnswerError) {
      io.stderr(`${error.message}\n`);
      return error.exitCode;
    }
    return tellFailure(error, 'init', io);
  }
}

/** Asks for what is missing, where there is somebody to ask. */
async function complete(
  { template, provider, yes = false }: Flags,
  io: Io,
): Promise<{ readonly template: Template; readonly provider: ProviderName }> {
  const { createAsker } = await import('../init/ask.js');
  const { InitError } = await import('../init/init-error.js');
  const [firstTemplate] = TEMPLATES;
  const [firstProvider] = PROVIDERS;
  if (yes) return { template: template ?? firstTemplate, provider: provider ?? firstProvider };
  if (template !== undefined && provider !== undefined) return { template, provider };
  const asker = createAsker(io);
  try {
    const chosen = template ?? (await asker.choose('Which project?', TEMPLATES, CHOICE_TEXTS));
    if (chosen === undefined) {
      throw new InitError(
        `There is no terminal to ask at: give --template ${TEMPLATES.join(' or ')}, or --yes for ${firstTemplate}.`,
        EXIT.usage,
      );
    }
    return {
      template: chosen,
      provider: provider ?? (await asker.choose('Who answers?', PROVIDERS, CHOICE_TEXTS)) ?? firstProvider,
    };
  } finally {
    asker.close();
  }
}
