import path from 'node:path';
import type { Command } from 'commander';
import type { Checked, CodegenOptions } from '../../generator/index.js';
import { agentFolders, folderLabel, pathPrefix } from '../agent-folders.js';
import { cacheFolder } from '../cache-folder.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { type Format, formatOption, resolveFormat } from '../report/format.js';
import type { Report } from '../report/report.js';

interface Flags {
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly watch?: boolean;
  readonly out?: string;
  readonly skills: boolean;
  readonly cache: boolean;
  readonly format?: string;
}

export function addCodegenCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('codegen')
    .summary('make typed clients, servers and validators from the contract files')
    .description(
      'Reads capabilities.yaml (the server side) and rpc-peers.yaml (the client side) in each folder and writes typed ' +
        'clients, server skeletons and validators below generated/, to be checked in. Skeletons of skills are written ' +
        'once and then belong to you.',
    )
    .argument('[dir...]', "agents' folders (default: the working folder)")
    .option('--check', 'write nothing; exit 1 and list what differs, for CI')
    .option('--diff', 'as --check, and show what would change, as patches')
    .option('--watch', 'run again whenever a contract changes, until interrupted')
    .option('--out <folder>', "where generated code goes, relative to the agent's folder (default: generated)")
    .option('--no-skills', 'leave skills/ and skills.ts alone')
    .option('--no-cache', 'make everything anew, without what earlier runs remember')
    .addOption(formatOption(program))
    .addHelpText('after', EXAMPLES)
    .action(async (directories: string[], flags: Flags) => {
      const format = resolveFormat(flags.format, io.environment);
      const folders = agentFolders(directories, io);
      if (folders.length === 0) return exit(EXIT.usage);
      if (flags.watch !== true) return exit(await runOnce(folders, flags, format, io));
      if (isCheck(flags)) {
        io.stderr('--watch writes what differs, and --check and --diff only show it; give one of them.\n');
        return exit(EXIT.usage);
      }
      return exit(await runForEver(folders, flags, format, io));
    });
}

function isCheck({ check, diff }: Flags): boolean {
  return check === true || diff === true;
}

async function runOnce(folders: readonly string[], flags: Flags, format: Format, io: Io): Promise<ExitCode> {
  const reports: Report[] = [];
  let worst: ExitCode = EXIT.done;
  for (const folder of folders) {
    const { code, report } = await runFolder(folder, flags, format, io);
    if (code > worst) worst = code;
    if (report !== undefined) reports.push(report);
  }
  if (format !== 'pretty') {
    const { joinReports, writeReport } = await import('../report/index.js');
    writeReport(joinReports('codegen', reports), format, io);
  }
  return worst;
}

/** A contract with problems leaves the last good output as it is. */
async function runForEver(
  folders: readonly string[],
  flags: Flags,
  format: Format,
  io: Io,
): Promise<typeof EXIT.environment> {
  const { watch, WatchError } = await import('../watch.js');
  const names = new Map(folders.map((folder) => [path.resolve(io.cwd, folder), folder] as const));
  const run = async (directory: string): Promise<{ inputs: string[] }> => {
    const { report, inputs } = await runFolder(names.get(directory) ?? directory, flags, format, io);
    if (report !== undefined) {
      const { writeReport } = await import('../report/index.js');
      writeReport(report, format, io);
    }
    io.stderr('Waiting for changes.\n');
    return { inputs: inputs.map((name) => path.resolve(directory, name)) };
  };
  try {
    return await watch({ folders: [...names.keys()], out: flags.out ?? 'generated', run });
  } catch (error) {
    if (!(error instanceof WatchError)) throw error;
    io.stderr(`${error.message}\n`);
    return EXIT.environment;
  }
}

const EXAMPLES = `
Exit status: 0 done, 1 an invalid file or, with --check, drift, 2 wrong usage, 3 the output cannot be written or files
cannot be watched, 70 a bug in declaragent.

Try:
  declaragent codegen                     in an agent's folder
  declaragent codegen agents/*            in several
  declaragent codegen --check agents/*    in CI: fails when generated code was not regenerated
  declaragent codegen --diff              what a run would change
  declaragent codegen --watch             while a contract is being written`;

interface Ran {
  readonly code: ExitCode;
  /** What is left to be reported, in a format that is one document for all folders. */
  readonly report?: Report;
  /** The files that decide the output, relative to the folder. */
  readonly inputs: readonly string[];
}

async function runFolder(folder: string, flags: Flags, format: Format, io: Io): Promise<Ran> {
  const { check, ContractError, generate, OptionsError, OutputError } = await import('../../generator/index.js');
  const { driftReport, generatedReport, talkChecked, talkGenerated } = await import('./codegen-report.js');
  const cache = flags.cache ? cacheFolder(io) : undefined;
  const options: CodegenOptions = {
    directory: path.resolve(io.cwd, folder),
    skills: flags.skills,
    ...(cache === undefined ? {} : { cache }),
    ...(flags.out === undefined ? {} : { out: flags.out }),
  };
  const call = { folder, out: flags.out, skills: flags.skills };
  try {
    if (!isCheck(flags)) {
      const generated = await generate(options);
      const report = generatedReport(call, generated);
      const { inputs } = generated;
      talkGenerated(folder, generated, io);
      // The report for GitHub says it in the log.
      if (format !== 'github') io.stderr(`${report.summary}\n`);
      const code = report.findings.length === 0 ? EXIT.done : EXIT.findings;
      return format === 'pretty' ? { code, inputs } : { code, report, inputs };
    }
    const checked = await check({ ...options, texts: flags.diff === true });
    const patches = await patchesOf(folder, checked);
    if (format === 'pretty') return { code: talkChecked(call, checked, patches, io), inputs: [] };
    for (const notice of checked.notices) io.stderr(`Note: ${folderLabel(folder)}${notice}\n`);
    const report = driftReport(call, checked, patches);
    return { code: report.findings.length === 0 ? EXIT.done : EXIT.findings, report, inputs: [] };
  } catch (error) {
    if (error instanceof ContractError) {
      const { problemReport } = await import('../report/problems.js');
      const report = problemReport('codegen', folder, error, '; nothing was written.');
      const inputs = [...error.sources.keys()];
      if (format !== 'pretty') return { code: EXIT.findings, report, inputs };
      const { writeReport } = await import('../report/index.js');
      writeReport(report, format, io);
      return { code: EXIT.findings, inputs };
    }
    if (error instanceof OptionsError) {
      io.stderr(`${error.message} Give --out a relative path without "..".\n`);
      return { code: EXIT.usage, inputs: [] };
    }
    if (error instanceof OutputError) {
      io.stderr(`${folderLabel(folder)}${error.message}\n`);
      return { code: EXIT.environment, inputs: [] };
    }
    throw error;
  }
}

/** How each file that differs would change; nothing unless it was asked for. */
async function patchesOf(folder: string, { texts }: Checked): Promise<ReadonlyMap<string, string>> {
  if (texts.size === 0) return new Map();
  const { patchOf } = await import('../diff.js');
  const prefix = pathPrefix(folder);
  return new Map([...texts].map(([file, both]) => [file, patchOf(prefix + file, both)] as const));
}
