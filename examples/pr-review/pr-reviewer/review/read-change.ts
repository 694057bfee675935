import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';

/** What to review: a patch file below the working folder, or a range of commits of the repository there. */
export type Change =
  | { readonly kind: 'patch'; readonly path: string }
  | { readonly kind: 'commits'; readonly range: string };

/** The text of the diff, or the declared error that the caller gets. */
export type ReadResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: 'DIFF_NOT_FOUND'; readonly message: string }
  | {
      readonly ok: false;
      readonly code: 'DIFF_TOO_LARGE';
      readonly message: string;
      readonly details: { bytes: number; limit: number };
    };

export const DIFF_LIMIT: number = 1024 * 1024;

/**
 * Two revisions with two or three dots between. The same pattern is in capabilities.yaml; it is checked here again
 * because a skill may be called without a contract before it. It holds no option (none begins with a dash) and nothing
 * that a shell would read, though none is started.
 */
export const COMMIT_RANGE: RegExp =
  /^[A-Za-z0-9_][A-Za-z0-9_/~@+-]*(?:\.[A-Za-z0-9_/~@+-]+)*\.{2,3}[A-Za-z0-9_][A-Za-z0-9_/~@+-]*(?:\.[A-Za-z0-9_/~@+-]+)*$/;

/** Reads the diff of a change. Rejects for what the caller cannot mend: no git, a failing disk, the signal. */
export function readChange(change: Change, signal: AbortSignal): Promise<ReadResult> {
  switch (change.kind) {
    case 'patch':
      return readPatch(change.path);
    case 'commits':
      return readCommits(change.range, signal);
    default:
      return change satisfies never;
  }
}

/** How the file system says that there is no such file for us. */
const ABSENT: ReadonlySet<unknown> = new Set([
  ...['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ERR_INVALID_ARG_VALUE'],
]);

async function readPatch(path: string): Promise<ReadResult> {
  // One sentence for all reasons, or the answers would tell which files there are outside the folder.
  const absent = notFound('There is no such patch file below the folder that the reviewer works in.');
  try {
    const root = await realpath(process.cwd());
    const file = await realpath(resolve(root, path));
    return isBelow(root, file) ? ((await readFile(file)) ?? absent) : absent;
  } catch (error) {
    if (ABSENT.has(codeOf(error))) return absent;
    throw error;
  }
}

function isBelow(root: string, file: string): boolean {
  const path = relative(root, file);
  return path !== '' && path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}

/** Opens first and looks then, so that what is measured is what is read. Null for a folder, a pipe or a device. */
async function readFile(file: string): Promise<ReadResult | null> {
  // A link put there since realpath is not followed, and a pipe does not hold us up. Windows knows neither flag.
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return null;
    if (stat.size > DIFF_LIMIT) return tooLarge(stat.size);
    return { ok: true, text: await handle.readFile('utf8') };
  } finally {
    await handle.close();
  }
}

// Settings of the user's git that would change the form of the diff, or run a program, are overruled.
const GIT_DIFF = ['diff', '--no-color', '--no-ext-diff', '--no-textconv', '--submodule=short'];
const PREFIXES = ['--src-prefix=a/', '--dst-prefix=b/'];

async function readCommits(range: string, signal: AbortSignal): Promise<ReadResult> {
  if (!COMMIT_RANGE.test(range)) return notFound('A range of commits is two revisions with two or three dots between.');
  try {
    const args = [...GIT_DIFF, ...PREFIXES, '--end-of-options', range, '--'];
    const options = { cwd: process.cwd(), signal, maxBuffer: DIFF_LIMIT, windowsHide: true };
    const { stdout } = await promisify(execFile)('git', args, options);
    return stdout === '' ? notFound('No file differs between the two commits.') : { ok: true, text: stdout };
  } catch (error) {
    if (codeOf(error) === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return tooLarge(DIFF_LIMIT + 1);
    // A number is the exit status of git: it ran, and did not find the commits.
    if (typeof codeOf(error) === 'number')
      return notFound('git knows no such commits in the folder that the reviewer works in.');
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function notFound(message: string): ReadResult {
  return { ok: false, code: 'DIFF_NOT_FOUND', message };
}

function tooLarge(bytes: number): ReadResult {
  const message = `The diff has more than ${DIFF_LIMIT} bytes; ask for the review of a part of it.`;
  return { ok: false, code: 'DIFF_TOO_LARGE', message, details: { bytes, limit: DIFF_LIMIT } };
}
