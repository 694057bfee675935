import path from 'node:path';
import type { Command } from 'commander';
import type { LintLevel } from '../../generator/lint/index.js';
import { agentFolders, folderLabel, pathPrefix } from '../agent-folders.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { formatOption, resolveFormat } from '../report/format.js';
import type { Finding, Report } from '../report/report.js';

interface Flags {
  readonly maxWarnings?: string;
  readonly rule: readonly string[];
  readonly format?: string;
}

export function addLintCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('lint')
    .summary('say what is unwise in the contract files')
    .description(
      'Reads capabilities.yaml in each folder and says what is unwise or surely a mistake, though codegen takes it. A ' +
        'comment "# declaragent-ignore rule-id: the reason" at the end of the line, or on the line above, accepts a finding.',
    )
    .argument('[dir...]', "agents' folders (default: the working folder)")
    .option('--max-warnings <number>', 'exit 1 when there are more warnings than this')
    .option(
      '--rule <id=level>',
      'report a rule as error, warning or note, or not at all (off); strict-* means several; repeatable',
      collect,
      [],
    )
    .addOption(formatOption(program))
    .addHelpText('after', EXAMPLES)
    .action(async (directories: string[], flags: Flags) => exit(await runLint(directories, flags, io)));
}

const EXAMPLES = `
Exit status: 0 no error, 1 an error, too many warnings, an invalid file or nothing to look at, 2 wrong usage,
70 a bug in declaragent.

Try:
  declaragent lint                                 in an agent's folder
  declaragent lint --max-warnings 0 agents/*       in CI: fails on any warning
  declaragent lint --rule 'strict-*=warning'       where models must be able to fill inputs in strict tool mode
  declaragent explain strict-optional              why a rule is there, and what to do`;

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

async function runLint(directories: readonly string[], flags: Flags, io: Io): Promise<ExitCode> {
  const levels = await readLevels(flags.rule, io);
  const most = readLimit(flags.maxWarnings, io);
  const folders = agentFolders(directories, io);
  if (levels === null || most === null || folders.length === 0) return EXIT.usage;
  const { countFindings, joinReports, writeReport } = await import('../report/index.js');
  const { count } = await import('../report/words.js');
  const reports: Report[] = [];
  let linted = 0;
  let isRefused = false;
  for (const folder of folders) {
    const { report, capabilities } = await lintFolder(folder, levels, io);
    reports.push(report);
    if (capabilities === null) isRefused = true;
    else linted += capabilities;
  }
  const joined = joinReports('lint', reports);
  const { error, warning, note, accepted } = countFindings(joined.findings);
  const isTooMany = warning > most;
  const sentences = [
    ...(joined.summary === '' ? [] : [joined.summary]),
    `${count(error, 'error')}, ${count(warning, 'warning')}, ${count(note, 'note')}, ${accepted} accepted in ${count(linted, 'capability', 'capabilities')}.`,
    ...(isTooMany ? [`More than ${count(most, 'warning')} (--max-warnings ${most}).`] : []),
    ...(linted === 0 && !isRefused
      ? ['Nothing was looked at: no folder has a capabilities.yaml with a capability.']
      : []),
  ];
  writeReport({ ...joined, summary: sentences.join('\n') }, resolveFormat(flags.format, io.environment), io);
  return error > 0 || isTooMany || isRefused || linted === 0 ? EXIT.findings : EXIT.done;
}

interface LintedFolder {
  readonly report: Report;
  /** How many were looked at; null where codegen would refuse the contract. */
  readonly capabilities: number | null;
}

async function lintFolder(folder: string, levels: Levels, io: Io): Promise<LintedFolder> {
  const { lint, LINT_RULES } = await import('../../generator/lint/index.js');
  const { ContractError } = await import('../../generator/index.js');
  const { relocate, relocateSources } = await import('../report/relocate.js');
  const prefix = pathPrefix(folder);
  try {
    const { findings, sources, capabilities } = lint({ directory: path.resolve(io.cwd, folder), levels });
    if (capabilities === null) io.stderr(`Note: ${folderLabel(folder)}there is no capabilities.yaml to look at.\n`);
    const report: Report = {
      command: 'lint',
      findings: findings.map(({ accepted, ...finding }): Finding => {
        const moved = relocate(finding, prefix);
        return accepted === undefined ? moved : { ...moved, accepted: { kind: 'inSource', reason: accepted } };
      }),
      sources: relocateSources(sources, prefix),
      summary: '',
      rules: LINT_RULES.map(({ id, meaning, why, fix }) => ({ code: id, meaning, why, fix })),
    };
    return { report, capabilities: capabilities ?? 0 };
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const { problemReport } = await import('../report/problems.js');
    const report = problemReport('lint', folder, error, '; lint looks at contracts that codegen takes.');
    return { report, capabilities: null };
  }
}

type Levels = ReadonlyMap<string, LintLevel | 'off'>;

const LEVELS: readonly (LintLevel | 'off')[] = ['error', 'warning', 'note', 'off'];

/** The levels that the command line sets; null, with a sentence, where one of them makes no sense. */
async function readLevels(rules: readonly string[], io: Io): Promise<Levels | null> {
  const levels = new Map<string, LintLevel | 'off'>();
  if (rules.length === 0) return levels;
  const { LINT_RULES } = await import('../../generator/lint/index.js');
  const { nearest } = await import('../../generator/index.js');
  for (const rule of rules) {
    const [id = '', word] = rule.split('=', 2);
    const level = LEVELS.find((candidate) => candidate === word);
    const ids = LINT_RULES.map((row) => row.id);
    const meant = ids.filter((known) => (id.endsWith('*') ? known.startsWith(id.slice(0, -1)) : known === id));
    if (meant.length === 0) {
      const near = nearest(id, ids);
      io.stderr(
        `There is no rule "${id}"${near === undefined ? '.' : `; did you mean "${near}"?`} Run declaragent explain.\n`,
      );
      return null;
    }
    if (level === undefined) {
      io.stderr(`Give the rule "${id}" a level: --rule ${id}=off, ${id}=note, ${id}=warning or ${id}=error.\n`);
      return null;
    }
    for (const known of meant) levels.set(known, level);
  }
  return levels;
}

/** How many warnings are let pass; null, with a sentence, where the word is no number. */
function readLimit(word: string | undefined, io: Io): number | null {
  if (word === undefined) return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(word)) return Number(word);
  io.stderr(`--max-warnings takes a number, such as 0, and not "${word}".\n`);
  return null;
}
