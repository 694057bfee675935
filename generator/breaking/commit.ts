import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { MAX_FILE_BYTES, type Unreadable } from '../files.js';
import { AgainstError } from './against-error.js';

/** The files of a repository as they were at a commit. Paths are relative to the top of the repository, with `/`. */
export interface Commit {
  /** The path of the folder that it was opened for, ending in `/`; empty for the top. */
  readonly prefix: string;
  /** What messages call a file. */
  nameOf(file: string): string;
  /** Whether there is such a file. A link is no file, and is not followed. */
  has(file: string): boolean;
  /** Whether there is anything of that name: a file, or what is none and cannot be read. */
  isNamed(file: string): boolean;
  read(file: string): string | Unreadable;
  /** The files of that name in any folder, in the order of their paths, with their texts; so many as can be looked at. */
  filesNamed(name: string): readonly { readonly file: string; read(): string | null }[];
}

/** How many files of one name are looked at, and how much text of them. */
const MOST_FILES = 2_000;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Opens a branch, a tag or a commit of the repository that a folder is in; the folder itself may be gone.
 *
 * @throws {AgainstError} when there is no repository, no git or no such commit.
 */
export function openCommit(folder: string, ref: string): Commit {
  if (ref === '' || ref.startsWith('-')) {
    throw new AgainstError(`"git:${ref}" names no commit; write git: and a branch, a tag or a commit.`);
  }
  const home = nearestFolder(folder);
  const git = (args: readonly string[]): Ran => runGit(home, args);
  const top = git(['rev-parse', '--show-prefix']);
  if (top.status !== 0) {
    throw new AgainstError(`${folder} is not in a git repository that can be read (${top.why}); name a path instead.`);
  }
  const inside = path.relative(home, folder).split(path.sep).join('/');
  const prefix = top.stdout.toString('utf8').replace(/\n$/, '') + (inside === '' ? '' : `${inside}/`);
  // From here on the tree is meant by its hash, whatever becomes of the name.
  const found = git(['rev-parse', '--verify', '--quiet', `${ref}^{tree}`]);
  const tree = found.stdout.toString('latin1').trim();
  if (found.status !== 0 || !HASH.test(tree)) {
    const isShallow = git(['rev-parse', '--is-shallow-repository']).stdout.toString('latin1').trim() === 'true';
    const what = isShallow
      ? 'this clone is shallow, so fetch the history first (git fetch --unshallow; in CI fetch-depth: 0)'
      : 'fetch it first if it is on another machine';
    throw new AgainstError(`The repository has no commit "${ref}"; ${what}.`);
  }
  const nameOf = (file: string): string => `git:${ref}:${file}`;
  const blobAt = (file: string): string | null => {
    const { stdout } = git(['ls-tree', '-z', '--full-tree', tree, '--', file]);
    const [entry] = entriesIn(stdout);
    return entry?.file === file ? entry.hash : null;
  };
  return {
    prefix,
    nameOf,
    has: (file) => blobAt(file) !== null,
    isNamed: (file) => git(['ls-tree', '-z', '--full-tree', tree, '--', file]).stdout.length > 0,
    read: (file) => {
      const hash = blobAt(file);
      return hash === null ? missing(nameOf(file)) : readBlob(git(['cat-file', 'blob', hash]), nameOf(file));
    },
    filesNamed(name) {
      const { stdout } = git(['ls-tree', '-r', '-l', '-z', '--full-tree', tree]);
      let bytes = 0;
      const named = entriesIn(stdout)
        .filter(({ file, size }) => path.posix.basename(file) === name && size <= MAX_FILE_BYTES)
        .slice(0, MOST_FILES);
      return named.map(({ file, hash, size }) => ({
        file,
        read() {
          bytes += size;
          const text = bytes > MOST_BYTES ? null : readBlob(git(['cat-file', 'blob', hash]), nameOf(file));
          return typeof text === 'string' ? text : null;
        },
      }));
    },
  };
}

const HASH = /^[0-9a-f]{40,64}$/;

/** The folder itself, or the nearest above it that is there. */
function nearestFolder(folder: string): string {
  let home = folder;
  while (!isFolder(home) && path.dirname(home) !== home) home = path.dirname(home);
  return home;
}

function isFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly why: string;
  readonly isTooLong: boolean;
}

/** Runs git without a shell, and never for longer than a minute. */
function runGit(folder: string, args: readonly string[]): Ran {
  const command = ['--no-pager', '--literal-pathspecs', ...args];
  const { status, stdout, stderr, error } = spawnSync('git', command, {
    ...{ cwd: folder, maxBuffer: args[0] === 'cat-file' ? MAX_FILE_BYTES : MOST_BYTES, timeout: 60_000 },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT' && isFolder(folder)) {
    throw new AgainstError('There is no program git to read the old contract with; install it, or name a path.');
  }
  const said = stderr?.toString('utf8').split('\n', 1)[0] ?? '';
  const why = said || (code ?? 'no reason given');
  return { status, stdout: stdout ?? Buffer.alloc(0), why, isTooLong: code === 'ENOBUFS' };
}

interface Entry {
  readonly file: string;
  readonly hash: string;
  readonly size: number;
}

/** The files in what `git ls-tree -z` prints: no folders, no links, no repositories within. */
function entriesIn(stdout: Buffer): Entry[] {
  const lines = stdout.toString('utf8').split('\0');
  return lines.flatMap((line) => {
    const [, hash, size, file] = /^100(?:644|755|664) blob ([0-9a-f]+)(?: +(\d+))?\t(.*)$/s.exec(line) ?? [];
    return hash === undefined || file === undefined ? [] : [{ file, hash, size: Number(size ?? 0) }];
  });
}

function missing(name: string): Unreadable {
  return { code: 'file-missing', message: `There is no file ${name}.`, fix: 'Compare with a commit that has it.' };
}

function readBlob({ status, stdout, why, isTooLong }: Ran, name: string): string | Unreadable {
  const unreadable = (what: string, fix: string): Unreadable => {
    return { code: 'file-unreadable', message: `${name} ${what}.`, fix };
  };
  if (isTooLong) return unreadable('has more than 4 MiB', 'Compare with another commit.');
  if (status !== 0) return unreadable(`cannot be read (${why})`, 'Fetch the commit.');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(stdout);
  } catch {
    return unreadable('is not UTF-8 text', 'Compare with another commit.');
  }
}
