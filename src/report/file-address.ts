import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Io } from '../io.js';

/**
 * A file of a place as GitHub looks it up: relative to the checkout where the working folder lies in one, else to the working
 * folder, with `/` and no detours.
 */
export function repositoryFile(file: string, { cwd, environment }: Io): string {
  const base = checkoutAround(cwd, environment['GITHUB_WORKSPACE']);
  return path.relative(base.from, path.resolve(base.cwd, file)).split(path.sep).join('/');
}

interface Base {
  readonly from: string;
  readonly cwd: string;
}

/** Either of the two may be named through a link. */
function checkoutAround(cwd: string, workspace: string | undefined): Base {
  const outside: Base = { from: cwd, cwd };
  if (workspace === undefined || workspace === '') return outside;
  const pairs: Base[] = [
    { from: workspace, cwd },
    { from: realPath(workspace), cwd: realPath(cwd) },
  ];
  return pairs.find(({ from, cwd }) => isWithin(from, cwd)) ?? outside;
}

function isWithin(folder: string, inner: string): boolean {
  const relative = path.relative(folder, inner);
  return relative.split(path.sep)[0] !== '..' && !path.isAbsolute(relative);
}

function realPath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return path.resolve(folder);
  }
}
