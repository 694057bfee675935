import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Difference, OutputError, readText } from './compare.js';
import { MANIFEST } from './manifest.js';
import { HEADER, type Plan } from './plan.js';

export interface Written {
  /** Paths relative to the agent's folder. */
  readonly written: readonly string[];
  readonly deleted: readonly string[];
  /** Files that were edited by hand and have been overwritten. */
  readonly overwritten: readonly string[];
  /** Files in generated folders that codegen did not write, or that were edited since, and that it left. */
  readonly kept: readonly string[];
}

/** Brings the disk to the plan. Touches only files that differ, and deletes only what the last manifest lists unchanged. */
export function writeOutput(directory: string, plan: Plan, differences: readonly Difference[]): Written {
  const contents = new Map<string, string>();
  for (const folder of plan.folders) {
    for (const [name, content] of folder.files) contents.set(path.posix.join(folder.path, name), content);
  }
  for (const { path: file, content } of plan.skills) contents.set(file, content);
  const changes = differences.filter(({ kind }) => kind !== 'orphaned');
  for (const { path: file, kind } of changes) assertWritable(directory, file, kind);
  const orphans = differences.filter(({ kind }) => kind === 'orphaned');
  for (const { path: file, fixedByCodegen } of orphans) if (fixedByCodegen) assertWritable(directory, file, 'orphaned');
  // Manifests go last: a run that is cut off before leaves the old list, by which the next run still knows its files.
  const ordered = [...changes].sort(
    (left, right) => Number(left.path.endsWith(MANIFEST)) - Number(right.path.endsWith(MANIFEST)),
  );
  for (const { path: file } of ordered) replaceFile(path.join(directory, file), contents.get(file) ?? '');
  const deleted = orphans.filter(({ fixedByCodegen }) => fixedByCodegen).map(({ path: file }) => file);
  for (const file of deleted) removeFile(directory, file);
  return {
    written: changes.map(({ path: file }) => file),
    deleted,
    overwritten: changes
      .filter(({ kind, path: file }) => kind === 'edited' && !file.endsWith(MANIFEST))
      .map(({ path: file }) => file),
    kept: orphans.filter(({ fixedByCodegen }) => !fixedByCodegen).map(({ path: file }) => file),
  };
}

function assertWritable(directory: string, file: string, kind: Difference['kind']): void {
  const parts = file.split('/');
  for (let length = 1; length <= parts.length; length++) {
    const place = path.join(directory, ...parts.slice(0, length));
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) break;
    if (stats.isSymbolicLink()) {
      throw new OutputError(
        `${parts.slice(0, length).join('/')} is a symbolic link, and codegen writes through none; remove it. Nothing was written.`,
      );
    }
    const isLast = length === parts.length;
    if (isLast !== stats.isFile()) {
      throw new OutputError(
        `${parts.slice(0, length).join('/')} should be a ${isLast ? 'file' : 'folder'}; move it away. Nothing was written.`,
      );
    }
  }
  if (kind !== 'edited' || file.endsWith(MANIFEST)) return;
  const found = readText(path.join(directory, file)) ?? '';
  if (found.startsWith(HEADER)) return;
  throw new OutputError(`${file} is not from codegen, which would overwrite it; move it away. Nothing was written.`);
}

function replaceFile(file: string, content: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, content, { flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new OutputError(`${file} could not be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
}

/** Deletes a file, and the folders that it leaves empty. */
function removeFile(directory: string, file: string): void {
  rmSync(path.join(directory, file));
  for (let folder = path.posix.dirname(file); folder !== '.'; folder = path.posix.dirname(folder)) {
    if (readdirSync(path.join(directory, folder)).length > 0) return;
    rmdirSync(path.join(directory, folder));
  }
}
