import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import type { Finished } from './command.js';

/** How a process has ended. */
export interface Exited extends Omit<Finished, 'status'> {
  readonly status: unknown;
}

/** Runs a program that `buildProgram` has built, as a process until it ends, without the keys of whoever runs the tests. */
export function declaragent(program: string, cwd: string, ...args: readonly string[]): Promise<Exited> {
  const { PATH = '' } = process.env;
  const env = { PATH, DECLARAGENT_CACHE_DIR: '' };
  return new Promise((resolve) => {
    execFile(process.execPath, [path.join(program, 'src/cli.js'), ...args], { cwd, env }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}
