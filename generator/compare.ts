import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isUnchanged, MANIFEST, type Manifest, parseManifest } from './manifest.js';
import { byCodePoint } from './model.js';
import type { OutputFolder, Plan } from './plan.js';

/** How a file on disk differs from the plan. */
export interface Difference {
  /**
   * `missing`: planned, and absent. `stale`: as codegen wrote it, but the contract has changed since. `edited`: not as
   * codegen wrote it. `orphaned`: in a generated folder, but nothing in the contract leads to it.
   */
  readonly kind: 'missing' | 'stale' | 'edited' | 'orphaned';
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  /** Whether a run of codegen puts it right; if not, a person must, since the file may be theirs. */
  readonly fixedByCodegen: boolean;
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
    differences.push({ kind: isNew ? 'missing' : 'stale', path: file, fixedByCodegen: true });
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
    if (found === null) differences.push({ kind: 'missing', path: file, fixedByCodegen: true });
    else if (name === MANIFEST)
      differences.push({ kind: manifest === null ? 'edited' : 'stale', path: file, fixedByCodegen: true });
    else
      differences.push({
        kind: isUnchanged(manifest, name, found) ? 'stale' : 'edited',
        path: file,
        fixedByCodegen: true,
      });
  }
  for (const name of filesIn(home, folder.holdsOthers ? 0 : Number.POSITIVE_INFINITY)) {
    if (!folder.files.has(name)) differences.push(orphan(home, folder.path, name, manifest));
  }
  return differences;
}

function orphan(home: string, folder: string, name: string, manifest: Manifest | null): Difference {
  const found = readText(path.join(home, name)) ?? '';
  const fixedByCodegen = isUnchanged(manifest, name, found);
  return { kind: 'orphaned', path: path.posix.join(folder, name), fixedByCodegen };
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
    if (files.some(({ fixedByCodegen }) => !fixedByCodegen)) return files;
    return [...files, { kind: 'orphaned', path: path.posix.join(folder, MANIFEST), fixedByCodegen: true }];
  });
  if (planned.has(out) || !existsSync(path.join(home, MANIFEST))) return abandoned;
  const manifest = readManifest(home);
  const own = Object.keys(manifest ?? {}).filter((name) => existsSync(path.join(home, name)));
  return [
    ...abandoned,
    ...own.map((name) => orphan(home, out, name, manifest)),
    { kind: 'orphaned', path: path.posix.join(out, MANIFEST), fixedByCodegen: true },
  ];
}

function readManifest(folder: string): Manifest | null {
  const text = readText(path.join(folder, MANIFEST));
  return text === null ? null : parseManifest(text);
}

/** A file's text with plain line feeds, since git may have checked it out with others; null where there is none. */
export function readText(file: string): string | null {
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
