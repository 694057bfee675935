import { existsSync, readdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { EVENTS_FOLDER } from '../run/event-log.js';

/** Where events are read. */
export interface LogFolders {
  /** Folders of logs that are there, absolute. */
  readonly logs: readonly string[];
  /** Every agent's folder that was looked into, whether there was a log or not, absolute. */
  readonly looked: readonly string[];
}

/** How deep below a folder agents are looked for. */
const DEPTH = 3;
/** Whoever lists events in a home folder does not wait for all of it to be looked through. */
const MOST_FOLDERS = 10_000;
const CONTRACT_FILES = ['agent.yaml', 'capabilities.yaml', 'rpc-peers.yaml'];

/**
 * The logs of some agents' folders, of those below them, and of the folders in which the contracts of their peers lie. A
 * chain of calls may have gone through neighbours as well: they are looked into where `withNeighbours` is set.
 */
export async function findLogFolders(folders: readonly string[], withNeighbours: boolean): Promise<LogFolders> {
  const agents = new Set<string>();
  for (const folder of folders) {
    const found = [folder, ...foldersBelow(folder, DEPTH)];
    for (const each of found) if (each === folder || isAgentFolder(each)) agents.add(each);
  }
  for (const folder of [...agents]) for (const peer of await peersOf(folder)) agents.add(peer);
  if (withNeighbours) {
    const parents = new Set(folders.filter(hasContractFile).map((folder) => path.dirname(folder)));
    for (const parent of parents)
      for (const each of foldersBelow(parent, 1)) if (hasContractFile(each)) agents.add(each);
  }
  const logs = new Map<string, string>();
  for (const folder of agents) {
    const log = path.join(folder, EVENTS_FOLDER);
    if (existsSync(log)) logs.set(realpathSync(log), log);
  }
  const looked = [...agents].filter((folder) => folders.includes(folder) || isAgentFolder(folder));
  return { logs: [...logs.values()], looked };
}

function isAgentFolder(folder: string): boolean {
  return hasContractFile(folder) || existsSync(path.join(folder, EVENTS_FOLDER));
}

function hasContractFile(folder: string): boolean {
  return CONTRACT_FILES.some((name) => existsSync(path.join(folder, name)));
}

/** The nearest first; links are not followed. */
function foldersBelow(folder: string, depth: number): string[] {
  const found: string[] = [];
  let level = [folder];
  for (let left = depth; left > 0; left--) {
    level = level.flatMap((each) => (found.length > MOST_FOLDERS ? [] : foldersIn(each)));
    for (const each of level) found.push(each);
  }
  return found;
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !/^(?:\.|node_modules$|generated$)/.test(entry.name))
      .map(({ name }) => path.join(folder, name))
      .sort();
  } catch {
    // What may not be read has no logs that may.
    return [];
  }
}

/** The folders in which the contracts of an agent's peers lie; none where its files cannot be read, which others tell. */
async function peersOf(folder: string): Promise<string[]> {
  if (!existsSync(path.join(folder, 'rpc-peers.yaml'))) return [];
  const { ContractError, describeFolder } = await import('../../generator/index.js');
  try {
    const { peers } = await describeFolder(folder);
    return peers.map(({ source }) => path.resolve(folder, path.dirname(source)));
  } catch (error) {
    if (error instanceof ContractError) return [];
    throw error;
  }
}
