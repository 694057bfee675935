import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { check, generate, OutputError } from '../../generator/index.js';
import { peersText } from '../support/agent-folder.js';
import { capability, contractText } from '../support/contract.js';
import { diskError, interceptDisk, type Operation } from '../support/faults.js';
import { buildProgram, type Ended, runProgram, startProgram } from '../support/program.js';
import { createScratch, readTree, removeScratch, writeFiles } from '../support/scratch.js';

type Tree = Readonly<Record<string, string>>;

const object = { type: 'object' };
const peer = (id: string): string =>
  contractText({ agent: `agent://${id}`, capabilities: [capability('ask', object)] });

/** Between the two, files of every kind come, change and go. */
const BEFORE = {
  'capabilities.yaml': contractText({
    capabilities: ['keep', 'change', 'gone'].map((name) => capability(name, object)),
  }),
  'rpc-peers.yaml': peersText('old'),
  'old.yaml': peer('old'),
  'new.yaml': peer('new'),
};
const AFTER = {
  'capabilities.yaml': contractText({
    capabilities: [capability('keep', object), capability('change', true), capability('come', object)],
  }),
  'rpc-peers.yaml': peersText('new'),
};

/** The folder before, with the contract files of after: what a run of codegen finds. */
async function createChanged(): Promise<string> {
  const folder = createScratch(BEFORE);
  await generate({ directory: folder });
  writeFiles(folder, AFTER);
  return folder;
}

function copyOf(folder: string): string {
  const copy = createScratch();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

function generatedIn(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => name.startsWith('generated/')));
}

/** The files of a folder without those that a run has only prepared. */
function placedIn(folder: string): Tree {
  return Object.fromEntries(Object.entries(readTree(folder)).filter(([name]) => !name.startsWith('.declaragent-run.')));
}

/** The generated files of a folder. */
function outputIn(folder: string): Tree {
  return generatedIn(placedIn(folder));
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
    .sort();
}

