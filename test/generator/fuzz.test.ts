import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertSafeOutput } from '../../generator/output-guard.js';
import { installRuntime, runScript, transpile } from '../support/child.js';
import { typeCheck } from '../support/compilers.js';
import { type HostileCase, hostileCase } from '../support/hostile-contract.js';
import { buildProgram } from '../support/program.js';
import { createScratch, removeScratch } from '../support/scratch.js';

/** A fixed seed, so that a red run is red again; `npm run fuzz` takes another each time and runs for a minute. */
const SECONDS = Number(process.env['DECLARAGENT_FUZZ_SECONDS'] ?? 0);
const SEED = Number(process.env['DECLARAGENT_SEED'] ?? (SECONDS > 0 ? Date.now() % 1_000_000_000 : 20_241_121));
const RUNS = Number(process.env['DECLARAGENT_RUNS'] ?? (SECONDS > 0 ? Number.POSITIVE_INFINITY : 60));
const BATCH = 60;
const MOST_MS = 5_000;
const MOST_MEGABYTES = 512;

interface Outcome {
  readonly outcome: string;
  readonly faults: readonly string[];
}

let program: string;
let child: ChildProcess | null = null;
let answers: AsyncIterator<string> | null = null;

beforeAll(() => {
  program = buildProgram();
}, 60_000);

afterAll(() => {
  child?.kill('SIGKILL');
});

/** What the generator does with a case, in a process with little memory and time. */
async function outcomeOf({ files }: HostileCase, folder: string): Promise<Outcome> {
  if (child === null || answers === null) {
    const script = path.join(program, 'test/support/hostile-child.js');
    child = spawn(process.execPath, [`--max-old-space-size=${MOST_MEGABYTES}`, script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('The process has no output.');
    answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await ask({ folder: createScratch(), files: {} });
  }
  return ask({ folder, files });
}

async function ask(asked: object): Promise<Outcome> {
  const current = child;
  const killer = setTimeout(() => current?.kill('SIGKILL'), MOST_MS);
  current?.stdin?.write(`${JSON.stringify(asked)}\n`);
  const { value, done } = (await answers?.next()) ?? { done: true };
  clearTimeout(killer);
  if (done !== true) return JSON.parse(value as string) as Outcome;
  child = null;
  answers = null;
  return { outcome: 'killed', faults: [`it took more than ${MOST_MS} ms or ${MOST_MEGABYTES} MB`] };
}

/** The modules below a folder that are codegen's own, absolute. */
function modulesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:^|\/)generated\/.*\.ts$/.test(name.split(path.sep).join('/')))
    .map((name) => path.join(folder, name));
}

/** Generated modules import each other with the ending of JavaScript, and lie here as the modules of a build. */
const RESOLVE_MODULES = `
  const resolver = "export const resolve = (name, context, next) => next(context.parentURL?.includes('/generated/') && " +
    "/^[.].*[.]js$/.test(name) ? name.slice(0, -2) + 'mjs' : name, context);";
  register('data:text/javascript,' + encodeURIComponent(resolver));`;

/** Imports modules and runs every validator in them, and says what that changed outside of them. */
const CANARIES = `
  const { readFileSync } = await import('node:fs');
  const names = () => JSON.stringify([
    Object.getOwnPropertyNames(globalThis), Object.getOwnPropertyNames(Object.prototype),
    Object.getOwnPropertyNames(Array.prototype), Object.getOwnPropertyNames(Function.prototype), process.exitCode ?? 0,
  ]);
  const annotations = new Set(['enum', 'description', 'title', 'default', 'examples']);
  // A text that has come through as it was is the one that its own enum accepts.
  const enumFaults = ({ schema, findViolations }, module) => {
    if (!Array.isArray(schema?.enum) || Object.keys(schema).some((key) => !annotations.has(key))) return [];
    const refused = schema.enum.filter((value) => findViolations(value) !== null);
    return refused.map((value) => module + ' refuses ' + JSON.stringify(value));
  };
  const before = names();
  const failed = [];
  const values = [null, true, 0, 1.5, '', 'a', '*/', [], ['a', 'a'], {}, { a: 1 }, JSON.parse('{"__proto__":1,"constructor":{}}')];
  for (const module of JSON.parse(readFileSync(0, 'utf8'))) {
    try {
      for (const value of Object.values(await import(module))) {
        if (typeof value?.findViolations !== 'function') continue;
        for (const item of values) value.findViolations(item);
        failed.push(...enumFaults(value, module));
      }
      if (names() !== before) failed.push(module + ' changes what is outside of it');
    } catch (error) {
      failed.push(module + ': ' + error);
    }
  }
  process.stdout.write(JSON.stringify(failed));`;

function batchFaults(root: string): string[] {
  const modules = modulesIn(root);
  const unsafe = modules.flatMap((file) => {
    const name = /\/generated\/(?:[^/]+\/(?=.))?(.*)$/.exec(file)?.[1] ?? '';
    try {
      assertSafeOutput(name === '' ? 'bus.gen.ts' : name, readFileSync(file, 'utf8'));
      return [];
    } catch (error) {
      return [`${file}: ${error}`];
    }
  });
  if (modules.length === 0) return unsafe;
  const compiler = typeCheck(root, '7', 'nodenext')
    .split('\n')
    .filter((line) => line !== '');
  for (const module of modules) transpile(module);
  const script = `import { register } from 'node:module';\n${RESOLVE_MODULES}\n${CANARIES}`;
  const effects = runScript(
    root,
    script,
    modules.map((module) => module.replace(/\.ts$/, '.mjs')),
  ) as string[];
  return [...unsafe, ...compiler, ...effects];
}

describe('hostile contracts', () => {
  it(
    'are refused with a place and nothing written, or become code that compiles, does nothing and keeps each text',
    async () => {
      const end = SECONDS > 0 ? performance.now() + SECONDS * 1000 : Number.POSITIVE_INFINITY;
      const faults: string[] = [];
      const outcomes: Record<string, number> = {};
      const again = (seed: number): string =>
        `DECLARAGENT_SEED=${seed} DECLARAGENT_RUNS=1 npx vitest run test/generator/fuzz.test.ts`;
      for (let start = 0; start < RUNS && performance.now() < end && faults.length === 0; start += BATCH) {
        const root = createScratch();
        installRuntime(root);
        for (let index = start; index < Math.min(start + BATCH, RUNS) && performance.now() < end; index++) {
          const seed = SEED + index;
          const found = await outcomeOf(hostileCase(seed), path.join(root, `seed-${seed}`));
          outcomes[found.outcome] = (outcomes[found.outcome] ?? 0) + 1;
          faults.push(...found.faults.map((fault) => `${fault}\n  ${again(seed)}`));
        }
        faults.push(...batchFaults(root).map((fault) => `${fault}\n  ${again(Number(/seed-(\d+)/.exec(fault)?.[1]))}`));
        removeScratch(root);
      }
      if (SECONDS > 0) process.stderr.write(`Seed ${SEED}: ${JSON.stringify(outcomes)}\n`);
      expect(faults.slice(0, 10).join('\n\n')).toBe('');
      if (RUNS > 20) expect(Object.keys(outcomes).sort()).toEqual(['accepted', 'refused']);
    },
    120_000 + SECONDS * 2000,
  );
});
