import path from 'node:path';
import type { Command } from 'commander';
import type { Comparison, JudgedChange } from '../../generator/breaking/index.js';
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
Exit status: 0 nothing breaks, 1 something breaks or cannot be decided, 2 wrong usage, or no old version to compare with,
70 a bug in declaragent.

Try:
  declaragent breaking --against git:main                in an agent's folder
  declaragent breaking --against git:v1.2.0 agents/*     in several
  declaragent breaking --against ../old/capabilities.yaml`;

async function compareFolders(folders: readonly string[], flags: Flags, now: Date, io: Io): Promise<ExitCode> {
  const { AgainstError, ContractError, describedRules, findChanges } = await import(
    '../../generator/breaking/index.js'
  );
  const { joinReports, writeReport } = await import('../report/index.js');
  const { problemReport } = await import('./codegen-report.js');
  const { against, strict = false } = flags;
  if (folders.length === 0) return EXIT.usage;
  if (folders.length > 1 && !against.startsWith('git:')) {
    io.stderr('One path cannot be the old version of several folders; name one folder, or compare with git:REF.\n');
    return EXIT.usage;
  }
  const reports: Report[] = [];
  let worst: ExitCode = EXIT.done;
  for (const folder of folders) {
    const options = { folder: path.resolve(io.cwd, folder), prefix: pathPrefix(folder), against, base: io.cwd, now };
    try {
      const comparison = findChanges(options);
      const report = { ...reportOn(folder, comparison), rules: describedRules() };
      reports.push(report);
      if (worst === EXIT.done && fails(report, comparison, strict)) worst = EXIT.findings;
    } catch (error) {
      if (error instanceof ContractError) {
        // Its places have the prefix already.
        const report = problemReport('breaking', '.', error, '; nothing was compared.');
        reports.push({ ...report, summary: `${folderLabel(folder)}${report.summary}` });
        if (worst === EXIT.done) worst = EXIT.findings;
      } else if (error instanceof AgainstError) {
        io.stderr(`${folderLabel(folder)}${error.message}\n`);
        worst = EXIT.usage;
      } else throw error;
    }
  }
  const format = resolveFormat(flags.format, io.environment);
  if (reports.length > 0) writeReport(joinReports('breaking', reports), format, io);
  return worst;
}

function fails({ findings }: Report, { compared }: Comparison, strict: boolean): boolean {
  const failing = findings.filter(({ level, accepted }) => {
    return accepted === undefined && (level === 'error' || (strict && level === 'warning'));
  });
  return failing.length > 0 || compared === 0;
}

function reportOn(folder: string, { changes, unused, bump, compared, sources }: Comparison): Report {
  const findings: Finding[] = [
    ...changes.map(findingOf),
    ...unused.map((diagnostic): Finding => ({ ...diagnostic, level: 'warning' })),
  ];
  return {
    command: 'breaking',
    findings,
    sources,
    summary: `${folderLabel(folder)}${summaryOf(changes, bump, compared)}`,
  };
}

function findingOf(change: JudgedChange): Finding {
  const { level, dimension, verdict, bump, fingerprint, capability, accepted, ...diagnostic } = change;
  return {
    ...diagnostic,
    level,
    data: { dimension, verdict, bump, fingerprint, ...(capability === null ? {} : { capability }) },
    ...(accepted === undefined ? {} : { accepted: { kind: 'external', reason: accepted.reason } }),
  };
}

function summaryOf(changes: readonly JudgedChange[], bump: string, compared: number): string {
  if (compared === 0) return 'nothing was compared, since neither version has a capability.';
  const open = changes.filter(({ accepted }) => accepted === undefined);
  const accepted = changes.length - open.length;
  const count = (verdict: JudgedChange['verdict'], level?: Finding['level']): number =>
    open.filter((change) => change.verdict === verdict && (level === undefined || change.level === level)).length;
  const parts = [
    `${count('breaking', 'error')} breaking`,
    ...(count('unknown') > 0 ? [`${count('unknown')} undecided`] : []),
    ...(count('breaking', 'warning') > 0 ? [`${count('breaking', 'warning')} to look at`] : []),
    ...(count('compatible') > 0 ? [`${count('compatible')} compatible`] : []),
    ...(accepted > 0 ? [`${accepted} accepted`] : []),
  ];
  const capabilities = `${compared} ${compared === 1 ? 'capability' : 'capabilities'}`;
  const asks = bump === 'none' ? 'no new version' : `a ${bump} version`;
  return `${parts.join(', ')} in ${capabilities}; the change asks for ${asks}.`;
}
