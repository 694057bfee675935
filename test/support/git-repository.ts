import { execFileSync } from 'node:child_process';
import { createScratch } from './scratch.js';

const IDENTITY = ['-c', 'user.name=a', '-c', 'user.email=a@b.example', '-c', 'commit.gpgsign=false'];

export function git(folder: string, ...args: readonly string[]): void {
  execFileSync('git', [...IDENTITY, ...args], { cwd: folder, stdio: 'pipe' });
}

/** A repository with the files as its one commit, on the branch main. */
export function createRepository(files: Readonly<Record<string, string>>): string {
  const folder = createScratch(files);
  git(folder, 'init', '-q', '-b', 'main');
  commit(folder);
  return folder;
}

export function commit(folder: string): void {
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'x');
}
