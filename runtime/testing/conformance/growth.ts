import assert from 'node:assert/strict';
import type { ConformanceCase } from './harness.js';
import { defineCase, LONG_MS, type Stage } from './stage.js';

/** How long a call may take, and so how long its message is remembered. */
const TIMEOUT_MS = 1_000;
/** What the heap may grow by although nothing is kept: code that is compiled, maps that have room. */
const NOISE_BYTES = 393_216;
/** What a call may leave: less than any timer, listener or entry of a table takes. */
const BYTES_A_CALL = 48;
/** What is kept grows each time, and noise does not: the least of so many growths counts. */
const ROUNDS = 3;

/** What a process has that runs with --expose-gc. */
const findCollector = (): (() => void) | undefined => (typeof gc === 'undefined' ? undefined : () => gc?.());

/** A case that looks at the heap; it is played where the heap can be collected first. */
function defineGrowthCase(fault: number, name: string, play: (stage: Stage) => Promise<void>): ConformanceCase {
  return {
    ...defineCase(fault, name, {}, play),
    needs: () => (findCollector() === undefined ? 'the process runs without --expose-gc' : undefined),
  };
}

/** Runs a batch of calls again and again, and fails when each time more is left of it. */
async function assertFlat(stage: Stage, calls: number, batch: () => Promise<void>): Promise<void> {
  const weigh = async (): Promise<number> => {
    await stage.within(600_000, batch());
    // Messages are forgotten when their time is up and another one comes.
    await stage.broker.pass(2 * TIMEOUT_MS);
    await stage.within(LONG_MS, stage.read(await caller)('last'));
    findCollector()?.();
    return process.memoryUsage().heapUsed;
  };
  const caller = stage.startCaller();
  await weigh();
  let before = await weigh();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const after = await weigh();
    least = Math.min(least, after - before);
    before = after;
  }
  const limit = NOISE_BYTES + BYTES_A_CALL * calls;
  assert.ok(least <= limit, `${calls} calls leave ${least} bytes each time, and ${limit} are noise.`);
}

/** What a transport or a bus must not keep of calls that have ended. */
export const GROWTH_CASES: readonly ConformanceCase[] = [
  defineGrowthCase(19, 'ten times the capacity leaves no memory behind', async (stage) => {
    await stage.startCallee({ clockSkewMs: 0, serve: { concurrency: 4, queue: 4 } });
    const caller = await stage.startCaller();
    const call = stage.read(caller);
    const waves = Math.ceil(stage.repetitions / 40);
    await assertFlat(stage, waves * 80, async () => {
      for (let wave = 0; wave < waves; wave++) {
        const calls = Array.from({ length: 80 }, (_, index) => call.outcome(index, { timeoutMs: TIMEOUT_MS }));
        await Promise.all(calls);
      }
    });
    assert.equal(caller.health().pending, 0);
  }),

  defineGrowthCase(30, 'many calls one after another leave no memory behind', async (stage) => {
    await stage.startCallee({ clockSkewMs: 0 });
    const call = stage.read(await stage.startCaller());
    const { signal } = new AbortController();
    const many = 2 * stage.repetitions;
    await assertFlat(stage, many, async () => {
      for (let count = 0; count < many; count++) await call(count, { signal, timeoutMs: TIMEOUT_MS });
    });
  }),
];
