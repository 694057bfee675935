import path from 'node:path';
import type { Command } from 'commander';
import { agentFolders, folderLabel, pathPrefix } from '../agent-folders.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { formatOption, resolveFormat } from '../report/format.js';
import type { Finding, Report } from '../report/report.js';

interface Flags {
  readonly against: string;
  readonly strict?: boolean;
  readonly format?: string;
}

/** `now` is the clock, for changes that are accepted until a day. */
export function addBreakingCommand(
  program: Command,
  io: Io,
  exit: (code: ExitCode) => void,
  now: () => Date = () => new Date(),
): void {
  program
    .command('breaking')
    .summary('say what a change of a contract would break')
    .description(
      'Compares capabilities.yaml in each folder with an older version of it and says what the change breaks: on the ' +
        'wire, in source code, in how agents behave. What cannot be decided is never called safe.',
    )
    .argument('[dir...]', "agents' folders (default: the working folder)")
    .requiredOption('--against <version>', "git:REF, or the path of an agent's folder or of a capabilities file")
    .option('--strict', 'fail on warnings as well')
    .addOption(formatOption(program))
    .addHelpText('after', EXAMPLES)
    .action(async (directories: string[], flags: Flags) => {
      exit(await compareFolders(agentFolders(directories, io), flags, now(), io));
    });
}

const EXAMPLES = `
Exit status: 0 nothing breaks, 1 something breaks or cannot be decided, or nothing was compared, 2 wrong usage, or the old
version cannot be read, 70 a bug in declaragent.

Try:
  declaragent breaking --against git:main                in an agent's folder
  declaragent breaking --against git:v1.2.0 agents/*     in several
  declaragent breaking --against ../old/capabilities.yaml`;

/** What the folders have come to so far. */
interface Tally {
  readonly reports: Report[];
  /** Why something could not be compared at all, or what is only to be known of a folder. */
  readonly asides: Finding[];
  compared: number;
  worst: ExitCode;
}

async function compareFolders(folders: readonly string[], flags: Flags, now: Date, io: Io): Promise<ExitCode> {
  if (folders.length === 0) return EXIT.usage;
  const { describedRules, refIn } = await import('../../generator/breaking/index.js');
  const { joinReports, writeReport } = await import('../report/index.js');
  const { unreadableFinding } = await import('./breaking-report.js');
  const { against, strict = false } = flags;
  const tally: Tally = { reports: [], asides: [], compared: 0, worst: EXIT.done };
  const ref = refIn(against);
  if (folders.length > 1 && ref === undefined) {
    const message = 'One path cannot be the old version of several folders; name one folder, or compare with git:REF.';
    tally.asides.push(unreadableFinding(against, message));
    tally.worst = EXIT.usage;
  } else {
    for (const folder of folders) await compareFolder(folder, { against, strict, now }, tally, io);
    if (ref !== undefined && tally.worst !== EXIT.usage)
      await addRemovedAgents(folders, ref, { strict, now }, tally, io);
  }
  const format = resolveFormat(flags.format, io.environment);
  const isNothing = tally.compared === 0 && tally.worst === EXIT.done;
  const nothing = 'Nothing was compared: no folder has a capability, neither on the disk nor in the old version.';
  if (isNothing) tally.worst = EXIT.findings;
  // People are told in a line what machines are given as findings.
  if (format === 'pretty') for (const { level, message } of tally.asides) io.stderr(asLine(level, message));
  const joined = joinReports('breaking', tally.reports);
  const report: Report = {
    ...joined,
    findings: [...(format === 'pretty' ? [] : tally.asides), ...joined.findings],
    summary: isNothing ? [joined.summary, nothing].filter((sentence) => sentence !== '').join('\n') : joined.summary,
    rules: [...(joined.rules ?? []), ...describedRules()],
  };
  writeReport(report, format, io);
  return tally.worst;
}

function asLine(level: Finding['level'], message: string): string {
  return level === 'note' ? `Note: ${message}\n` : `${message}\n`;
}

interface Terms {
  readonly against: string;
  readonly strict: boolean;
  readonly now: Date;
}

async function compareFolder(folder: string, { against, strict, now }: Terms, tally: Tally, io: Io): Promise<void> {
  const { AgainstError, ContractError, findChanges } = await import('../../generator/breaking/index.js');
  const { asideFinding, comparisonReport, fails, unreadableFinding } = await import('./breaking-report.js');
  const options = { folder: path.resolve(io.cwd, folder), prefix: pathPrefix(folder), against, base: io.cwd, now };
  try {
    const comparison = findChanges(options);
    const report = comparisonReport(folder, comparison);
    tally.reports.push(report);
    tally.asides.push(...comparison.about.map(asideFinding));
    tally.compared += comparison.compared;
    if (comparison.about.some(({ code }) => code === 'folder-missing')) tally.worst = EXIT.usage;
    else if (tally.worst === EXIT.done && fails(report, strict)) tally.worst = EXIT.findings;
  } catch (error) {
    if (error instanceof ContractError) {
      const { problemReport } = await import('../report/problems.js');
      // Its places have the prefix already.
      const report = problemReport('breaking', '.', error, '; nothing was compared.');
      tally.reports.push({ ...report, summary: `${folderLabel(folder)}${report.summary}` });
      if (tally.worst === EXIT.done) tally.worst = EXIT.findings;
    } else if (error instanceof AgainstError) {
      // A commit that is not there is not there for any folder, and is said once.
      const isKnown = tally.asides.some(({ message }) => message === error.message);
      if (!isKnown) tally.asides.push(unreadableFinding(`${options.prefix}capabilities.yaml`, error.message));
      tally.worst = EXIT.usage;
    } else throw error;
  }
}

/** Agents that are gone are looked for beside folders that were named: the working folder alone has no neighbours. */
async function addRemovedAgents(
  named: readonly string[],
  ref: string,
  { strict, now }: Omit<Terms, 'against'>,
  tally: Tally,
  io: Io,
): Promise<void> {
  const { AgainstError, ContractError, findRemovedAgents } = await import('../../generator/breaking/index.js');
  const { fails, removedReport } = await import('./breaking-report.js');
  const folders = named.map((folder) => path.resolve(io.cwd, folder));
  const withNeighbours = named.some((folder) => folder !== '.');
  try {
    const report = removedReport(findRemovedAgents({ folders, withNeighbours, ref, base: io.cwd, now }));
    tally.reports.push(report);
    if (fails(report, strict) && tally.worst === EXIT.done) tally.worst = EXIT.findings;
  } catch (error) {
    // The folders have said so already.
    if (error instanceof AgainstError) return;
    if (!(error instanceof ContractError)) throw error;
    const { problemReport } = await import('../report/problems.js');
    tally.reports.push(problemReport('breaking', '.', error, '; the agents that are gone were not looked for.'));
    if (tally.worst === EXIT.done) tally.worst = EXIT.findings;
  }
}
