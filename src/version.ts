import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The version of the package that this program came in. */
export function versionOfThisPackage(): string {
  const { version } = JSON.parse(readFileSync(manifestOfThisPackage(), 'utf8')) as { version: string };
  return version;
}

/** Where the package lies that this program came in. */
export function folderOfThisPackage(): string {
  return path.dirname(manifestOfThisPackage());
}

function manifestOfThisPackage(): string {
  return createRequire(import.meta.url).resolve('declaragent/package.json');
}
