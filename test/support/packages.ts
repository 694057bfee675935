import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { createScratch, repository } from './scratch.js';

/** Runs a program in a folder and returns what it prints; throws with that when it fails. */
export function run(folder: string, program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Makes a project outside the repository and installs both packages in it, packed as they would be published. */
export function createProject(files: Readonly<Record<string, string>>): string {
  const tarballs = createScratch();
  run(
    repository,
    'npm',
    'pack',
    '--silent',
    '--workspaces',
    '--include-workspace-root',
    '--pack-destination',
    tarballs,
  );
  const paths = readdirSync(tarballs).map((name) => path.join(tarballs, name));
  const project = createScratch({
    'package.json': '{ "name": "scratch", "private": true, "type": "module" }',
    ...files,
  });
  // In one command, so that one tarball finds the other: neither is on a registry.
  run(project, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...paths);
  return project;
}
