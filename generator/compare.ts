import { type Dirent, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { hashOf } from './hash.js';
import { isManifest, isUnchanged, MANIFEST, type Manifest, readManifests } from './manifest.js';
import { byCodePoint } from './model.js';
import { errorCode, OutputError } from './output-error.js';
import type { OutputFolder, Plan } from './plan.js';
import { leftStagings, restoreOutput } from './staging.js';

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

/**
 * Compares the disk with the plan; writes nothing, but for what a run that was cut off has put aside. `out` is the folder
 * that holds every generated folder.
 */
export function compareOutput(directory: string, plan: Plan, out: string): Difference[] {
  restoreOutput(directory);
  const manifestOf = manifestReader(directory);
  const differences = plan.folders.flatMap((folder) => compareFolder(directory, folder, manifestOf(folder.path)));
  differences.push(...abandonedFolders(directory, plan, out, manifestOf));
  for (const { path: file, content, replaces } of plan.skills) {
    if (textOnDisk(path.join(directory, file)) === content) continue;
    differences.push({ kind: replaces === null ? 'missing' : 'stale', path: file, fixedByCodegen: true });
  }
  return differences.sort((left, right) => byCodePoint(left.path, right.path));
}

/** Whether each output folder lists what it should hold; where one does not, it surely differs. */
export function areManifestsCurrent(directory: string, { folders }: Plan): boolean {
  return folders.every(({ path: folder, files }) => {
    const found = textOnDisk(path.join(directory, folder, MANIFEST));
    return found !== null && hashOf(found) === files.get(MANIFEST)?.hash;
  });
}

type ManifestReader = (folder: string) => Manifest;

/** A run that was cut off may have put files in place before their manifest: the one that it had prepared counts too. */
function manifestReader(directory: string): ManifestReader {
  const places = [directory, ...leftStagings(directory).map((name) => path.join(directory, name))];
  return (folder) => readManifests(places.map((place) => textOnDisk(path.join(place, folder, MANIFEST)) ?? ''));
}

function compareFolder(directory: string, folder: OutputFolder, manifest: Manifest): Difference[] {
  const home = path.join(directory, folder.path);
  const differences: Difference[] = [];
  const present = new Map(filesIn(home, folder.holdsOthers ? 0 : Number.POSITIVE_INFINITY));
  for (const [name, { hash }] of folder.files) {
    const file = `${home}/${name}`;
    const found = present.get(name)?.isFile() === true ? readOrNull(file) : textOnDisk(file);
    if (found !== null && hashOf(found) === hash) continue;
    const isIntact = found !== null && (name === MANIFEST ? isManifest(found) : isUnchanged(manifest, name, found));
    const kind = found === null ? 'missing' : isIntact ? 'stale' : 'edited';
    differences.push({ kind, path: path.posix.join(folder.path, name), fixedByCodegen: true });
  }
  for (const name of present.keys()) {
    if (!folder.files.has(name)) differences.push(orphan(home, folder.path, name, manifest));
  }
  return differences;
}

function orphan(home: string, folder: string, name: string, manifest: Manifest): Difference {
  const found = textOnDisk(path.join(home, name)) ?? '';
  const fixedByCodegen = isUnchanged(manifest, name, found);
  return { kind: 'orphaned', path: path.posix.join(folder, name), fixedByCodegen };
}

/** Folders of peers that are gone: codegen's, by their manifest, but no longer in the plan. */
function abandonedFolders(directory: string, plan: Plan, out: string, manifestOf: ManifestReader): Difference[] {
  const planned = new Set(plan.folders.map((folder) => folder.path));
  const home = path.join(directory, out);
  const folders = entriesIn(home).filter((entry) => entry.isDirectory());
  const abandoned = folders.flatMap((entry): Difference[] => {
    const folder = path.posix.join(out, entry.name);
    const inside = path.join(home, entry.name);
    const manifest = manifestOf(folder);
    if (planned.has(folder) || (manifest.size === 0 && !existsSync(path.join(inside, MANIFEST)))) return [];
    const files = filesIn(inside, Number.POSITIVE_INFINITY).map(([name]) => orphan(inside, folder, name, manifest));
    // The list stays as long as a file does that codegen may not delete, or the next run would not look here.
    return files.some(({ fixedByCodegen }) => !fixedByCodegen)
      ? files
      : [...files, ...orphanedManifest(inside, folder)];
  });
  if (planned.has(out)) return abandoned;
  const manifest = manifestOf(out);
  const own = [...manifest.keys()].filter((name) => existsSync(path.join(home, name)));
  return [...abandoned, ...own.map((name) => orphan(home, out, name, manifest)), ...orphanedManifest(home, out)];
}

function orphanedManifest(home: string, folder: string): Difference[] {
  if (!existsSync(path.join(home, MANIFEST))) return [];
  return [{ kind: 'orphaned', path: path.posix.join(folder, MANIFEST), fixedByCodegen: true }];
}

/** A file's text with plain line feeds, since git may have checked it out with others; null where there is none. */
export function textOnDisk(file: string): string | null {
  try {
    // To read a pipe or a device could take for ever.
    return statSync(file).isFile() ? readOrNull(file) : null;
  } catch {
    return null;
  }
}

/** The same of what is known to be a plain file. */
function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  } catch {
    return null;
  }
}

/** Every file below a folder, relative with `/`; what hides behind a dot is not codegen's to judge. */
function filesIn(folder: string, depth: number, prefix = ''): (readonly [name: string, entry: Dirent])[] {
  return entriesIn(folder).flatMap((entry) => {
    if (entry.name.startsWith('.')) return [];
    const name = prefix + entry.name;
    if (!entry.isDirectory()) return [[name, entry] as const];
    return depth > 0 ? filesIn(path.join(folder, entry.name), depth - 1, `${name}/`) : [];
  });
}

/** What is in a folder; nothing where there is none. */
function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new OutputError(`${folder} cannot be read (${code}). Nothing was written.`);
  }
}
