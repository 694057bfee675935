import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { isInside, MAX_FILE_BYTES, readText, type Unreadable } from '../load.js';

/** Thrown when what a contract shall be compared with cannot be had: its message is one sentence, and what to do. */
export class AgainstError extends Error {
  override readonly name = 'AgainstError';
}

/** The files around a contract, as they are on disk or as they were at some commit. Paths are relative, with `/`. */
export interface Tree {
  /** The name of the contract's own file. */
  readonly main: string;
  /** What messages call a file. */
  nameOf(relative: string): string;
  /** Whether there is such a file inside the tree; what is outside is never opened. */
  has(relative: string): boolean;
  read(relative: string): string | Unreadable;
}

/** The tree in a folder of the disk; `prefix` makes a name in messages of a name in the folder. */
export function diskTree(folder: string, main: string, prefix: string): Tree {
  return {
    main,
    nameOf: (relative) => prefix + relative,
    has: (relative) => isInside(folder, relative),
    read: (relative) => readText(path.join(folder, relative), prefix + relative),
  };
}

/** The tree around a contract that is named by its file or by its folder, relative to `base`. */
export function treeAtPath(given: string, base: string, main: string): Tree {
  const target = path.resolve(base, given);
  const stats = statSync(target, { throwIfNoEntry: false });
  if (stats === undefined) throw new AgainstError(`There is no ${given}; name a folder, a file or git:REF.`);
  const shown = given.split(path.sep).join('/');
  if (stats.isDirectory()) return diskTree(target, main, `${shown.replace(/\/+$/, '')}/`);
  const folder = path.posix.dirname(shown);
  return diskTree(path.dirname(target), path.basename(target), folder === '.' ? '' : `${folder}/`);
}

/** The tree of a folder as it was at a commit, a tag or a branch of the repository that the folder is in. */
export function treeAtCommit(folder: string, main: string, ref: string): Tree {
  if (ref === '' || ref.startsWith('-')) {
    throw new AgainstError(`"git:${ref}" names no commit; write git: and a branch, a tag or a commit.`);
  }
  const top = git(folder, ['rev-parse', '--show-prefix']);
  if (top.status !== 0) {
    throw new AgainstError(`${folder} is not in a git repository that can be read (${top.why}); name a path instead.`);
  }
  const prefix = top.stdout.toString('utf8').replace(/\n$/, '');
  // From here on the tree is meant by its hash, whatever becomes of the name.
  const found = git(folder, ['rev-parse', '--verify', '--quiet', `${ref}^{tree}`]);
  const tree = found.stdout.toString('latin1').trim();
  if (found.status !== 0 || !/^[0-9a-f]{40,64}$/.test(tree)) {
    throw new AgainstError(`The repository has no commit "${ref}"; fetch it first if it is on another machine.`);
  }
  const nameOf = (relative: string): string => `git:${ref}:${prefix}${relative}`;
  return {
    main,
    nameOf,
    has: (relative) => !/^(?:\.\.|\/)/.test(relative) && blobAt(folder, tree, prefix + relative) !== null,
    read: (relative) => readBlob(folder, blobAt(folder, tree, prefix + relative), nameOf(relative)),
  };
}

interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly why: string;
  readonly isTooLong: boolean;
}

/** Runs git without a shell, and never for longer than a minute. */
function git(folder: string, args: readonly string[]): Ran {
  const command = ['--no-pager', '--literal-pathspecs', ...args];
  const { status, stdout, stderr, error } = spawnSync('git', command, {
    ...{ cwd: folder, maxBuffer: MAX_FILE_BYTES, timeout: 60_000, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT' && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new AgainstError('There is no program git to read the old contract with; install it, or name a path.');
  }
  const said = stderr?.toString('utf8').split('\n', 1)[0] ?? '';
  const why = said || (code ?? 'no reason given');
  return { status, stdout: stdout ?? Buffer.alloc(0), why, isTooLong: code === 'ENOBUFS' };
}

/** The hash of a file in a tree; null for a path that leads to none. A link is no file, and is not followed. */
function blobAt(folder: string, tree: string, file: string): string | null {
  const { stdout } = git(folder, ['ls-tree', '-z', '--full-tree', tree, '--', file]);
  const [entry = ''] = stdout.toString('utf8').split('\0');
  const [, hash, name] = /^100(?:644|755|664) blob ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
  return name === file ? (hash ?? null) : null;
}

function readBlob(folder: string, hash: string | null, name: string): string | Unreadable {
  if (hash === null) {
    const message = `There is no file ${name}.`;
    return {
      code: 'file-missing',
      message,
      fix: 'Compare with a commit that has it; a contract that is new breaks nothing.',
    };
  }
  const { status, stdout, why, isTooLong } = git(folder, ['cat-file', 'blob', hash]);
  if (isTooLong)
    return { code: 'file-unreadable', message: `${name} has more than 4 MiB.`, fix: 'Compare with another commit.' };
  if (status !== 0)
    return { code: 'file-unreadable', message: `${name} cannot be read (${why}).`, fix: 'Fetch the commit.' };
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(stdout);
  } catch {
    return { code: 'file-unreadable', message: `${name} is not UTF-8 text.`, fix: 'Compare with another commit.' };
  }
}
