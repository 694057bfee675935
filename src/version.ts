import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of the package that this program came in. */
export function versionOfThisPackage(): string {
  const file = createRequire(import.meta.url).resolve('declaragent/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
