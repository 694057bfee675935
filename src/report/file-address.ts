import path from 'node:path';
import type { Io } from '../io.js';

/** A file of a place relative to the working folder with `/` and no detours, as other programs look files up. */
export function relativeFile(file: string, { cwd }: Io): string {
  return path.relative(cwd, path.resolve(cwd, file)).split(path.sep).join('/');
}
