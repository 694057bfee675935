import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { folderAround, type Target } from './target.js';

/**
 * Makes the folder in which a project is prepared, beside its place, so that it only has to be renamed. Those that runs
 * have left which were killed go.
 */
export function createStaging({ folder }: Target): string {
  const around = folderAround(folder);
  const prefix = `.${path.basename(folder)}.init-`;
  for (const name of readdirSync(around)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length) : Number.NaN);
    if (Number.isInteger(pid) && pid > 0 && !isAtWork(pid))
      rmSync(path.join(around, name), { recursive: true, force: true });
  }
  const staging = path.join(around, `${prefix}${process.pid}`);
  mkdirSync(staging);
  return staging;
}

function isAtWork(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Every file of a folder, by path relative to it, with `/`. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** Puts a prepared project in its place: by one step where there is no folder yet, else file by file, agent.yaml last. */
export function moveInto({ folder, exists }: Target, project: string, files: readonly string[]): void {
  if (!exists) {
    mkdirSync(path.dirname(folder), { recursive: true });
    renameSync(project, folder);
    return;
  }
  const last = 'agent.yaml';
  for (const file of [...files.filter((name) => name !== last), last]) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    renameSync(path.join(project, file), path.join(folder, file));
  }
}
