import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { isObject } from './dialect.js';
import { byCodePoint } from './model.js';
import { HEADER, hashOf, MANIFEST, type OutputFolder, type Plan } from './plan.js';

/** How a file on disk differs from the plan. */
export interface Difference {
  /**
   * `missing`: planned, not there. `stale`: as codegen wrote it, but the contract has changed since. `edited`: not as
   * codegen wrote it. `orphaned`: in a generated folder, but nothing in the contract leads to it.
   */
  readonly kind: 'missing' | 'stale' | 'edited' | 'orphaned';
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  /** Whether a run of codegen mends it; if not, a person must, since the file may be theirs. */
  readonly isMendable: boolean;
}

export interface Written {
  /** Paths relative to the agent's folder. */
  readonly written: readonly string[];
  readonly deleted: readonly string[];
  /** Files that were edited by hand and have been overwritten. */
  readonly overwritten: readonly string[];
  /** Files in generated folders that codegen did not write, or that were edited since, and that it left. */
  readonly kept: readonly string[];
}

/** Thrown when the output cannot be written as planned; nothing has been written then unless the message says so. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** Compares the disk with the plan; writes nothing. `out` is the folder that holds every generated folder. */
export function compareOutput(directory: string, plan: Plan, out: string): Difference[] {
  const differences = plan.folders.flatMap((folder) => compareFolder(directory, folder));
  differences.push(...abandonedFolders(directory, plan, out));
  for (const { path: file, content, isNew } of plan.skills) {
    if (readText(path.join(directory, file)) === content) continue;
    differences.push({ kind: isNew ? 'missing' : 'stale', path: file, isMendable: true });
  }
  return differences.sort((left, right) => byCodePoint(left.path, right.path));
}

function compareFolder(directory: string, folder: OutputFolder): Difference[] {
  const home = path.join(directory, folder.path);
  const manifest = readManifest(home);
  const differences: Difference[] = [];
  for (const [name, content] of folder.files) {
    const found = readText(path.join(home, name));
    const file = path.posix.join(folder.path, name);
    if (found === content) continue;
    if (found === null) differences.push({ kind: 'missing', path: file, isMendable: true });
    else if (name === MANIFEST)
      differences.push({ kind: manifest === null ? 'edited' : 'stale', path: file, isMendable: true });
    else
      differences.push({ kind: isUnchanged(manifest, name, found) ? 'stale' : 'edited', path: file, isMendable: true });
  }
  for (const name of filesIn(home, folder.path === '' ? 0 : depthOf(folder))) {
    if (!folder.files.has(name)) differences.push(orphan(home, folder.path, name, manifest));
  }
  return differences;
}

/** The folder of bus.gen.ts holds the others, which speak for themselves. */
function depthOf(folder: OutputFolder): number {
  return folder.files.has('bus.gen.ts') ? 0 : Number.POSITIVE_INFINITY;
}

function orphan(home: string, folder: string, name: string, manifest: Manifest | null): Difference {
  const found = readText(path.join(home, name)) ?? '';
  const isMendable = isUnchanged(manifest, name, found);
  return { kind: 'orphaned', path: path.posix.join(folder, name), isMendable };
}

/** Folders of peers that are gone: codegen's, by their manifest, but no longer in the plan. */
function abandonedFolders(directory: string, plan: Plan, out: string): Difference[] {
  const planned = new Set(plan.folders.map((folder) => folder.path));
  const home = path.join(directory, out);
  const folders = entriesIn(home).filter((entry) => entry.isDirectory());
  const abandoned = folders.flatMap((entry): Difference[] => {
    const folder = path.posix.join(out, entry.name);
    const inside = path.join(home, entry.name);
    if (planned.has(folder) || !existsSync(path.join(inside, MANIFEST))) return [];
    const manifest = readManifest(inside);
    const files = filesIn(inside, Number.POSITIVE_INFINITY).map((name) => orphan(inside, folder, name, manifest));
    // The list stays as long as a file does that codegen may not delete, or the next run would not look here.
    if (files.some(({ isMendable }) => !isMendable)) return files;
    return [...files, { kind: 'orphaned', path: path.posix.join(folder, MANIFEST), isMendable: true }];
  });
  if (planned.has(out) || !existsSync(path.join(home, MANIFEST))) return abandoned;
  const manifest = readManifest(home);
  const own = Object.keys(manifest ?? {}).filter((name) => existsSync(path.join(home, name)));
  return [
    ...abandoned,
    ...own.map((name) => orphan(home, out, name, manifest)),
    { kind: 'orphaned', path: path.posix.join(out, MANIFEST), isMendable: true },
  ];
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
  for (const { path: file, isMendable } of orphans) if (isMendable) assertWritable(directory, file, 'orphaned');
  // Manifests go last: a run that is cut off before leaves the old list, by which the next run still knows its files.
  const ordered = [...changes].sort(
    (left, right) => Number(left.path.endsWith(MANIFEST)) - Number(right.path.endsWith(MANIFEST)),
  );
  for (const { path: file } of ordered) replaceFile(path.join(directory, file), contents.get(file) ?? '');
  const deleted = orphans.filter(({ isMendable }) => isMendable).map(({ path: file }) => file);
  for (const file of deleted) removeFile(directory, file);
  return {
    written: changes.map(({ path: file }) => file),
    deleted,
    overwritten: changes
      .filter(({ kind, path: file }) => kind === 'edited' && !file.endsWith(MANIFEST))
      .map(({ path: file }) => file),
    kept: orphans.filter(({ isMendable }) => !isMendable).map(({ path: file }) => file),
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

type Manifest = { readonly [file: string]: unknown };

function readManifest(folder: string): Manifest | null {
  const text = readText(path.join(folder, MANIFEST));
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && isObject(value['files']) ? value['files'] : null;
  } catch {
    return null;
  }
}

function isUnchanged(manifest: Manifest | null, name: string, text: string): boolean {
  return manifest !== null && Object.hasOwn(manifest, name) && manifest[name] === hashOf(text);
}

/** A file's text with plain line feeds, since git may have checked it out with others; null where there is none. */
function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  } catch {
    return null;
  }
}

/** Every file below a folder, relative with `/`; what hides behind a dot is not codegen's to judge. */
function filesIn(folder: string, depth: number, prefix = ''): string[] {
  return entriesIn(folder).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const name = prefix + entry.name;
    if (!entry.isDirectory()) return [name];
    return depth > 0 ? filesIn(path.join(folder, entry.name), depth - 1, `${name}/`) : [];
  });
}

/** What is in a folder; nothing where there is none. */
function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new OutputError(`${folder} cannot be read (${code ?? String(error)}). Nothing was written.`);
  }
}
