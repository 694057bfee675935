import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { EXIT } from '../exit.js';
import { count } from '../report/words.js';
import { InitError } from './init-error.js';

/** The folder that a project is to be in. */
export interface Target {
  /** Absolute. */
  readonly folder: string;
  /** What messages call it. */
  readonly name: string;
  /** Whether it is there already; then files are moved into it one by one. */
  readonly exists: boolean;
}

/** A repository that has just been begun is as good as an empty folder. */
const IN_NOBODYS_WAY: ReadonlySet<string> = new Set(['.git']);
const MOST_NAMED = 8;

/**
 * Looks at the folder before anything is written.
 *
 * @throws {InitError} where it is no folder, or has something in it that `mayOverwrite` does not allow for
 */
export function readTarget(folder: string, name: string, mayOverwrite: boolean): Target {
  try {
    return lookAt(folder, name, mayOverwrite);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code !== 'string') throw error;
    throw new InitError(`${name} cannot be a folder (${code}); name another.`, EXIT.environment, { cause: error });
  }
}

function lookAt(folder: string, name: string, mayOverwrite: boolean): Target {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return { folder, name, exists: false };
  if (!stats.isDirectory()) throw new InitError(`${name} is a file; name a folder.`, EXIT.usage);
  const present = readdirSync(folder).filter((entry) => !IN_NOBODYS_WAY.has(entry));
  if (present.length > 0 && !mayOverwrite) {
    const named = present.sort().slice(0, MOST_NAMED).join(', ');
    const more = present.length > MOST_NAMED ? `, and ${present.length - MOST_NAMED} more` : '';
    throw new InitError(
      `${name} is not empty (${count(present.length, 'entry', 'entries')}: ${named}${more}); name another folder, or give --force ` +
        'to overwrite the files that a new project has.',
      EXIT.usage,
    );
  }
  return { folder, name, exists: true };
}

/**
 * Looks at where each file would go.
 *
 * @throws {InitError} where a folder is in the place of a file, or a file or a link in that of a folder
 */
export function assertPlaces({ folder, name }: Target, files: readonly string[]): void {
  for (const file of files) {
    if (lstatSync(path.join(folder, file), { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new InitError(`${name}/${file} is a folder, and would be a file; move it away.`, EXIT.usage);
    }
    for (let inner = path.posix.dirname(file); inner !== '.'; inner = path.posix.dirname(inner)) {
      const stats = lstatSync(path.join(folder, inner), { throwIfNoEntry: false });
      if (stats === undefined || stats.isDirectory()) continue;
      // Through a link it would be written elsewhere.
      throw new InitError(`${name}/${inner} is no folder, and would be one; move it away.`, EXIT.usage);
    }
  }
}

/** The folder beside which a project is prepared: the one that it will lie in, or the nearest around it that exists. */
export function folderAround(folder: string): string {
  const parent = path.dirname(folder);
  return existsSync(parent) || parent === folder ? parent : folderAround(parent);
}
