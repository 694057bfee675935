import { statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import {
  type Checked,
  type CodegenOptions,
  ContractError,
  check,
  formatProblem,
  type Generated,
  generate,
  OptionsError,
  OutputError,
} from '../../generator/index.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';

interface Flags {
  readonly check?: boolean;
  readonly out?: string;
  readonly skills: boolean;
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
    .option('--out <folder>', "where generated code goes, relative to the agent's folder (default: generated)")
    .option('--no-skills', 'leave skills/ and skills.ts alone')
    .addHelpText('after', EXAMPLES)
    .action(async (directories: string[], flags: Flags) => {
      const folders = agentFolders(directories.length === 0 ? ['.'] : directories, io);
      if (folders.length === 0) io.stderr('None of the arguments is a folder; name the folder of an agent.\n');
      let worst: ExitCode = folders.length === 0 ? EXIT.usage : EXIT.done;
      for (const folder of folders) {
        const code = await runFolder(folder, flags, io);
        if (code > worst) worst = code;
      }
      exit(worst);
    });
}

const EXAMPLES = `
Exit status: 0 done, 1 an invalid file or, with --check, drift, 2 wrong usage, 3 the output cannot be written,
70 a bug in declaragent.

Try:
  declaragent codegen                     in an agent's folder
  declaragent codegen agents/*            in several
  declaragent codegen --check agents/*    in CI: fails when generated code was not regenerated`;

async function runFolder(folder: string, flags: Flags, io: Io): Promise<ExitCode> {
  const options: CodegenOptions = {
    directory: path.resolve(io.cwd, folder),
    skills: flags.skills,
    ...(flags.out === undefined ? {} : { out: flags.out }),
  };
  try {
    if (flags.check === true) return reportCheck(folder, flags, await check(options), io);
    return reportGenerated(folder, await generate(options), io);
  } catch (error) {
    if (error instanceof ContractError) return reportProblems(folder, error, io);
    if (error instanceof OptionsError) {
      io.stderr(`${error.message} Give --out a relative path without "..".\n`);
      return EXIT.usage;
    }
    if (error instanceof OutputError) {
      io.stderr(`${label(folder)}${error.message}\n`);
      return EXIT.environment;
    }
    throw error;
  }
}

/** The folders that the arguments mean: a contract file means the folder it is in, another file is none. */
function agentFolders(args: readonly string[], io: Io): string[] {
  const folders = args.flatMap((arg) => {
    if (statSync(path.resolve(io.cwd, arg), { throwIfNoEntry: false })?.isFile() !== true) return [arg];
    if (CONTRACT_FILES.has(path.basename(arg))) return [path.dirname(arg)];
    io.stderr(`Note: ${arg} is a file and not an agent's folder; it was passed over.\n`);
    return [];
  });
  return [...new Set(folders)];
}

const CONTRACT_FILES: ReadonlySet<string> = new Set(['capabilities.yaml', 'rpc-peers.yaml', 'agent.yaml']);

function reportProblems(folder: string, error: ContractError, io: Io): ExitCode {
  const prefix = pathPrefix(folder);
  for (const problem of error.problems) io.stderr(`${formatProblem(problem, error.sources, prefix)}\n\n`);
  io.stderr(`${label(folder)}${count(error.problems.length, 'problem')}; nothing was written.\n`);
  return EXIT.findings;
}

function reportGenerated(folder: string, generated: Generated, io: Io): ExitCode {
  const { written, deleted, overwritten, kept, notices, total } = generated;
  const prefix = pathPrefix(folder);
  for (const file of written) io.stderr(`  wrote    ${prefix}${file}\n`);
  for (const file of deleted) io.stderr(`  deleted  ${prefix}${file}\n`);
  for (const file of overwritten) io.stderr(`Note: ${prefix}${file} had been edited by hand and was overwritten.\n`);
  for (const file of kept) {
    io.stderr(`Note: ${prefix}${file} is not as codegen wrote it, so it was kept; delete it or move it away.\n`);
  }
  for (const notice of notices) io.stderr(`Note: ${label(folder)}${notice}\n`);
  if (total === 0) return reportNothing(folder, io);
  const changes = [
    ...(written.length > 0 ? [`${count(written.length, 'file')} written`] : []),
    ...(deleted.length > 0 ? [`${count(deleted.length, 'file')} deleted`] : []),
  ];
  io.stderr(
    `${label(folder)}${changes.length === 0 ? `${count(total, 'file')}, nothing to change` : changes.join(', ')}.\n`,
  );
  return EXIT.done;
}

function reportCheck(folder: string, flags: Flags, { differences, notices, total }: Checked, io: Io): ExitCode {
  if (total === 0) return reportNothing(folder, io);
  if (differences.length === 0) {
    for (const notice of notices) io.stderr(`Note: ${label(folder)}${notice}\n`);
    io.stderr(`${label(folder)}${count(total, 'file')}, all as the contract has them.\n`);
    return EXIT.done;
  }
  const prefix = pathPrefix(folder);
  for (const { kind, path: file } of differences) io.stdout(`${kind.padEnd(8)} ${prefix}${file}\n`);
  io.stderr(
    `${label(folder)}${count(differences.length, 'file')} differ${differences.length === 1 ? 's' : ''} from the contract.\n`,
  );
  if (differences.some(({ fixedByCodegen }) => fixedByCodegen)) {
    const words = [
      ...(folder === '.' ? [] : [folder]),
      ...(flags.out ? ['--out', flags.out] : []),
      ...(flags.skills ? [] : ['--no-skills']),
    ];
    io.stderr(`Run this and commit what it writes: ${['declaragent', 'codegen', ...words.map(shellWord)].join(' ')}\n`);
  }
  const foreign = differences.filter(({ fixedByCodegen }) => !fixedByCodegen);
  for (const { path: file } of foreign) {
    io.stderr(
      `Delete ${prefix}${file} or move it away: it is not as codegen wrote it, so codegen will not delete it.\n`,
    );
  }
  return EXIT.findings;
}

/** A check that compares nothing would pass for ever. */
function reportNothing(folder: string, io: Io): ExitCode {
  io.stderr(
    `${label(folder)}there is nothing to generate. Write a capabilities.yaml, or give a peer in rpc-peers.yaml a contract.\n`,
  );
  return EXIT.findings;
}

/** What makes a path relative to an agent's folder one relative to the working folder. */
function pathPrefix(folder: string): string {
  return folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
}

/** A word that a shell reads as it stands. */
function shellWord(word: string): string {
  return /^[\w./@:=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What a line about a folder begins with; the working folder goes without saying. */
function label(folder: string): string {
  return folder === '.' ? '' : `${folder}: `;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
