import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createPlan } from './plan.js';
import { describePlan, type Report, runWorld } from './world.js';

/** The seeds that one thread runs. */
interface Share {
  readonly from: number;
  readonly seeds: number;
  readonly step: number;
}

/** What a thread tells: one message for each seed whose world broke a promise, and one at its end. */
type Message = { readonly broken: Report } | { readonly done: Totals; readonly endings: Endings };

interface Totals {
  worlds: number;
  calls: number;
  runs: number;
  steps: number;
}

/** How often each ending was seen. */
type Endings = Map<string, number>;

/** How many lines of a failing world are shown, and how many failing worlds. */
const LINES_SHOWN = 40;
const WORLDS_SHOWN = 5;

async function runShare({ from, seeds, step }: Share, tell: (message: Message) => void): Promise<void> {
  const totals: Totals = { worlds: 0, calls: 0, runs: 0, steps: 0 };
  const endings: Endings = new Map();
  let seed = from;
  // A promise of the runtime that rejects unseen is a broken promise of the world in which it was made.
  process.on('unhandledRejection', (error) => {
    const what = String(error instanceof Error ? error.stack : error);
    const none = { hash: '', trace: [], calls: 0, runs: 0, steps: 0, endings: new Map() };
    tell({ broken: { seed, breaches: [{ invariant: 'never throws', what }], ...none } });
  });
  for (; seed < from + seeds; seed += step) {
    const report = await runWorld(seed);
    totals.worlds++;
    totals.calls += report.calls;
    totals.runs += report.runs;
    totals.steps += report.steps;
    addTo(endings, report.endings);
    if (report.breaches.length > 0) tell({ broken: report });
  }
  tell({ done: totals, endings });
}

function addTo(endings: Endings, more: ReadonlyMap<string, number>): void {
  for (const [code, many] of more) endings.set(code, (endings.get(code) ?? 0) + many);
}

function readArguments(): { readonly seeds: number; readonly from: number; readonly trace: boolean } {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '1000' },
      from: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
    },
  });
  const [seeds, from] = [Number(values.seeds), Number(values.from)];
  if (Number.isSafeInteger(seeds) && seeds > 0 && Number.isSafeInteger(from) && from >= 0) {
    return { seeds, from, trace: values.trace };
  }
  throw new Error('Usage: npm run sim -- --seeds N --from S [--trace], both whole numbers.');
}

/** Shows a world that broke a promise, and how to see it again. */
async function show({ seed, breaches }: Report, lines: number): Promise<void> {
  for (const { invariant, what } of breaches) console.log(`seed ${seed} breaks “${invariant}”: ${what}`);
  console.log(`  ${describePlan(createPlan(seed))}`);
  const { trace } = await runWorld(seed, { trace: true });
  for (const line of trace.slice(-lines)) console.log(`  ${line}`);
  console.log(`Run it again: npm run sim -- --seeds 1 --from ${seed}\n`);
}

async function main(): Promise<void> {
  const { seeds, from, trace } = readArguments();
  const startedAt = performance.now();
  const totals: Totals = { worlds: 0, calls: 0, runs: 0, steps: 0 };
  const endings: Endings = new Map();
  const broken = new Map<number, Report>();
  const take = (message: Message): void => {
    if ('broken' in message) broken.set(message.broken.seed, broken.get(message.broken.seed) ?? message.broken);
    else {
      for (const name of Object.keys(totals) as (keyof Totals)[]) totals[name] += message.done[name];
      addTo(endings, message.endings);
    }
  };
  const threads = seeds < 100 ? 1 : Math.min(availableParallelism(), 8);
  if (threads === 1) {
    await runShare({ from, seeds, step: 1 }, take);
  } else {
    await Promise.all(
      Array.from({ length: threads }, (_, index) => {
        const share: Share = { from: from + index, seeds: seeds - index, step: threads };
        return new Promise<void>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: share });
          worker.on('message', take).on('error', reject).on('exit', resolve);
        });
      }),
    );
  }
  const reports = [...broken.values()].sort((one, other) => one.seed - other.seed);
  for (const report of reports.slice(0, WORLDS_SHOWN))
    await show(report, trace ? Number.POSITIVE_INFINITY : LINES_SHOWN);
  const seconds = (performance.now() - startedAt) / 1_000;
  const { worlds, calls, runs, steps } = totals;
  console.log(`${worlds} worlds, ${calls} calls, ${runs} runs of skills, ${steps} steps in ${seconds.toFixed(1)} s.`);
  const shares = [...endings].sort(([, one], [, other]) => other - one).map(([code, many]) => `${code} ${many}`);
  console.log(`Calls ended: ${shares.join(', ')}.`);
  if (reports.length === 0 && worlds === seeds) return;
  const names = new Map<string, number>();
  for (const { breaches } of reports) {
    const name = breaches[0]?.invariant ?? '';
    names.set(name, (names.get(name) ?? 0) + 1);
  }
  console.log(
    `${reports.length} worlds broke a promise: ${[...names].map(([name, many]) => `${name} ${many}`).join(', ')}.`,
  );
  process.exitCode = 1;
}

if (isMainThread) await main();
else await runShare(workerData as Share, (message) => parentPort?.postMessage(message));
