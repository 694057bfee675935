/**
 * Measures codegen as whole processes, beside others on the same schemas, and prints ratios. All programs of a size take
 * turns, so that a slow moment of the machine meets them all; of several runs the fastest counts.
 *
 *   npm run bench:codegen                     sizes 10, 100 and 1000, 3 rounds
 *   npm run bench:codegen -- --sizes 10,100 --rounds 5 --without hey-api
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { contractText } from './contract.mjs';

const bench = import.meta.dirname;
const root = path.dirname(bench);
const cli = path.join(root, 'dist/src/cli.js');
const { values: flags } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000' },
    rounds: { type: 'string', default: '3' },
    without: { type: 'string', default: '' },
  },
});
const sizes = flags.sizes.split(',').map(Number);
const rounds = Number(flags.rounds);
const without = flags.without.split(',');

if (!existsSync(cli)) throw new Error('Run npm run build first.');
if (!existsSync(path.join(bench, 'node_modules'))) {
  throw new Error('Install what is measured beside codegen first: npm install --prefix bench --ignore-scripts');
}

const work = mkdtempSync(path.join(tmpdir(), 'declaragent-bench-'));
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

/** Runs a program once. @returns its wall time in seconds and its peak memory in MiB. */
function measure(args, environment = {}) {
  const usage = path.join(work, 'usage');
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, ['--import', path.join(bench, 'usage.mjs'), ...args], {
    cwd: bench,
    encoding: 'utf8',
    env: { ...process.env, BENCH_USAGE: usage, ...environment },
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}:\n${stderr}`);
  return { seconds, megabytes: Number(readFileSync(usage, 'utf8')) / 1024 };
}

const fastest = (runs) => runs.reduce((best, run) => (run.seconds < best.seconds ? run : best));

/** A folder with a contract of that size; `prepare` readies it before each round. */
function folderOf(name) {
  const folder = path.join(work, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function programsOf(size) {
  const cold = folderOf(`cold-${size}`);
  const warm = folderOf(`warm-${size}`);
  const cache = { DECLARAGENT_CACHE_DIR: path.join(work, `cache-${size}`) };
  writeFileSync(path.join(cold, 'capabilities.yaml'), contractText(size));
  writeFileSync(path.join(warm, 'capabilities.yaml'), contractText(size));
  measure([cli, 'codegen', warm], cache);
  let edits = 0;
  const peer = (name, ...args) => ({
    name: [name, ...args].join(', '),
    run: () =>
      measure([path.join(bench, `peers/${name}.mjs`), String(size), path.join(work, `${name}-${size}`), ...args]),
  });
  return [
    {
      name: 'codegen, cold',
      prepare: () => rmSync(path.join(cold, 'generated'), { recursive: true, force: true }),
      run: () => measure([cli, 'codegen', '--no-cache', cold]),
    },
    { name: 'codegen --check, nothing changed', run: () => measure([cli, 'codegen', '--check', warm], cache) },
    { name: 'codegen, nothing changed', run: () => measure([cli, 'codegen', warm], cache) },
    {
      name: 'codegen, one edit',
      prepare: () => writeFileSync(path.join(warm, 'capabilities.yaml'), contractText(size, `Edit ${edits++}.`)),
      run: () => measure([cli, 'codegen', warm], cache),
    },
    peer('json-schema-to-typescript'),
    peer('json-schema-to-typescript', 'formatted'),
    peer('ajv'),
    peer('hey-api'),
  ].filter(({ name }) => !without.includes(name));
}

/** TypeScript's own count of the work that generated code makes for it. */
function measureCompiler(size) {
  const folder = path.join(work, `cold-${size}`);
  mkdirSync(path.join(folder, 'node_modules/@declaragent'), { recursive: true });
  const link = path.join(folder, 'node_modules/@declaragent/runtime');
  if (!existsSync(link)) symlinkSync(path.join(root, 'runtime'), link);
  const config = {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2023',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
    },
    include: ['generated'],
  };
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = path.join(bench, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--extendedDiagnostics'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`tsc refuses the output:\n${stdout.slice(0, 2000)}`);
  const figure = (label) => new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1] ?? '?';
  return { instantiations: figure('Instantiations'), seconds: figure('Total time'), memory: figure('Memory used') };
}

const cell = (text, width) => String(text).padStart(width);
const bare = fastest(Array.from({ length: 5 }, () => measure(['-e', '0'])));
const help = fastest(Array.from({ length: 5 }, () => measure([cli, '--help'])));
console.log(`Node ${process.version}; bare node ${bare.seconds.toFixed(3)} s.`);
console.log(`codegen --help: ${(help.seconds / bare.seconds).toFixed(2)} x bare node.\n`);
const colds = new Map();
for (const size of sizes) {
  const programs = programsOf(size);
  const runs = new Map(programs.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, prepare, run } of programs) {
      prepare?.();
      runs.get(name).push(run());
    }
  }
  const cold = fastest(runs.get('codegen, cold'));
  colds.set(size, cold.seconds);
  console.log(`${size} capabilities, the fastest of ${rounds}`);
  console.log(
    `${'program'.padEnd(40)}${cell('seconds', 9)}${cell('of cold', 9)}${cell('of node', 9)}${cell('peak MiB', 10)}`,
  );
  for (const { name } of programs) {
    const { seconds } = fastest(runs.get(name));
    const [ofCold, ofNode] = [seconds / cold.seconds, seconds / bare.seconds];
    const peak = Math.max(...runs.get(name).map((run) => run.megabytes));
    console.log(
      `${name.padEnd(40)}${cell(seconds.toFixed(2), 9)}${cell(ofCold.toFixed(2), 9)}${cell(ofNode.toFixed(1), 9)}${cell(peak.toFixed(0), 10)}`,
    );
  }
  const { instantiations, seconds, memory } = measureCompiler(size);
  console.log(`tsc on the output: ${instantiations} instantiations, ${seconds} s, ${memory} K\n`);
}
const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
if (largest > smallest) {
  const growth = colds.get(largest) / colds.get(smallest);
  console.log(
    `From ${smallest} to ${largest} capabilities: ${(largest / smallest).toFixed(0)} x the work, ${growth.toFixed(1)} x the time.`,
  );
}
