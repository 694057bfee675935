/** How one row is measured, once: the time of each call, calls per second, processor time and what a call allocates. */
import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import v8 from 'node:v8';
import vm from 'node:vm';
import { median } from '../median.mjs';
import { createReview } from './contract.mjs';

v8.setFlagsFromString('--expose-gc');
// V8 forgets the code of what has not run for some collections, and each row waits for all the others.
v8.setFlagsFromString('--no-flush-bytecode');
const collectGarbage = vm.runInNewContext('gc');

/** After how many calls of a caller the event loop turns: what a row puts off must be done in its own time. */
const CALLS_A_TURN = 32;

/** After how many calls, or budgets at the most, what is compiled while it runs is taken to be compiled. */
const WARM_CALLS = 10_000;
const MAX_WARM_UPS = 3;

/** How many calls are in flight when calls per second are counted. */
export const CONCURRENCIES = [1, 64, 256];

/** An input for each call that is in flight, so that no answer can be taken for another's. */
const inputs = Array.from({ length: Math.max(...CONCURRENCIES) }, (_, index) => createReview(index));

/**
 * Measures a row that is open. `budgetMs` is what each of the parts may take; `flush` resolves when nothing is put off.
 *
 * @returns {Promise<{p50: number, p99: number, perSecond: Record<number, number>, cpu: number, bytes: number}>} microseconds;
 * calls per second by calls in flight; microseconds of processor time and bytes, per call
 */
export async function measure({ call, flush }, budgetMs) {
  await warmUp(call, budgetMs);
  await flush?.();
  collectGarbage({ type: 'minor' });
  const { p50, p99, perSecond } = await timeEach(call, budgetMs);
  const rates = { 1: perSecond };
  const cpus = [];
  for (const concurrency of CONCURRENCIES.slice(1)) {
    const counted = await countCalls(call, concurrency, budgetMs, flush);
    rates[concurrency] = counted.perSecond;
    cpus.push(counted.cpu);
  }
  return { p50, p99, perSecond: rates, cpu: median(cpus), bytes: await weigh(call) };
}

/** Whole answers are compared here, numbers alone in the rest. */
async function warmUp(call, budgetMs) {
  for (const input of inputs) assertSame(input, await call(input));
  for (const [index, answer] of (await Promise.all(inputs.map((input) => call(input)))).entries()) {
    assertSame(inputs[index], answer);
  }
  const start = performance.now();
  const isWarm = (count) => {
    const spent = performance.now() - start;
    return spent > MAX_WARM_UPS * budgetMs || (spent > budgetMs && count > WARM_CALLS);
  };
  let count = 0;
  while (!isWarm(count)) {
    count += inputs.length;
    await Promise.all(inputs.map((input) => call(input)));
    await turn();
  }
}

function assertSame(input, answer) {
  if (!isDeepStrictEqual(answer, input)) throw new Error(`Asked ${input.number}, answered ${JSON.stringify(answer)}`);
}

function assertNumber(input, answer) {
  if (answer.number !== input.number) throw new Error(`Asked ${input.number}, answered ${answer.number}.`);
}

const times = new Float64Array(200_000);

/** One call after another. */
async function timeEach(call, budgetMs) {
  const start = performance.now();
  let before = start;
  let count = 0;
  while (count < times.length && before - start < budgetMs) {
    const input = inputs[count % inputs.length];
    const answer = await call(input);
    const now = performance.now();
    times[count++] = now - before;
    assertNumber(input, answer);
    if (count % CALLS_A_TURN === 0) await turn();
    before = performance.now();
  }
  const sorted = times.subarray(0, count).sort();
  const at = (share) => sorted[Math.floor((count - 1) * share)] * 1000;
  return { p50: at(0.5), p99: at(0.99), perSecond: (count / (performance.now() - start)) * 1000 };
}

/** So many that call on their own, each one call after another. Processor time is that of all threads, collections too. */
async function countCalls(call, concurrency, budgetMs, flush) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + budgetMs;
  let count = 0;
  const caller = async (input) => {
    let own = 0;
    do {
      assertNumber(input, await call(input));
      count++;
      if (++own % CALLS_A_TURN === 0) await turn();
    } while (performance.now() < end);
  };
  await Promise.all(inputs.slice(0, concurrency).map(caller));
  await flush?.();
  const perSecond = (count / (performance.now() - start)) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond, cpu: (user + system) / count };
}

/**
 * What a call allocates: the growth of the heap and of what lies outside of it over few calls right after a collection of
 * the young generation, so that no other collection falls between; the median of many such.
 */
async function weigh(call) {
  const calls = 10;
  const growths = [];
  for (let batch = 0; batch < 25; batch++) {
    collectGarbage({ type: 'minor' });
    const before = occupied();
    for (let index = 0; index < calls; index++) await call(inputs[index]);
    growths.push((occupied() - before) / calls);
  }
  return median(growths);
}

function occupied() {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
