import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pid, version } from 'node:process';
import { hashOf } from './hash.js';
import type { Input } from './inputs.js';
import type { ContractMemory, Memory } from './load.js';
import type { KnownFiles, Plan } from './plan.js';

/*
 * What runs remember of an agent's folder, in a file outside of it: nobody can commit one that makes a check pass. It only
 * ever saves work. One that is missing, cut off, of another version or another folder is as none.
 */

/** A plan that was made before, and what it was made from. */
export interface RememberedRun {
  /** The options that shape the output, and what else decides it but files. */
  readonly shape: string;
  readonly inputs: readonly Input[];
  readonly folders: readonly {
    readonly path: string;
    readonly holdsOthers: boolean;
    readonly hashes: readonly (readonly [name: string, hash: string])[];
  }[];
  readonly notices: readonly string[];
}

export interface Cache {
  /** Null where there is none that holds for certain. */
  readonly run: RememberedRun | null;
  /** What single capabilities led to. */
  readonly memory: Memory;
  readonly known: KnownFiles;
  /** Keeps what this run has used and made, and drops the rest. Never fails. */
  save(run: RememberedRun | null, memory: Memory): void;
}

/** What is remembered of parts of runs. */
interface Parts {
  readonly memory: Readonly<Record<string, ContractMemory>>;
  readonly known: Readonly<Record<string, string>>;
}

const NO_PARTS: Parts = { memory: {}, known: {} };

/**
 * Opens what is remembered of an agent's folder. Without a folder for it nothing is, and nothing will be; `isStale` says
 * that what there is has turned out to be wrong.
 */
export function openCache(home: string | undefined, directory: string, isStale: boolean): Cache {
  const file = home === undefined ? null : fileOf(home, directory);
  const [run, parts = '', later] = file === null || isStale ? [] : linesOf(file);
  // Where nothing has changed no part is asked for, and the parts are nearly all there is.
  const readParts = once(() => (unseal(parts) ?? NO_PARTS) as Parts);
  const readAll = once(() => joinParts(readParts(), (unseal(later) ?? NO_PARTS) as Parts));
  const memory = once(() => new Map(Object.entries(readAll().memory)));
  const used = new Map<string, string>();
  return {
    run: unseal(run) as RememberedRun | null,
    get memory() {
      return memory();
    },
    known: {
      get: (key) => {
        const { known } = readAll();
        const hash = Object.hasOwn(known, key) ? known[key] : undefined;
        if (hash !== undefined) used.set(key, hash);
        return hash;
      },
      set: (key, hash) => used.set(key, hash),
    },
    save: (newRun, newMemory) => {
      if (file === null) return;
      // Threads make it a matter of chance what is made first.
      const known = Object.fromEntries([...used.keys()].sort().map((key) => [key, used.get(key) as string]));
      const all = { memory: Object.fromEntries(newMemory), known };
      const added = partsBeyond(readParts(), all);
      write(file, [sealed(newRun), ...(added === null ? [sealed(all)] : [parts, ...added.map(sealed)])]);
    },
  };
}

/*
 * The parts of a long contract take longer to write than an edit of it takes otherwise. So they stay as they are, and on a
 * line of its own stands what later runs have added.
 */

function joinParts({ memory, known }: Parts, later: Parts): Parts {
  const joined = Object.entries(memory).map(([name, one]) => {
    const added = later.memory[name];
    return [name, added === undefined ? one : { ...added, records: [...one.records, ...added.records] }] as const;
  });
  return { memory: Object.fromEntries(joined), known: { ...known, ...later.known } };
}

/** What has been added to parts, in a list that is empty where nothing was; null where they are others. */
function partsBeyond(before: Parts, all: Parts): readonly Parts[] | null {
  const contracts = Object.entries(all.memory);
  const isSame = contracts.every(([name, { records }]) => records[0] === before.memory[name]?.records[0]);
  if (contracts.length === 0 || !isSame) return null;
  const known = Object.entries(all.known).filter(([key]) => !Object.hasOwn(before.known, key));
  if (known.length === 0 && contracts.every(([, { records }]) => records.length === 1)) return [];
  const memory = contracts.map(([name, one]) => [name, { ...one, records: one.records.slice(1) }] as const);
  return [{ memory: Object.fromEntries(memory), known: Object.fromEntries(known) }];
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The plan of a remembered run, whose files have no text. */
export function recallPlan({ folders, notices }: RememberedRun): Plan {
  return {
    folders: folders.map(({ path: folder, holdsOthers, hashes }) => ({
      path: folder,
      holdsOthers,
      files: new Map(hashes.map(([name, hash]) => [name, { hash, text: null, source: null }] as const)),
    })),
    skills: [],
    notices,
  };
}

/** A plan as it can be remembered; null for one that adds to the user's files, which is made each time. */
export function toRemembered(plan: Plan, shape: string, inputs: readonly Input[]): RememberedRun | null {
  if (plan.skills.length > 0) return null;
  const folders = plan.folders.map(({ path: folder, holdsOthers, files }) => ({
    path: folder,
    holdsOthers,
    hashes: [...files].map(([name, { hash }]) => [name, hash] as const),
  }));
  return { shape, inputs, folders, notices: plan.notices };
}

function fileOf(home: string, directory: string): string | null {
  try {
    return path.join(home, `${hashOf(realpathSync(directory))}.json`);
  } catch {
    return null;
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** A value on a line, behind what says whose output it is and that nothing of it is lost. */
function sealed(value: unknown): string {
  const body = JSON.stringify(value);
  return seal(body) + body;
}

const SEAL_LENGTH = 64;

/** Null where nothing is on the line that holds. */
function unseal(line: string | undefined): unknown {
  const body = line?.slice(SEAL_LENGTH);
  return body !== undefined && line?.startsWith(seal(body)) === true ? JSON.parse(body) : null;
}

function write(file: string, lines: readonly string[]): void {
  const half = `${file}.${pid}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(half, lines.join('\n'), { mode: 0o600 });
    renameSync(half, file);
    dropOld(path.dirname(file));
  } catch {
    // The next run has more to do. What is left of this one goes with the old.
  }
}

const MAX_AGE_MS = 30 * 24 * 3_600_000;

/** Folders move and vanish; what is remembered of them would stay. */
function dropOld(home: string): void {
  for (const name of readdirSync(home)) {
    const file = path.join(home, name);
    if (/^[0-9a-f]{64}\.json/.test(name) && Date.now() - statSync(file).mtimeMs > MAX_AGE_MS) rmSync(file);
  }
}

function seal(body: string): string {
  return createHash('sha256').update(generatorHash()).update(body).digest('hex');
}

let ownHash: string | undefined;

/** A hash of all that makes the output of an input: this program, its templates and the versions of what it stands on. */
function generatorHash(): string {
  if (ownHash !== undefined) return ownHash;
  const { resolve } = createRequire(import.meta.url);
  const manifest = resolve('declaragent/package.json');
  const folders = [import.meta.dirname, path.join(path.dirname(manifest), 'templates')];
  const formats = resolve('@declaragent/runtime/formats');
  const hash = createHash('sha256').update(version);
  for (const file of [manifest, formats, ...folders.flatMap(filesBelow)]) hash.update(readFileSync(file));
  ownHash = hash.digest('hex');
  return ownHash;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && PROGRAM.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** Files that run, or that decide what those do; declarations are not among them. */
const PROGRAM = /\.c?js$|(?<!\.d)\.ts$|\.json$|\.hbs$/;
