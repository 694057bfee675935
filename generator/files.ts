import { existsSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import type { ProblemCode } from './problem.js';

/* Which files are read, and how. A path may come from somebody else, so what it leads to is looked at before it is opened. */

/** The files a person writes in an agent's folder. */
export const CAPABILITIES_FILE = 'capabilities.yaml';
export const PEERS_FILE = 'rpc-peers.yaml';
export const AGENT_FILE = 'agent.yaml';

export const MAX_FILE_BYTES: number = 4 * 1024 * 1024;

/** Why a file cannot be read, and what to do. */
export type Unreadable = { readonly code: ProblemCode; readonly message: string; readonly fix: string };

/** The text of a file, or why there is none; `name` is what a sentence calls it. */
export function readText(file: string, name: string): string | Unreadable {
  let stats: Stats;
  let bytes: Buffer;
  try {
    stats = statSync(file);
    if (!stats.isFile()) return unreadable(`${name} is not a file.`, 'Name a file.');
    if (stats.size > MAX_FILE_BYTES) {
      return unreadable(`${name} has ${stats.size} bytes, more than 4 MiB.`, 'Split the contract into several agents.');
    }
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return {
        code: 'file-missing',
        message: `The file ${name} does not exist.`,
        fix: 'Correct the path, or add the file.',
      };
    }
    return unreadable(
      `${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
      'Make it readable.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unreadable(`${name} is not UTF-8 text.`, 'Save the file as UTF-8.');
  }
}

function unreadable(message: string, fix: string): Unreadable {
  return { code: 'file-unreadable', message, fix };
}

/** Whether a relative path names an existing file inside `home`, links followed. What is outside is never opened. */
export function isInside(home: string, relative: string): boolean {
  if (relative.startsWith('..') || path.posix.isAbsolute(relative)) return false;
  try {
    const real = realpathSync(path.join(home, relative));
    return real.startsWith(realpathSync(home) + path.sep);
  } catch {
    return false;
  }
}

/** Why a path that a peer's entry gives is not followed: a contract file may come from somebody else. */
export function objectionTo(
  contract: string,
  file: string,
  directory: string,
): { readonly message: string; readonly fix: string } | null {
  if (!/\.(?:ya?ml|json)$/.test(contract) || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(contract)) {
    return { message: `"${contract}" is not the path of a YAML file.`, fix: 'Name a file that ends in .yaml.' };
  }
  const root = projectOf(directory);
  const real = existsSync(file) ? realpathSync(file) : file;
  if (real.startsWith(root + path.sep)) return null;
  return {
    message: `"${contract}" lies outside the project, which is the folder ${path.relative(directory, root) || '.'}.`,
    fix: "Copy the peer's capabilities file into the project and name the copy.",
  };
}

/** The git repository that the folder is in; else the folder around the agent's, where its peers are. */
export function projectOf(directory: string): string {
  const start = existsSync(directory) ? realpathSync(directory) : directory;
  for (let folder = start; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder;
  }
  return path.dirname(start);
}

/** How many bytes an agent's own capabilities have; a first guess at how much work there is. */
export function sizeOf(directory: string): number {
  return statSync(path.join(directory, CAPABILITIES_FILE), { throwIfNoEntry: false })?.size ?? 0;
}
