import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { hashOf } from './hash.js';

/*
 * What the program would compile at each start, and a build of the package has compiled before: `scripts/make-ready.mjs`
 * writes it below `ready/`. The name of each file has a hash of what it was made from, so that one that is out of date is
 * not found. What is not found, as in sources, is compiled at run time.
 */

const require = createRequire(import.meta.url);

/** Where the module for something stands, once it is made ready. `madeFrom` is all that decides what it says. */
export function readyPath(name: string, madeFrom: string): string {
  return path.join(import.meta.dirname, 'ready', `${name}.${hashOf(madeFrom).slice(0, 16)}.cjs`);
}

/** What the module for something exports; undefined where there is none. */
export function readyModule(name: string, madeFrom: string): unknown {
  const file = readyPath(name, madeFrom);
  return existsSync(file) ? require(file) : undefined;
}
