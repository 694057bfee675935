/**
 * Measures each transport beside the client library that it is made of, which does the same request and reply by hand: two
 * processes each, over a real broker of the test kit, in one run. By hand both the payload alone and messages as ours are. All
 * take turns, and of the rounds the median counts.
 *
 *   npm run bench:brokers                            all brokers, 5 rounds
 *   npm run bench:brokers -- --only nats,amqp --rounds 3
 *   npm run bench:brokers -- --json FILE
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { brokerPrograms } from '../dist/brokers/test/brokers/programs.js';
import { configOf } from '../dist/brokers/test/brokers/transports.js';
import { median } from './median.mjs';

/** Each broker in its plain form, and what is added to the settings in its other modes. */
const MODES = [
  { id: 'nats', kind: 'nats', settings: {} },
  { id: 'nats-jetstream', kind: 'nats', settings: { jetstream: true } },
  { id: 'amqp', kind: 'amqp', settings: {} },
  { id: 'amqp-quorum', kind: 'amqp', settings: { quorum: true } },
  { id: 'mqtt', kind: 'mqtt', settings: {} },
  { id: 'kafka', kind: 'kafka', settings: {} },
  { id: 'sqs', kind: 'sqs', settings: {} },
];
/** Who calls, each from a process of its own: what one compiles and keeps neither helps another nor burdens it. */
const SIDES = ['raw', 'envelopes', 'ours'];
/** What the transport may cost: milliseconds more at the median, and the share of the raw rate that is left. */
const GOALS = { addedMs: 0.15, rate: 0.75 };

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    budget: { type: 'string', default: '1500' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(flags.rounds);
const budgetMs = Number(flags.budget);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1.');
const only = flags.only?.split(',');
const modes = MODES.filter(({ id }) => only === undefined || only.includes(id));
if (modes.length === 0) throw new Error(`--only names no broker. There are: ${MODES.map(({ id }) => id).join(', ')}.`);

console.log(lineOf(['', 'p50 ms', 'p99 ms', '/s at 1', '/s at 64', 'we add', 'our rate', 'at 64', '']));
const results = {};
for (const mode of modes) {
  const missing = brokerPrograms[mode.kind].missing();
  if (missing === undefined) {
    results[mode.id] = await compare(mode);
    print(mode.id, results[mode.id]);
  } else console.error(`${mode.id} is not measured: this machine lacks ${missing}; run "npm run brokers -- install".`);
}
console.log(
  `\nGoals: at most ${GOALS.addedMs} ms added at p50, at least ${GOALS.rate} of the raw rate at 64 in flight.`,
);
if (flags.json !== undefined)
  writeFileSync(flags.json, `${JSON.stringify({ goals: GOALS, brokers: results }, null, 2)}\n`);

async function compare({ kind, settings }) {
  const broker = await brokerPrograms[kind].start();
  const config = JSON.stringify({ ...configOf(kind, broker.port), ...settings });
  const children = [];
  const start = async (program, side) => {
    const child = fork(path.join(import.meta.dirname, 'brokers', program), [side, config]);
    children.push(child);
    await messageOf(child);
    return child;
  };
  try {
    for (const side of ['raw', 'ours']) await start('responder.mjs', side);
    const sides = [];
    for (const name of SIDES) sides.push({ name, caller: await start('caller.mjs', name), runs: [] });
    for (let round = 0; round < rounds; round++) {
      for (const { caller, runs } of sides) {
        caller.send(budgetMs);
        runs.push(await messageOf(caller));
      }
    }
    const { runs: ourRuns } = sides.at(-1);
    return Object.fromEntries(
      sides.map(({ name, runs }) => [name, { ...mediansOf(runs), ...(name !== 'ours' && standOf(ourRuns, runs)) }]),
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await broker.close();
  }
}

/** What a process says next. */
async function messageOf(child) {
  const ended = new AbortController();
  const [message] = await Promise.race([
    once(child, 'message', ended),
    once(child, 'exit', ended).then(([code]) => Promise.reject(new Error(`A process ended with ${code}.`))),
  ]);
  ended.abort();
  return message;
}

/** The medians of one side's rounds. */
function mediansOf(runs) {
  const of = (key) => median(runs.map((run) => run[key]));
  return { p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), perSecond1: of('perSecond1'), perSecond64: of('perSecond64') };
}

/** How our rounds stand against those of another side, round by round. */
function standOf(ourRuns, runs) {
  const ratioOf = (key) => median(ourRuns.map((run, round) => run[key] / runs[round][key]));
  return {
    addedP50Ms: median(ourRuns.map(({ p50Ms }, round) => p50Ms - runs[round].p50Ms)),
    ratios: { p50: ratioOf('p50Ms'), perSecond1: ratioOf('perSecond1'), perSecond64: ratioOf('perSecond64') },
  };
}

/** Prints all sides at once: a run of all brokers takes minutes. */
function print(id, { raw, envelopes, ours: own }) {
  for (const [name, side] of [
    [`${id}, payload alone`, raw],
    [`${id}, envelopes`, envelopes],
  ]) {
    const { addedP50Ms, ratios } = side;
    const misses = addedP50Ms > GOALS.addedMs || ratios.perSecond64 < GOALS.rate;
    const against = [`${addedP50Ms.toFixed(3)} ms`, ratios.perSecond1.toFixed(2), ratios.perSecond64.toFixed(2)];
    console.log(lineOf([name, ...figuresOf(side), ...against, misses ? 'misses' : 'meets']));
  }
  console.log(lineOf([`${id}, declaragent`, ...figuresOf(own)]));
}

function figuresOf({ p50Ms, p99Ms, perSecond1, perSecond64 }) {
  return [p50Ms.toFixed(3), p99Ms.toFixed(2), perSecond1.toFixed(0), perSecond64.toFixed(0)];
}

function lineOf([name, ...cells]) {
  return [name.padEnd(31), ...cells.map((cell) => cell.padEnd(10))].join('').trimEnd();
}
