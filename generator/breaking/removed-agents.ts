import path from 'node:path';
import { CAPABILITIES_FILE } from '../files.js';
import { readAcceptedChanges } from './accepted-changes.js';
import type { Change } from './change.js';
import { openCommit } from './commit.js';
import { addressIn, type FoundContract, findLostContracts } from './contracts-at-commit.js';
import { type JudgedChange, judgeChanges } from './judge.js';
import { diskTree } from './tree.js';

export interface RemovedOptions {
  /** The agents' folders, absolute. */
  readonly folders: readonly string[];
  /** Whether agents that were in other folders beside them are looked for as well. */
  readonly withNeighbours: boolean;
  /** A branch, a tag or a commit. */
  readonly ref: string;
  /** What paths in messages are relative to. */
  readonly base: string;
  readonly now: Date;
}

/**
 * Finds agents whose contract was, at a commit, in one of the folders or beside one, and is gone: the place on the disk has
 * none, and none of the folders has an agent of that address.
 *
 * @throws {AgainstError} when the commit cannot be read.
 * @throws {ContractError} when what has been accepted of such an agent cannot be read.
 */
export function findRemovedAgents({ folders, withNeighbours, ref, base, now }: RemovedOptions): JudgedChange[] {
  const lost = new Map<string, FoundContract & { readonly name: string }>();
  const seen = new Set<string>();
  for (const folder of folders) {
    // All folders in one place have the same neighbours.
    const asked = withNeighbours ? path.dirname(folder) : folder;
    if (seen.has(asked)) continue;
    seen.add(asked);
    const commit = openCommit(folder, ref);
    for (const found of findLostContracts(commit, folder, withNeighbours)) {
      lost.set(found.folder, { ...found, name: commit.nameOf(found.prefix + CAPABILITIES_FILE) });
    }
  }
  if (lost.size === 0) return [];
  const here = new Set(folders.map(addressOf));
  return [...lost.values()].filter(({ agent }) => !here.has(agent)).flatMap((found) => judgeRemoved(found, base, now));
}

/** The address of the agent in a folder; null without a contract that says so. */
function addressOf(folder: string): string | null {
  const text = diskTree(folder, CAPABILITIES_FILE, '').read(CAPABILITIES_FILE);
  return typeof text === 'string' ? addressIn(text) : null;
}

function judgeRemoved(
  { agent, folder, name }: FoundContract & { readonly name: string },
  base: string,
  now: Date,
): readonly JudgedChange[] {
  const relative = path.relative(base, folder).split(path.sep).join('/');
  const prefix = relative === '' ? '' : `${relative}/`;
  const change: Change = {
    rule: 'agent-removed',
    capabilities: [],
    trail: ['agent'],
    message: () => `The agent ${agent} is gone: its contract was here, and none of the folders has its address.`,
    place: { file: prefix + CAPABILITIES_FILE, line: 1, column: 1 },
    related: { place: { file: name, line: 1, column: 1 }, message: 'It was' },
    before: agent,
    after: null,
  };
  // Nothing else is left to be accepted there.
  const accepted = readAcceptedChanges(diskTree(folder, CAPABILITIES_FILE, prefix), now);
  return judgeChanges([change], accepted, now, prefix).changes;
}
