import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { type Difference, textOnDisk } from './compare.js';
import { HEADER, MANIFEST } from './manifest.js';
import { errorCode, OutputError } from './output-error.js';
import type { Plan } from './plan.js';
import { discardStaging, leftStagings, removeIfEmpty } from './staging.js';
import { adoptLate, adoptRest, setAside, swapFolder } from './swap.js';

export interface Written {
  /** Paths relative to the agent's folder. */
  readonly written: readonly string[];
  readonly deleted: readonly string[];
  /** Files that were edited by hand and have been overwritten. */
  readonly overwritten: readonly string[];
  /** Files in generated folders that codegen did not write, or that were edited since, and that it left. */
  readonly kept: readonly string[];
}

/** What becomes of one file. */
interface Change {
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  readonly kind: Difference['kind'];
  /** Null for a file that is deleted. */
  readonly content: string | null;
  /** The text that a file of the user's must still have, null for none; undefined for a file of codegen's. */
  readonly replaces: string | null | undefined;
}

const NOTHING_WRITTEN = 'Nothing was written.';

const REST_MISSING = 'What comes before it was; run codegen again for the rest.';

/**
 * Brings the disk to the plan. Touches only files that differ, and deletes only what the last manifest lists unchanged.
 * All is prepared in `staging` first, so that a full disk is met before anything has changed. Then the user's files are put
 * in place, each in one step, and the output folder as a whole; where that cannot be, file by file.
 */
export function writeOutput(directory: string, staging: string, plan: Plan, differences: readonly Difference[]): void {
  const changes = planChanges(plan, differences);
  for (const change of changes) assertMayChange(directory, change);
  for (const change of changes) stage(directory, staging, change);
  const isOurs = ({ replaces }: Change): boolean => replaces === undefined;
  const whole = prepareWhole(directory, staging, plan, changes.filter(isOurs));
  for (const change of changes) assertMayChange(directory, change);
  let closing = NOTHING_WRITTEN;
  const applyEach = (some: readonly Change[]): void => {
    for (const change of some) {
      apply(directory, staging, change, closing);
      closing = REST_MISSING;
    }
  };
  applyEach(changes.filter((change) => !isOurs(change)));
  if (whole === null || !putInPlace(directory, staging, whole)) applyEach(changes.filter(isOurs));
  for (const left of leftStagings(directory)) discardStaging(directory, left);
}

/** An output folder that takes the place of the old one as a whole. */
interface Whole {
  readonly out: string;
  /** The files that differ from the old one's, relative to it. */
  readonly changed: ReadonlySet<string>;
}

/** Completes the output folder in `staging`; null where a single file changes, or a disk cannot link files. */
function prepareWhole(directory: string, staging: string, plan: Plan, changes: readonly Change[]): Whole | null {
  const [folder] = plan.folders;
  if (changes.length < 2 || folder === undefined) return null;
  const out = plan.folders.find(({ holdsOthers }) => holdsOthers)?.path ?? path.posix.dirname(folder.path);
  const changed = new Set(changes.map(({ path: file }) => path.posix.relative(out, file)));
  try {
    adoptRest(path.join(directory, out), path.join(directory, staging, out), changed);
    for (const { path: file, content } of changes) {
      if (content === null) removeIfEmpty(path.join(directory, staging), path.posix.dirname(file));
    }
    return { out, changed };
  } catch {
    return null;
  }
}

/** False where the disk would not have it, such as for a folder that is a mount, and the old folder is in its place. */
function putInPlace(directory: string, staging: string, { out, changed }: Whole): boolean {
  try {
    swapFolder(directory, staging, out);
  } catch {
    return false;
  }
  try {
    adoptLate(directory, staging, out, changed);
    return true;
  } catch (error) {
    const kept = setAside(directory, staging, out);
    throw new OutputError(
      `What was saved in ${out} meanwhile could not be carried over (${errorCode(error)}); it is in ${kept}. ${REST_MISSING}`,
    );
  }
}

/** What a run that puts these differences right has done. */
export function summarize(differences: readonly Difference[]): Written {
  const changes = differences.filter(({ kind }) => kind !== 'orphaned');
  const orphans = differences.filter(({ kind }) => kind === 'orphaned');
  const pathsOf = (some: readonly Difference[]): string[] => some.map(({ path: file }) => file);
  return {
    written: pathsOf(changes),
    deleted: pathsOf(orphans.filter(({ fixedByCodegen }) => fixedByCodegen)),
    overwritten: pathsOf(changes.filter(({ kind, path: file }) => kind === 'edited' && !file.endsWith(MANIFEST))),
    kept: pathsOf(orphans.filter(({ fixedByCodegen }) => !fixedByCodegen)),
  };
}

