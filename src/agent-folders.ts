import { statSync } from 'node:fs';
import path from 'node:path';
import type { Io } from './io.js';

/** The folders that the arguments mean: a contract file means the folder it is in, another file is none. */
export function agentFolders(args: readonly string[], io: Io): string[] {
  const folders = (args.length === 0 ? ['.'] : args).flatMap((arg) => {
    if (statSync(path.resolve(io.cwd, arg), { throwIfNoEntry: false })?.isFile() !== true) return [arg];
    if (CONTRACT_FILES.includes(path.basename(arg))) return [path.dirname(arg)];
    io.stderr(`Note: ${arg} is a file and not an agent's folder; it was passed over.\n`);
    return [];
  });
  if (folders.length === 0) io.stderr('None of the arguments is a folder; name the folder of an agent.\n');
  // The same folder may be spelt in several ways, and the first counts.
  return folders.filter((folder, index) => index === folders.findIndex((other) => isSame(folder, other, io)));
}

function isSame(left: string, right: string, { cwd }: Io): boolean {
  return path.resolve(cwd, left) === path.resolve(cwd, right);
}

/** A folder with one of them is an agent's. */
export const CONTRACT_FILES: readonly string[] = ['capabilities.yaml', 'rpc-peers.yaml', 'agent.yaml'];

/** What makes a path relative to an agent's folder one relative to the working folder. */
export function pathPrefix(folder: string): string {
  return folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
}

/** What a line about a folder begins with; the working folder goes without saying. */
export function folderLabel(folder: string): string {
  return folder === '.' ? '' : `${folder}: `;
}