/** Files that are neither as they were nor as they shall be, and those that should be there and are not. */
function brokenIn(tree: Tree, before: Tree, after: Tree): string[] {
  const names = new Set([...Object.keys(tree), ...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => tree[name] !== before[name] && tree[name] !== after[name]);
}

/** A module that changes the disk as `around`, the source of a function, says; `kill` ends the process at once. */
function preload(around: string): string {
  return `
    import fs from 'node:fs';
    import { interceptDisk } from ${JSON.stringify(pathToFileURL(path.join(program, 'test/support/faults.js')).href)};
    const kill = () => process.kill(process.pid, 'SIGKILL');
    let count = 0;
    interceptDisk((operation) => { const index = count++; ${around} });`;
}

/** Before each operation, and in the middle of each that fills a file, copies the folder: so a kill would leave it. */
const TAKE_COPIES = (folder: string, copies: string): string =>
  preload(`
    const copy = (name) => fs.cpSync(${JSON.stringify(folder)}, ${JSON.stringify(copies)} + '/' + name, { recursive: true });
    copy(index);
    if (operation.content !== undefined) {
      fs.writeFileSync(operation.target, operation.content.slice(0, operation.content.length / 2));
      copy(index + '-torn');
      fs.rmSync(operation.target);
    }
    return operation.perform();`);

const KILL_BEFORE = (at: number): string => preload(`if (index === ${at}) kill(); return operation.perform();`);

let program: string;
let changed: string;
let finished: string;
let before: Tree;
let after: Tree;
let copies: string;
let ended: Ended;

beforeAll(async () => {
  program = buildProgram();
  changed = await createChanged();
  before = readTree(changed);
  copies = createScratch();
  finished = copyOf(changed);
  ended = await runProgram(program, finished, TAKE_COPIES(finished, copies));
  after = readTree(finished);
}, 60_000);

function copyNames(): string[] {
  return readdirSync(copies).sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
}

describe('a run that is killed', () => {
  it('is looked at before every change that it makes to the disk', () => {
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({
      status: 0,
      stderr: expect.stringContaining('files written'),
    });
    expect(copyNames().length).toBeGreaterThan(80);
  });

  it('leaves the old output or the new one, whenever that happens, or has put the old one aside', () => {
    const outputs = copyNames().map((name) => [name, outputIn(path.join(copies, name))] as const);
    const kinds = outputs.map(([name, output]) => {
      if (isDeepStrictEqual(output, generatedIn(before))) return 'old';
      if (isDeepStrictEqual(output, generatedIn(after))) return 'new';
      return Object.keys(output).length === 0 ? 'aside' : name;
    });
    expect([...new Set(kinds)]).toEqual(['old', 'aside', 'new']);
    expect(kinds.filter((kind) => kind === 'aside')).toHaveLength(1);
  });

  it('leaves each file of the user as it was or as it shall be', () => {
    const theirs = (tree: Tree): Tree =>
      Object.fromEntries(Object.entries(tree).filter(([name]) => !name.startsWith('generated/')));
    const broken = copyNames().map((name) => {
      return [name, brokenIn(theirs(placedIn(path.join(copies, name))), theirs(before), theirs(after))];
    });
    expect(broken.filter(([, files]) => files?.length !== 0)).toEqual([]);
  });

  it('has what it put aside put back by a check', async () => {
    const aside = copyNames().filter((name) => Object.keys(outputIn(path.join(copies, name))).length === 0);
    for (const name of aside) {
      const folder = copyOf(path.join(copies, name));
      await check({ directory: folder });
      expect(outputIn(folder)).toEqual(generatedIn(before));
    }
  });

  it('leaves what was looked at, when it is really killed', async () => {
    const points = copyNames().filter((name) => Number(name) % 20 === 15);
    expect(points.length).toBeGreaterThan(2);
    for (const point of points) {
      const folder = copyOf(changed);
      expect(await runProgram(program, folder, KILL_BEFORE(Number(point)))).toMatchObject({ signal: 'SIGKILL' });
      expect(placedIn(folder)).toEqual(placedIn(path.join(copies, point)));
    }
  });

  it('is finished by the next run, which leaves nothing behind and finds nothing edited', async () => {
    // Of those that are torn some will do: their folder is deleted like the others.
    for (const name of copyNames().filter((copy) => /^\d+(?:5-torn)?$/.test(copy))) {
      const folder = copyOf(path.join(copies, name));
      const { overwritten, kept } = await generate({ directory: folder });
      expect({ name, overwritten, kept }).toEqual({ name, overwritten: [], kept: [] });
      expect({ name, tree: readTree(folder) }).toEqual({ name, tree: after });
      expect(foldersIn(folder)).toEqual(foldersIn(finished));
    }
  });

  it('is undone by the next run when the contract is set back, with nothing left of it in generated/', async () => {
    for (const name of copyNames().filter((copy) => /^\d*[158]$/.test(copy))) {
      const folder = path.join(copies, name);
      writeFiles(folder, BEFORE);
      const { overwritten, kept } = await generate({ directory: folder });
      expect({ name, overwritten, kept }).toEqual({ name, overwritten: [], kept: [] });
      expect(generatedIn(readTree(folder))).toEqual(generatedIn(before));
      expect(foldersIn(folder)).toEqual(foldersIn(changed));
    }
  });
});

describe('a run over many files that is killed at any moment', () => {
  const many = (schema: unknown): string => {
    const names = Array.from({ length: 30 }, (_, n) => `skill-${n}`);
    return contractText({ capabilities: names.map((name) => capability(name, schema)) });
  };

  it('leaves the old output or the new one', async () => {
    const template = createScratch({ 'capabilities.yaml': many({ type: 'object' }) });
    await generate({ directory: template });
    const old = outputIn(template);
    writeFiles(template, { 'capabilities.yaml': many({ type: 'array' }) });
    const finished = copyOf(template);
    await generate({ directory: finished });
    const [next, seen] = [outputIn(finished), new Set<string>()];
    expect(Object.keys(next).length).toBeGreaterThan(30);
    for (let run = 0; run < 12; run++) {
      const folder = copyOf(template);
      const child = startProgram(program, folder);
      while (child.exitCode === null && !readdirSync(folder).some((name) => name.startsWith('.declaragent-run.'))) {
        await pause(1);
      }
      await pause(run * 4);
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      // Whoever looks next puts back what was put aside.
      await check({ directory: folder });
      const output = outputIn(folder);
      seen.add(isDeepStrictEqual(output, old) ? 'old' : isDeepStrictEqual(output, next) ? 'new' : `mixed, run ${run}`);
      removeScratch(folder);
    }
    expect([...seen].filter((kind) => kind.startsWith('mixed'))).toEqual([]);
    expect(seen).toContain('old');
  }, 60_000);
});

describe('what is saved into generated/ while a run replaces it', () => {
  const saved = { 'generated/a/notes.md': 'theirs\n', 'generated/theirs/new.txt': 'new\n' };

  it.each(['linkSync', 'chmodSync', 'renameSync'])('is there afterwards: before each %s', async (operation) => {
    const folder = copyOf(changed);
    writeFiles(folder, { 'generated/a/notes.md': 'before\n' });
    chmodSync(path.join(folder, 'generated/a'), 0o700);
    const saveAsEditorsDo = (): void => {
      if (!existsSync(path.join(folder, 'generated/a'))) return;
      writeFiles(folder, saved);
      writeFiles(folder, { 'generated/a/.notes.md.new': 'theirs\n' });
      renameSync(path.join(folder, 'generated/a/.notes.md.new'), path.join(folder, 'generated/a/notes.md'));
    };
    await generateOn(folder, ({ name, perform }) => {
      if (name === operation) saveAsEditorsDo();
      return perform();
    });
    expect(outputIn(folder)).toEqual({ ...generatedIn(after), ...saved });
    expect(statSync(path.join(folder, 'generated/a')).mode & 0o777).toBe(0o700);
  });

  it('keeps links, empty folders and files that the contract does not lead to', async () => {
    const folder = copyOf(changed);
    writeFiles(folder, { 'generated/a/.gitignore': '*.log\n' });
    mkdirSync(path.join(folder, 'generated/empty'));
    symlinkSync('a/index.ts', path.join(folder, 'generated/link'));
    const { ino } = statSync(path.join(folder, 'generated/a/.gitignore'));
    await generate({ directory: folder });
    expect(readFileSync(path.join(folder, 'generated/a/.gitignore'), 'utf8')).toBe('*.log\n');
    expect(statSync(path.join(folder, 'generated/a/.gitignore')).ino).toBe(ino);
    expect(readlinkSync(path.join(folder, 'generated/link'))).toBe('a/index.ts');
    expect(readdirSync(path.join(folder, 'generated/empty'))).toEqual([]);
  });
});

describe('a disk on which the output folder cannot be replaced', () => {
  it.each([
    ['renameSync', 'EBUSY'],
    ['renameSync', 'EXDEV'],
    ['linkSync', 'EPERM'],
  ])('has each file put in place on its own: %s, %s', async (operation, code) => {
    const folder = copyOf(changed);
    const { error } = await generateOn(folder, ({ name, target, perform }) => {
      const isFolder = operation === 'linkSync' || /(?:generated|\.replaced\.\w+)$/.test(target);
      if (name === operation && isFolder) throw diskError(code);
      return perform();
    });
    expect(error).toBeNull();
    expect(readTree(folder)).toEqual(after);
  });

  it('has the old one put back where the new one does not come', async () => {
    const folder = copyOf(changed);
    let renames = 0;
    const { error } = await generateOn(folder, ({ name, target, perform }) => {
      if (name === 'renameSync' && /generated$|\.replaced\./.test(target) && ++renames === 2) throw diskError('EIO');
      return perform();
    });
    expect({ error, tree: readTree(folder) }).toEqual({ error: null, tree: after });
    expect(renames).toBe(3);
  });
});

/** Runs codegen in a copy of the folder while the disk does as `around` says, and returns what it threw. */
async function generateOn(
  folder: string,
  around: (operation: Operation, index: number) => unknown,
): Promise<{ error: unknown; operations: number }> {
  let index = 0;
  const restore = interceptDisk((operation) => around(operation, index++));
  try {
    await generate({ directory: folder });
    return { error: null, operations: index };
  } catch (error) {
    return { error, operations: index };
  } finally {
    restore();
  }
}

const SENTENCE =
  /^[^.][^\n]*? (?:\(E[A-Z]+\)|[^\n]*)\. (?:Nothing was written|What comes before it was; run codegen again for the rest)\.$/;

describe('a disk', () => {
  it('that is full, from whenever on, leaves everything as it was or lets everything be written', async () => {
    const { operations } = await generateOn(copyOf(changed), ({ perform }) => perform());
    const outcomes = new Set<string>();
    for (let full = 0; full < operations; full += 5) {
      const folder = copyOf(changed);
      const { error } = await generateOn(folder, ({ name, perform }, index) => {
        if (index >= full && ['mkdtempSync', 'mkdirSync', 'writeFileSync'].includes(name)) throw diskError('ENOSPC');
        return perform();
      });
      outcomes.add(error instanceof OutputError ? error.message.replace(/^\S+/, '…') : String(error));
      expect({ full, tree: readTree(folder) }).toEqual({ full, tree: error === null ? after : before });
      if (error !== null) expect(foldersIn(folder)).toEqual(foldersIn(changed));
    }
    expect([...outcomes].sort()).toEqual([
      'null',
      '… can be written to the folder (ENOSPC). Nothing was written.',
      '… cannot be written (ENOSPC). Nothing was written.',
    ]);
  });

  it('that refuses any one change is reported in one sentence, and the next run puts everything right', async () => {
    const { operations } = await generateOn(copyOf(changed), ({ perform }) => perform());
    for (let refused = 0; refused < operations; refused += 4) {
      const folder = copyOf(changed);
      const { error } = await generateOn(folder, ({ perform }, index) => {
        if (index === refused) throw diskError('EACCES');
        return perform();
      });
      const message = error instanceof OutputError ? error.message : String(error);
      if (error !== null) expect(message).toMatch(SENTENCE);
      expect(brokenIn(placedIn(folder), before, after)).toEqual([]);
      if (message.endsWith('Nothing was written.')) expect(placedIn(folder)).toEqual(before);
      await generate({ directory: folder });
      expect({ refused, tree: readTree(folder) }).toEqual({ refused, tree: after });
    }
  });

  it('that can only be read is no hindrance where nothing is to be written', async () => {
    const { error, operations } = await generateOn(copyOf(finished), () => {
      throw diskError('EROFS');
    });
    expect({ error, operations }).toEqual({ error: null, operations: 0 });
  });
});