/**
 * In the order in which they are made, so that the next run sees what one that was cut off has yet to do: a skill is
 * there before skills.ts names it, and manifests, by which codegen knows what it may delete, go last. The user's files,
 * which may have changed meanwhile, go first.
 */
function planChanges(plan: Plan, differences: readonly Difference[]): Change[] {
  const contents = new Map(
    plan.folders.flatMap((folder) =>
      [...folder.files].map(([name, { text }]) => [path.posix.join(folder.path, name), text] as const),
    ),
  );
  const skills = new Map(plan.skills.map((skill) => [skill.path, skill] as const));
  const changes = differences
    .filter(({ fixedByCodegen }) => fixedByCodegen)
    .map(({ path: file, kind }): Change => {
      const skill = skills.get(file);
      const text = skill?.content ?? contents.get(file) ?? null;
      if (text === null && kind !== 'orphaned') throw new Error(`${file} is to be written and has no text.`);
      const content = kind === 'orphaned' ? null : text;
      return { path: file, kind, content, replaces: skill?.replaces };
    });
  const rank = ({ path: file, content, replaces }: Change): number => {
    if (replaces !== undefined) return file === 'skills.ts' ? 1 : 0;
    if (file.endsWith(MANIFEST)) return 4;
    return content === null ? 3 : 2;
  };
  return changes.sort((left, right) => rank(left) - rank(right));
}

function stage(directory: string, staging: string, { path: file, content, replaces }: Change): void {
  const place = path.join(directory, file);
  const prepared = path.join(directory, staging, file);
  try {
    // By the folders in it, one that this run leaves empty is found even if the run is cut off.
    mkdirSync(path.dirname(prepared), { recursive: true });
    if (content === null) return;
    mkdirSync(path.dirname(place), { recursive: true });
    accessSync(path.dirname(place), constants.W_OK);
    // Generated code can be made again after a power cut; what is the user's must be on the disk before it is in place.
    writeFileSync(prepared, content, { flag: 'wx', flush: replaces !== undefined });
    if (typeof replaces === 'string') chmodSync(prepared, lstatSync(place).mode);
  } catch (error) {
    throw new OutputError(`${file} cannot be written (${errorCode(error)}). ${NOTHING_WRITTEN}`);
  }
}

function apply(directory: string, staging: string, change: Change, closing: string): void {
  const { path: file, content } = change;
  assertPlace(directory, file, closing);
  assertUsers(directory, change, closing);
  try {
    if (content === null) rmSync(path.join(directory, file), { force: true });
    else renameSync(path.join(directory, staging, file), path.join(directory, file));
  } catch (error) {
    throw new OutputError(`${file} could not be put in place (${errorCode(error)}). ${closing}`);
  }
  if (content === null) removeIfEmpty(directory, path.posix.dirname(file));
}

function assertMayChange(directory: string, change: Change): void {
  const { path: file, kind } = change;
  assertPlace(directory, file, NOTHING_WRITTEN);
  assertUsers(directory, change, NOTHING_WRITTEN);
  if (kind !== 'edited' || file.endsWith(MANIFEST)) return;
  const found = textOnDisk(path.join(directory, file));
  if (found === null || isGenerated(found)) return;
  throw new OutputError(`${file} is not from codegen, which would overwrite it; move it away. ${NOTHING_WRITTEN}`);
}

/** Whether a text was once codegen's, even if a merge has put its mark before the first line. */
function isGenerated(text: string): boolean {
  return text
    .replace(/^\ufeff/, '')
    .replace(/^<{7}.*\n/, '')
    .startsWith(HEADER);
}

/** No link is followed, and no folder replaced by a file. */
function assertPlace(directory: string, file: string, closing: string): void {
  const parts = file.split('/');
  for (let length = 1; length <= parts.length; length++) {
    const place = parts.slice(0, length).join('/');
    const stats = statsOf(directory, place, closing);
    if (stats === undefined) break;
    if (stats.isSymbolicLink()) {
      throw new OutputError(`${place} is a symbolic link, and codegen writes through none; remove it. ${closing}`);
    }
    const isLast = length === parts.length;
    if (isLast ? !stats.isFile() : !stats.isDirectory()) {
      throw new OutputError(`${place} should be a ${isLast ? 'file' : 'folder'}; move it away. ${closing}`);
    }
  }
}

/** What the user saved while codegen ran is not lost. */
function assertUsers(directory: string, { path: file, replaces }: Change, closing: string): void {
  if (replaces === undefined || textOf(path.join(directory, file)) === replaces) return;
  throw new OutputError(`${file} was changed while codegen ran; run it again. ${closing}`);
}

function statsOf(directory: string, place: string, closing: string): Stats | undefined {
  try {
    return lstatSync(path.join(directory, place), { throwIfNoEntry: false });
  } catch (error) {
    throw new OutputError(`${place} cannot be looked at (${errorCode(error)}). ${closing}`);
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
