/**
 * Measures a typed call of ours in memory beside what any call costs and beside others' calls, in one process, and prints
 * ratios. All rows of a round take turns, so that a slow moment of the machine meets them all; of the rounds the median
 * counts. Each answer is checked.
 *
 *   npm run bench:rpc                          5 rounds: about two minutes
 *   npm run bench:rpc -- --quick               1 round, for a look
 *   npm run bench:rpc -- --only floor,declaragent --rounds 9
 *   npm run bench:rpc -- --json FILE           ratios, sizes and rows as JSON
 *   npm run bench:rpc -- --runtime FOLDER      another build of @declaragent/runtime
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const bench = import.meta.dirname;
const root = path.dirname(bench);
const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    runtime: { type: 'string', default: path.join(root, 'runtime') },
  },
});
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 5));
const budgetMs = flags.quick ? 100 : 200;
const runtime = path.resolve(flags.runtime);
const cli = path.join(root, 'dist/src/cli.js');

if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a whole number from 1.');
if (!existsSync(cli)) throw new Error('Run npm run build first.');
if (!existsSync(path.join(bench, 'node_modules/@grpc/grpc-js'))) {
  throw new Error('Install what is measured beside the runtime first: npm install --prefix bench --ignore-scripts');
}

const work = mkdtempSync(path.join(tmpdir(), 'declaragent-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

const { generate } = await import('./rpc/generate.mjs');
const { median } = await import('./median.mjs');
const { CONCURRENCIES, measure } = await import('./rpc/measure.mjs');
const { ratiosOf } = await import('./rpc/ratios.mjs');
const { measureSizes } = await import('./rpc/sizes.mjs');
const declaragent = await import('./rpc/rows/declaragent.mjs');

const load = (door) => {
  const file = path.join(runtime, 'dist', door);
  return existsSync(file) ? import(pathToFileURL(file).href) : undefined;
};
const doors = {
  core: await load('index.js'),
  memory: await load('transports/memory.js'),
  eventLog: await load('event-log/index.js'),
  auth: await load('auth.js'),
};
const ours = await declaragent.createRows(await generate(work, cli, runtime), doors, work);
const others = [];
for (const file of ['floor', 'mcp', 'trpc', 'moleculer', 'grpc', 'connect']) {
  others.push(...(await import(`./rpc/rows/${file}.mjs`)).rows);
}
const only = flags.only?.split(',');
const rows = [...ours.rows, ...others].filter(({ id }) => only === undefined || only.includes(id));
if (rows.length === 0)
  throw new Error(`--only names no row. There are: ${[...ours.rows, ...others].map(({ id }) => id).join(', ')}.`);

// Each stays open from its first round to the end, as in a service; a row that others would feel rests in between.
const opened = new Map();
const runs = new Map(rows.map(({ id }) => [id, []]));
for (let round = 0; round < rounds; round++) {
  for (const { id, open } of rows) {
    if (!opened.has(id)) opened.set(id, await open());
    const row = opened.get(id);
    await row.resume?.();
    runs.get(id).push(await measure(row, budgetMs));
    await row.rest?.();
  }
}
for (const { close } of opened.values()) await close();

const measured = rows.map(({ id, name, notes, serialises, validates, role = 'peer' }) => {
  const middle = (pick) => median(runs.get(id).map(pick));
  return {
    id,
    name,
    notes,
    role,
    serialises,
    validates,
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    perSecond: Object.fromEntries(CONCURRENCIES.map((each) => [each, middle(({ perSecond }) => perSecond[each])])),
    cpu: middle(({ cpu }) => cpu),
    bytes: middle(({ bytes }) => bytes),
  };
});
const { ratios, peers } = ratiosOf(measured);
const sizes = await measureSizes(runtime);

print();
if (flags.json !== undefined) {
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? '?',
    cpus: cpus().length,
    platform: process.platform,
  };
  const report = {
    ratios,
    peers,
    sizes: { runtimeGzip: sizes.doors['.'], ...sizes },
    rows: measured,
    missing: ours.missing,
    rounds,
    machine,
  };
  writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
}

function print() {
  const cell = (value, width, digits = 0) => value.toFixed(digits).padStart(width);
  console.log(
    `Node ${process.version}; 1.1 KB each way; the median of ${rounds} rounds. Times in microseconds, others per call.\n`,
  );
  const heads = ['p50', 'p99', ...CONCURRENCIES.map((each) => `/s at ${each}`), 'cpu', 'KB'];
  console.log(`${'call'.padEnd(40)}${heads.map((head) => head.padStart(10)).join('')}  validates`);
  for (const { name, notes, serialises, validates, p50, p99, perSecond, cpu, bytes } of measured) {
    const rates = CONCURRENCIES.map((each) => cell(perSecond[each], 10)).join('');
    const how = `${validates} x${serialises ? '' : ', no JSON'}`;
    console.log(
      `${name.padEnd(40)}${cell(p50, 10, 1)}${cell(p99, 10, 1)}${rates}${cell(cpu, 10, 1)}${cell(bytes / 1024, 10, 1)}  ${how} (${notes})`,
    );
  }
  console.log();
  for (const [name, value] of Object.entries(ratios)) console.log(`${name.padEnd(40)}${cell(value, 10, 2)}`);
  for (const [name, peer] of Object.entries(peers)) console.log(`${name}: against ${peer}`);
  for (const [door, bytes] of Object.entries(sizes.doors)) {
    console.log(`@declaragent/runtime${door.slice(1)}, minified and gzipped: ${bytes} bytes`);
  }
  console.log(`All that a generated agent imports: ${sizes.generatedAgent} bytes`);
  for (const sentence of ours.missing) console.log(sentence);
}
