import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** Where Debian puts servers, which is not in everybody's PATH. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The path of a program; undefined where it is not installed. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where the brokers that are Java archives are kept, for all checkouts of this user. */
export function archivesFolder(name: string): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(cache, 'declaragent-brokers', name);
}

/** Whether the folder holds the archives, whole: they are moved there when all have come. */
export function hasArchives(name: string): boolean {
  const folder = archivesFolder(name);
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.jar'));
}

/** Where packages of Python are kept, for clients that are not ours. */
export function pythonPackagesFolder(): string {
  return archivesFolder('python');
}

/** Whether the modules are there. */
export function hasPythonPackages(...modules: readonly string[]): boolean {
  return modules.every((name) => existsSync(path.join(pythonPackagesFolder(), name)));
}
