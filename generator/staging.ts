import { createHash, randomInt } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, realpathSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode, OutputError } from './output-error.js';
import { restoreReplaced } from './swap.js';

/**
 * A run that writes has a folder of its own in the agent's folder. What is to be written is prepared in it, and while it
 * is there no other run writes, so it is the lock too. Its name says whose it is, and is never used twice: two runs that
 * find one left behind can both delete it, and neither deletes the other's.
 */
const PREFIX = '.declaragent-run.';
const NAME = /^\.declaragent-run\.(\d+)\.(\d+)\.([0-9a-f]{8})\.\w+$/;

/** No run takes this long: what is older was left behind, even if its process id is somebody's again. */
const MAX_AGE_MS = 10 * 60_000;
const ATTEMPTS = 50;
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 150;

interface Run {
  /** The name of its folder. */
  readonly name: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly isAtWork: boolean;
}

/** Waits until no other run writes to the agent's folder, keeps others out, and returns the name of the new folder. */
export async function takeStaging(directory: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    let other = runsIn(directory).find(({ isAtWork }) => isAtWork);
    if (other === undefined) {
      const own = createStaging(directory);
      // Each looks after it has made its own, so of two runs at least one sees the other.
      other = runsIn(directory).find(({ name, isAtWork }) => isAtWork && name !== own);
      if (other === undefined) return own;
      discardStaging(directory, own);
    }
    if (attempt === ATTEMPTS) throw new OutputError(busy(other));
    // By chance, so that two runs that gave way to each other do not meet again.
    await pause(randomInt(MIN_PAUSE_MS, MAX_PAUSE_MS));
  }
}

/** The folders that runs left behind which were cut off. */
export function leftStagings(directory: string): string[] {
  return runsIn(directory).flatMap(({ name, isAtWork }) => (isAtWork ? [] : [name]));
}

/** Puts back the output folder that a run was replacing when it was cut off. */
export function restoreOutput(directory: string): void {
  for (const name of leftStagings(directory)) {
    try {
      restoreReplaced(directory, name);
    } catch (error) {
      throw new OutputError(
        `The old output, in ${name}, cannot be put back (${errorCode(error)}). Nothing was written.`,
      );
    }
  }
}

/** Deletes a run's folder, and the empty folders that the run made for files which it never put there. */
export function discardStaging(directory: string, name: string): void {
  try {
    restoreReplaced(directory, name);
    for (const folder of foldersBelow(path.join(directory, name))) removeIfEmpty(directory, folder);
    removeFolder(path.join(directory, name));
  } catch {
    // Nothing depends on it: the next run finds it and tries again.
  }
}

/** Deletes a folder with all in it, in half the time of rmSync(), which looks once more at each of a thousand files. */
function removeFolder(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const inner = `${folder}/${entry.name}`;
      if (entry.isDirectory()) removeFolder(inner);
      else unlinkSync(inner);
    }
    rmdirSync(folder);
  } catch {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Removes a folder if nothing is in it, then those around it that this leaves empty. */
export function removeIfEmpty(directory: string, folder: string): void {
  try {
    if (realpathSync(path.join(directory, folder)) !== path.join(realpathSync(directory), folder)) return;
    for (let inner = folder; inner !== '.'; inner = path.posix.dirname(inner)) rmdirSync(path.join(directory, inner));
  } catch {
    // It holds something, or is gone.
  }
}

function runsIn(directory: string): Run[] {
  return namesIn(directory).flatMap((name): Run[] => {
    const [, pid, startedMs, host] = NAME.exec(name) ?? [];
    if (pid === undefined || lstatSync(path.join(directory, name), { throwIfNoEntry: false })?.isDirectory() !== true)
      return [];
    const isRecent = Math.abs(Date.now() - Number(startedMs)) < MAX_AGE_MS;
    // Another machine's processes cannot be asked for, nor those of another container.
    const isAtWork = isRecent && (host !== hostHash() || isAlive(Number(pid)));
    return [{ name, pid: Number(pid), startedMs: Number(startedMs), isAtWork }];
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

function createStaging(directory: string): string {
  try {
    return path.basename(mkdtempSync(path.join(directory, `${PREFIX}${process.pid}.${Date.now()}.${hostHash()}.`)));
  } catch (error) {
    throw new OutputError(`Nothing can be written to the folder (${errorCode(error)}). Nothing was written.`);
  }
}

function hostHash(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

function busy({ name, pid, startedMs }: Run): string {
  return (
    `Another run of codegen (process ${pid}, since ${new Date(startedMs).toISOString()}) is at work here; ` +
    `wait for it, or delete ${name} if there is none. Nothing was written.`
  );
}

/** Every folder below one, relative with `/`, the innermost first. */
function foldersBelow(folder: string, prefix = ''): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [...foldersBelow(folder, `${prefix}${name}/`), prefix + name]);
}
