import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { watch as watchFiles } from 'chokidar';

/** What a run says of what it read, so that a change of it leads to another run. */
export interface WatchedRun {
  /** The files, absolute. */
  readonly inputs: readonly string[];
}

/** Thrown when files cannot be watched. */
export class WatchError extends Error {
  override readonly name = 'WatchError';

  constructor(code: string) {
    super(`The files cannot be watched (${code}). Close other programs that watch files, or raise the limit for them.`);
  }
}

export interface WatchOptions {
  /** The agents' folders, absolute. */
  readonly folders: readonly string[];
  /** Where generated code goes below each, which is no input. */
  readonly out: string;
  /** Runs for one folder; what goes wrong is said there and ends nothing. */
  run(folder: string): Promise<WatchedRun>;
}

/**
 * How long nothing must have changed before a run: editors save a file in several steps, a checkout changes many files,
 * and the watcher says nothing of a second change within 50 ms of the first.
 */
const SETTLE_MS = 80;

/**
 * Runs for every folder, and again for each whose files change, for as long as the process lives.
 *
 * @throws {WatchError} when the operating system will not watch so many files, and what a run throws.
 */
export async function watch({ folders, out: given, run }: WatchOptions): Promise<never> {
  const out = path.posix.normalize(given.split(path.sep).join('/')).replace(/\/+$/, '');
  const inputs = new Map<string, ReadonlySet<string>>();
  const isIgnored = (file: string): boolean => {
    // What a run has read is watched wherever it lies.
    const isRead = [...inputs.values()].some((files) => [...files].some((one) => one === file || isInside(file, one)));
    return !isRead && folders.some((folder) => isForeign(path.relative(folder, file), out));
  };
  const changed = new Set(folders);
  let wake = (): void => {};
  let lastMs = 0;
  const watcher = watchFiles([...folders], {
    ignoreInitial: true,
    ignored: (file) => isIgnored(path.resolve(file)),
  });
  watcher.on('all', (_, name) => {
    const file = path.resolve(name);
    lastMs = performance.now();
    for (const folder of folders) {
      const isInput = inputs.get(folder)?.has(file) === true;
      if (isInput || isContractFile(path.relative(folder, file), out)) changed.add(folder);
    }
    if (changed.size > 0) wake();
  });
  const failed = new Promise<never>((_, reject) => {
    watcher.on('error', (error) => reject(new WatchError((error as NodeJS.ErrnoException).code ?? String(error))));
  });
  // It may fail while a run is at work, and is looked at after that.
  failed.catch(() => {});
  try {
    await Promise.race([failed, new Promise<void>((resolve) => watcher.once('ready', () => resolve()))]);
    for (;;) {
      for (const folder of [...changed]) {
        changed.delete(folder);
        const files = (await run(folder)).inputs;
        inputs.set(folder, new Set(files));
        watcher.add(files.filter((file) => !folders.some((one) => isWatched(path.relative(one, file), out))));
      }
      const next = new Promise<void>((resolve) => {
        wake = resolve;
      });
      if (changed.size === 0) await Promise.race([failed, next]);
      while (performance.now() - lastMs < SETTLE_MS) await pause(SETTLE_MS);
    }
  } finally {
    await watcher.close();
  }
}

/** Whether a path relative to an agent's folder is among those that are watched from the start. */
function isWatched(relative: string, out: string): boolean {
  return !relative.startsWith('..') && !path.isAbsolute(relative) && !isForeign(relative, out);
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

/** Whether a path below an agent's folder may decide what is generated: a contract, a schema, a skill. */
function isContractFile(relative: string, out: string): boolean {
  if (relative === '' || relative.startsWith('..') || path.isAbsolute(relative) || isForeign(relative, out))
    return false;
  return /\.(?:ya?ml|json)$/.test(relative) || relative === 'skills.ts' || /^skills[/\\][^/\\]+\.ts$/.test(relative);
}

/** Whether a path below an agent's folder is of no concern: what codegen writes, packages, and what hides. */
function isForeign(relative: string, out: string): boolean {
  const parts = relative.split(path.sep);
  if (parts[0] === '..' || relative === '') return false;
  const isOutput = `${parts.join('/')}/`.startsWith(`${out}/`);
  return isOutput || parts.some((part) => part === 'node_modules' || part.startsWith('.'));
}
