import {
  chmodSync,
  chownSync,
  type Dirent,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { HEADER, MANIFEST } from './manifest.js';

/*
 * A folder is changed as a whole: the new one is built beside the old one, out of the same files where they stay, and takes
 * its place by two renames. A run that is cut off before the first leaves the old folder, one after the second the new one;
 * between the two the old one is in the run's folder, and the next look puts it back.
 */

const REPLACED = '.replaced.';

/**
 * Adds to the new folder all of the old one that is not among `changed`, whose paths are relative to both. Files are
 * linked, so that they stay what they are, and what is written into them meanwhile is not lost.
 */
export function adoptRest(from: string, to: string, changed: ReadonlySet<string>): void {
  const adopt = (prefix: string): void => {
    const entries = entriesIn(path.join(from, prefix));
    const files = entries.filter((entry) => !entry.isDirectory() && !changed.has(prefix + entry.name));
    const isKept = files.length > 0 || (entries.length === 0 && prefix !== '');
    if (isKept) mkdirSync(path.join(to, prefix), { recursive: true });
    for (const entry of files) place(entry, `${from}/${prefix}${entry.name}`, `${to}/${prefix}${entry.name}`);
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      const name = prefix + entry.name;
      adopt(`${name}/`);
      if (existsSync(path.join(to, name))) keepOwnerAndMode(path.join(from, name), path.join(to, name));
    }
  };
  adopt('');
  if (existsSync(from)) keepOwnerAndMode(from, to);
}

function place(entry: Dirent, from: string, to: string): void {
  if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else linkSync(from, to);
}

/** A folder that is made anew belongs to whom it belonged; where that is refused, it is not made anew. */
function keepOwnerAndMode(from: string, to: string): void {
  const [before, now] = [lstatSync(from), lstatSync(to)];
  if (now.uid !== before.uid || now.gid !== before.gid) chownSync(to, before.uid, before.gid);
  if (now.mode !== before.mode) chmodSync(to, before.mode);
}

/**
 * Puts the folder that the run's folder holds under `out` into its place. The old one is in the run's folder then.
 *
 * @throws what the disk says; the old folder is in its place then, unless even that was refused.
 */
export function swapFolder(directory: string, staging: string, out: string): void {
  const [prepared, placed] = [path.join(directory, staging, out), path.join(directory, out)];
  const replaced = replacedPath(directory, staging, out);
  if (!existsSync(placed)) {
    mkdirSync(path.dirname(placed), { recursive: true });
    renameSync(prepared, placed);
    return;
  }
  renameSync(placed, replaced);
  try {
    renameSync(prepared, placed);
  } catch (error) {
    renameSync(replaced, placed);
    throw error;
  }
}

/**
 * Moves into the new folder what was saved into the old one after the rest of it had been adopted; `changed` are the files
 * that the run itself replaced or deleted.
 */
export function adoptLate(directory: string, staging: string, out: string, changed: ReadonlySet<string>): void {
  const [from, to] = [replacedPath(directory, staging, out), path.join(directory, out)];
  const adopt = (prefix: string): void => {
    for (const entry of entriesIn(path.join(from, prefix))) {
      const name = prefix + entry.name;
      if (entry.isDirectory()) {
        adopt(`${name}/`);
      } else if (!changed.has(name) && !isSame(`${from}/${name}`, `${to}/${name}`)) {
        mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
        renameSync(path.join(from, name), path.join(to, name));
      }
    }
  };
  if (existsSync(from)) adopt('');
}

/** Whether two paths lead to one file, or to links to one place. */
function isSame(left: string, right: string): boolean {
  const [one, other] = [lstatSync(left), lstatSync(right, { throwIfNoEntry: false })];
  if (one.isSymbolicLink()) return other?.isSymbolicLink() === true && readlinkSync(left) === readlinkSync(right);
  return one.ino === other?.ino && one.dev === other.dev;
}

/**
 * Puts a folder back that a run was replacing when it was cut off; `staging` is the folder of that run. Where somebody has
 * made another meanwhile, that one gets what it lacks and codegen did not write.
 */
export function restoreReplaced(directory: string, staging: string): void {
  for (const { name } of entriesIn(path.join(directory, staging))) {
    if (!name.startsWith(REPLACED)) continue;
    const out = decodeURIComponent(name.slice(REPLACED.length));
    // Anybody may have made a folder of such a name.
    const isInner = !path.isAbsolute(out) && out.split('/').every((part) => !['', '.', '..'].includes(part));
    if (!isInner || out.includes('\\')) continue;
    const [replaced, placed] = [path.join(directory, staging, name), path.join(directory, out)];
    if (lstatSync(placed, { throwIfNoEntry: false }) === undefined) renameSync(replaced, placed);
    else adoptForeign(replaced, placed);
  }
}

function adoptForeign(from: string, to: string): void {
  const present = new Map(entriesIn(to).map((entry) => [entry.name, entry] as const));
  for (const entry of entriesIn(from)) {
    const [file, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    const there = present.get(entry.name);
    if (entry.isDirectory() && (there === undefined || there.isDirectory())) adoptForeign(file, target);
    if (entry.isDirectory() || there !== undefined || isOfCodegen(entry, file)) continue;
    mkdirSync(to, { recursive: true });
    renameSync(file, target);
  }
}

function isOfCodegen(entry: Dirent, file: string): boolean {
  return entry.name === MANIFEST || (entry.isFile() && readFileSync(file, 'utf8').startsWith(HEADER));
}

/** Puts the old folder beside the new one, where its owner finds it, and says its name. */
export function setAside(directory: string, staging: string, out: string): string {
  const name = `${out}.before-${Date.now()}`;
  renameSync(replacedPath(directory, staging, out), path.join(directory, name));
  return name;
}

function replacedPath(directory: string, staging: string, out: string): string {
  return path.join(directory, staging, REPLACED + encodeURIComponent(out));
}

function entriesIn(folder: string): Dirent[] {
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  return isFolder ? readdirSync(folder, { withFileTypes: true }) : [];
}
