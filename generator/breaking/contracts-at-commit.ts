import path from 'node:path';
import { parseSource } from '../document.js';
import { CAPABILITIES_FILE } from '../files.js';
import { isObject } from '../json.js';
import type { Commit } from './commit.js';
import { isOnDisk } from './tree.js';

/** A contract that a commit has. */
export interface FoundContract {
  readonly agent: string;
  /** The path of its folder in the repository, ending in `/`; empty for the top. */
  readonly prefix: string;
  /** The same folder on the disk, absolute. */
  readonly folder: string;
  /** Whether the folder has a contract today. */
  readonly isStillThere: boolean;
}

/** The contracts of one agent at the commit that was opened for `folder`, in the order of their paths. */
export function findContracts(commit: Commit, folder: string, agent: string): FoundContract[] {
  return commit.filesNamed(CAPABILITIES_FILE).flatMap(({ file, read }) => {
    const text = read();
    // A contract names its address in full, so most need not be parsed.
    if (text === null || !text.includes(agent) || addressIn(text) !== agent) return [];
    return [contractAt(commit, folder, file, agent)];
  });
}

/** The contracts that were in `folder`, or in one beside it, and are no longer on the disk. */
export function findLostContracts(commit: Commit, folder: string, withNeighbours: boolean): FoundContract[] {
  const parent = commit.prefix === '' || !withNeighbours ? null : above(commit.prefix);
  return commit.filesNamed(CAPABILITIES_FILE).flatMap(({ file, read }) => {
    const prefix = file.slice(0, -CAPABILITIES_FILE.length);
    if (prefix !== commit.prefix && (prefix === '' || above(prefix) !== parent)) return [];
    const found = contractAt(commit, folder, file, '');
    if (found.isStillThere) return [];
    const agent = addressIn(read() ?? '');
    return agent === null ? [] : [{ ...found, agent }];
  });
}

function contractAt(commit: Commit, folder: string, file: string, agent: string): FoundContract {
  const prefix = file.slice(0, -CAPABILITIES_FILE.length);
  const there = path.resolve(folder, path.posix.relative(`/${commit.prefix}`, `/${prefix}`));
  return { agent, prefix, folder: there, isStillThere: isOnDisk(there, CAPABILITIES_FILE) };
}

/** The folder above one, both ending in `/`; empty for the top. */
function above(prefix: string): string {
  const parent = path.posix.dirname(prefix);
  return parent === '.' ? '' : `${parent}/`;
}

/** The address that a contract's text names; null where it is none. */
export function addressIn(text: string): string | null {
  const { document } = parseSource('', text);
  const agent = isObject(document.value) ? document.value['agent'] : undefined;
  return typeof agent === 'string' ? agent : null;
}
