import type { Checked, Difference, Generated } from '../../generator/index.js';
import { folderLabel, pathPrefix } from '../agent-folders.js';
import { DRIFT } from '../drift.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import type { Finding, Report, RuleDescription } from '../report/index.js';
import { count, shellWord } from '../report/words.js';

/** How codegen was called, as far as a command that mends drift must repeat it. */
export interface Call {
  readonly folder: string;
  readonly out?: string | undefined;
  readonly skills: boolean;
}

/** How files that differ would change, by their paths relative to the agent's folder. */
export type Patches = ReadonlyMap<string, string>;

/** What a run did. */
export function generatedReport(call: Call, generated: Generated): Report {
  const { folder } = call;
  const { written, deleted, overwritten, kept, notices, total } = generated;
  const named = (files: readonly string[]): string[] => files.map((file) => pathPrefix(folder) + file);
  const [wrote, removed, replaced, left] = [written, deleted, overwritten, kept].map(named);
  return {
    command: 'codegen',
    findings: total === 0 ? [nothingFinding(call)] : [],
    sources: new Map(),
    summary: total === 0 ? nothingText(folder) : generatedText(folder, generated),
    folders: [{ folder, total, written: wrote, deleted: removed, overwritten: replaced, kept: left, notices }],
    rules: driftRules,
  };
}

/** What the disk has that codegen would not leave, or lacks. */
export function driftReport(call: Call, { differences, notices, total }: Checked, patches: Patches): Report {
  const { folder } = call;
  const findings =
    total === 0 ? [nothingFinding(call)] : differences.map((difference) => driftFinding(call, difference, patches));
  return {
    command: 'codegen',
    findings,
    sources: new Map(),
    summary: total === 0 ? nothingText(folder) : checkedText(folder, differences.length, total),
    folders: [{ folder, total, notices }],
    rules: driftRules,
  };
}

const driftRules: readonly RuleDescription[] = Object.entries(DRIFT).map(([code, row]) => ({ code, ...row }));

function generatedText(folder: string, { written, deleted, total }: Generated): string {
  const changes = [
    ...(written.length > 0 ? [`${count(written.length, 'file')} written`] : []),
    ...(deleted.length > 0 ? [`${count(deleted.length, 'file')} deleted`] : []),
  ];
  return `${folderLabel(folder)}${changes.length === 0 ? `${count(total, 'file')}, nothing to change` : changes.join(', ')}.`;
}

function checkedText(folder: string, differing: number, total: number): string {
  if (differing === 0) return `${folderLabel(folder)}${count(total, 'file')}, all as the contract has them.`;
  return `${folderLabel(folder)}${count(differing, 'file')} differ${differing === 1 ? 's' : ''} from the contract.`;
}

/** A check that compares nothing would pass for ever. */
function nothingText(folder: string): string {
  return `${folderLabel(folder)}there is nothing to generate. Write a capabilities.yaml, or give a peer in rpc-peers.yaml a contract.`;
}

function driftFinding(call: Call, { kind, path, fixedByCodegen }: Difference, patches: Patches): Finding {
  const file = pathPrefix(call.folder) + path;
  const patch = patches.get(path);
  return {
    code: `drift-${kind}`,
    level: 'error',
    place: { file, line: 1, column: 1 },
    message: DRIFT[`drift-${kind}`].meaning,
    fix: fixedByCodegen
      ? `Run this and commit what it writes: ${mendingCommand(call)}`
      : `Delete ${file} or move it away: it is not as codegen wrote it, so codegen will not delete it.`,
    data: {
      kind,
      command: fixedByCodegen ? mendingCommand(call) : null,
      ...(patch === undefined ? {} : { patch }),
    },
  };
}

function nothingFinding({ folder }: Call): Finding {
  const place = { file: `${pathPrefix(folder)}capabilities.yaml`, line: 1, column: 1 };
  return {
    code: 'drift-nothing',
    level: 'error',
    place,
    message: DRIFT['drift-nothing'].meaning,
    fix: DRIFT['drift-nothing'].fix,
  };
}

/** The command line that makes the folder what the contract says. */
function mendingCommand({ folder, out, skills }: Call): string {
  const words = [
    ...(folder === '.' ? [] : [folder]),
    ...(out ? ['--out', out] : []),
    ...(skills ? [] : ['--no-skills']),
  ];
  return ['declaragent', 'codegen', ...words.map(shellWord)].join(' ');
}

/** Says what a run has written, but for the sentence that closes it. */
export function talkGenerated(folder: string, generated: Generated, io: Io): void {
  const { written, deleted, overwritten, kept, notices } = generated;
  const prefix = pathPrefix(folder);
  for (const file of written) io.stderr(`  wrote    ${prefix}${file}\n`);
  for (const file of deleted) io.stderr(`  deleted  ${prefix}${file}\n`);
  for (const file of overwritten) io.stderr(`Note: ${prefix}${file} had been edited by hand and was overwritten.\n`);
  for (const file of kept) {
    io.stderr(`Note: ${prefix}${file} is not as codegen wrote it, so it was kept; delete it or move it away.\n`);
  }
  for (const notice of notices) io.stderr(`Note: ${folderLabel(folder)}${notice}\n`);
}

/** Says how the disk differs, for people: the list is data, the rest is talk. */
export function talkChecked(call: Call, { differences, notices, total }: Checked, patches: Patches, io: Io): ExitCode {
  const { folder } = call;
  if (total === 0) {
    io.stderr(`${nothingText(folder)}\n`);
    return EXIT.findings;
  }
  const closing = checkedText(folder, differences.length, total);
  if (differences.length === 0) {
    for (const notice of notices) io.stderr(`Note: ${folderLabel(folder)}${notice}\n`);
    io.stderr(`${closing}\n`);
    return EXIT.done;
  }
  const prefix = pathPrefix(folder);
  for (const { kind, path: file } of differences) io.stdout(`${kind.padEnd(8)} ${prefix}${file}\n`);
  for (const patch of patches.values()) io.stdout(patch);
  io.stderr(`${closing}\n`);
  if (differences.some(({ fixedByCodegen }) => fixedByCodegen)) {
    io.stderr(`Run this and commit what it writes: ${mendingCommand(call)}\n`);
  }
  for (const { path: file } of differences.filter(({ fixedByCodegen }) => !fixedByCodegen)) {
    io.stderr(
      `Delete ${prefix}${file} or move it away: it is not as codegen wrote it, so codegen will not delete it.\n`,
    );
  }
  return EXIT.findings;
}
