import { statSync } from 'node:fs';
import path from 'node:path';
import { isInside, readText, type Unreadable } from '../files.js';
import { AgainstError } from './against-error.js';
import type { Commit } from './commit.js';

/** The files around a contract, as they are on disk or as they were at some commit. Paths are relative, with `/`. */
export interface Tree {
  /** The name of the contract's own file. */
  readonly main: string;
  /** What messages call a file. */
  nameOf(relative: string): string;
  /** Whether there is such a file inside the tree; what is outside is never opened. */
  has(relative: string): boolean;
  read(relative: string): string | Unreadable;
}

/** The tree in a folder of the disk; `prefix` makes a name in messages of a name in the folder. */
export function diskTree(folder: string, main: string, prefix: string): Tree {
  return {
    main,
    nameOf: (relative) => prefix + relative,
    has: (relative) => isInside(folder, relative),
    read: (relative) => readText(path.join(folder, relative), prefix + relative),
  };
}

/** The tree around a contract that is named by its file or by its folder, relative to `base`. */
export function treeAtPath(given: string, base: string, main: string): Tree {
  const target = path.resolve(base, given);
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats === undefined) throw new AgainstError(`There is no ${given}; name a folder, a file or git:REF.`);
  const shown = given.split(path.sep).join('/');
  if (stats.isDirectory()) return diskTree(target, main, `${shown.replace(/\/+$/, '')}/`);
  const folder = path.posix.dirname(shown);
  return diskTree(path.dirname(target), path.basename(target), folder === '.' ? '' : `${folder}/`);
}

/** The tree of a folder as it was at a commit; `prefix` is the folder's path in the repository, ending in `/`. */
export function treeAtCommit(commit: Commit, prefix: string, main: string): Tree {
  return {
    main,
    nameOf: (relative) => commit.nameOf(prefix + relative),
    has: (relative) => !/^(?:\.\.|\/)/.test(relative) && commit.has(prefix + relative),
    read: (relative) => commit.read(prefix + relative),
  };
}

/** Whether a file of a folder is on the disk, readable or not. */
export function isOnDisk(folder: string, name = ''): boolean {
  return statSync(path.join(folder, name), { throwIfNoEntry: false }) !== undefined;
}
