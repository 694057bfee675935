import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** The folder of the repository. */
export const repository: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
  // Whatever npm has installed is many files.
}, 120_000);

/** A new folder outside the repository with the given files, by path; gone when the test file has run. */
export function createScratch(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'declaragent-test-')));
  made.push(folder);
  writeFiles(folder, files);
  return folder;
}

/** Removes a folder before the test file has run, for those who make many. */
export function removeScratch(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
}

/** Every file below a folder with its text, by path relative to it. */
export function readTree(folder: string): Record<string, string> {
  return Object.fromEntries(filesBelow(folder).map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

/** What shows that a file was touched: its inode, the time of its text, its size. Its ctime moves with every link to it. */
export function stampTree(folder: string): Record<string, string> {
  return Object.fromEntries(
    filesBelow(folder).map((name) => {
      const { ino, mtimeMs, size } = lstatSync(path.join(folder, name));
      return [name, [ino, mtimeMs, size].join(' ')];
    }),
  );
}

function filesBelow(folder: string, prefix = ''): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(folder, `${prefix}${entry.name}/`) : [prefix + entry.name]))
    .sort();
}
