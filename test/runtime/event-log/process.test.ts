import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { installRuntime } from '../../support/child.js';
import { readAll, segmentsIn, textIn } from '../../support/event-log.js';
import { createScratch } from '../../support/scratch.js';

/** Reports the hops of a process whose log is in the folder `log`. */
const PREAMBLE = `
  import { channel } from 'node:diagnostics_channel';
  import { createEventLog } from '@declaragent/runtime/event-log';
  const hop = (count) => channel('declaragent:hop').publish({
    event: 'sent', agent: 'agent://a', at: Date.now(), messageId: 'm' + count, reason: 'x'.repeat(300),
  });
`;

/** A folder with the built runtime and a script in it, which writes its log to `log`. */
function createProgram(script: string): { folder: string; file: string; log: string } {
  const folder = createScratch();
  installRuntime(folder);
  const file = path.join(folder, 'script.mjs');
  writeFileSync(file, PREAMBLE + script);
  return { folder, file, log: path.join(folder, 'log') };
}

function numbersOf(events: readonly { readonly messageId?: string }[]): number[] {
  return events.flatMap(({ messageId }) => (messageId === undefined ? [] : Number(messageId.slice(1))));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('a process', () => {
  test('that is killed while it writes leaves whole lines, at most the last of them torn', async () => {
    const { folder, file, log } = createProgram(`
      createEventLog({ directory: 'log', maxSegmentBytes: 200_000 });
      let count = 0;
      setInterval(() => { for (let more = 0; more < 500; more++) hop(count++); }, 1);
    `);
    const child = spawn(process.execPath, [file], { cwd: folder, stdio: 'inherit' });
    const ended = once(child, 'exit');
    while (!existsSync(log) || readdirSync(log).length < 4) await wait(10);
    child.kill('SIGKILL');
    await ended;
    const before = await readAll(log);
    expect(numbersOf(before.events)).toEqual(upTo(before.events.length));
    expect(before.events.length).toBeGreaterThan(1000);
    expect(before.counts.torn).toBeLessThanOrEqual(1);
    appendFileSync(path.join(log, segmentsIn(log).at(-1) ?? ''), '\n{"v":1,"at":17672');
    const after = await readAll(log);
    expect(after.events).toHaveLength(before.events.length);
    expect(after.counts.torn).toBe(before.counts.torn + 1);
  });

  test.each([
    ['runs to its end', 'hop(0); hop(1);', 0],
    ['throws what nobody catches', 'hop(0); hop(1); setImmediate(() => { throw new Error("x"); });', 1],
    ['calls process.exit', 'hop(0); hop(1); process.exit(3);', 3],
  ])('that %s has written its log', async (_, script, status) => {
    const { folder, file, log } = createProgram(`createEventLog({ directory: 'log' }); ${script}`);
    expect(spawnSync(process.execPath, [file], { cwd: folder }).status).toBe(status);
    expect(numbersOf((await readAll(log)).events)).toEqual([0, 1]);
  });

  test('ends by itself when its log is closed', () => {
    const { folder, file } = createProgram(`
      const log = createEventLog({ directory: 'log' });
      hop(0);
      await log.close();
      await new Promise(setImmediate);
      process.stdout.write(JSON.stringify([log.counts(), process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap')]));
    `);
    const { stdout, status } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual([{ written: 1, dropped: 0 }, []]);
  });
});

test('two processes of one agent write side by side', async () => {
  const { folder, file, log } = createProgram(`
    createEventLog({ directory: 'log', maxSegmentBytes: 20_000 });
    for (let count = 0; count < 1000; count++) {
      if (count % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      hop(count);
    }
  `);
  const children = [0, 1].map(() => spawn(process.execPath, [file], { cwd: folder, stdio: 'inherit' }));
  await Promise.all(children.map((child) => once(child, 'exit')));
  const { events, counts } = await readAll(log);
  expect(counts).toEqual({ torn: 0, unknown: 0, dropped: 0 });
  const writers = [...new Set(events.map(({ writer }) => writer))];
  expect(writers).toHaveLength(2);
  for (const one of writers) expect(numbersOf(events.filter(({ writer }) => writer === one))).toEqual(upTo(1000));
  const times = events.map(({ at }) => at);
  expect(times).toEqual(times.toSorted((left, right) => left - right));
});

const PRLIMIT = '/usr/bin/prlimit';

/** No file may be longer than that: what the process meets in the middle of a batch is what a full disk is to it. */
test.skipIf(!existsSync(PRLIMIT))(
  'a disk that is full breaks no call, and what is written later can be read',
  async () => {
    const { folder, file, log } = createProgram(`
    import { execFileSync } from 'node:child_process';
    const limit = (bytes) => execFileSync('${PRLIMIT}', ['--pid', String(process.pid), '--fsize=' + bytes + ':unlimited']);
    const log = createEventLog({ directory: 'log' });
    const warnings = [];
    process.on('warning', ({ name, message }) => warnings.push(name + ' ' + message));
    limit(10_000);
    for (let round = 0; round < 3; round++) {
      for (let count = 0; count < 50; count++) hop(round * 50 + count);
      await log.flush();
    }
    limit('unlimited');
    hop(150);
    await log.close();
    process.stdout.write(JSON.stringify({ warnings, counts: log.counts() }));
  `);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
    const { warnings, counts } = JSON.parse(stdout || stderr);
    expect(warnings).toEqual([expect.stringMatching(/^EventLogWarning The event log in log cannot be written: EFBIG/)]);
    const { events, counts: read } = await readAll(log);
    const hops = events.filter(({ event }) => event === 'sent');
    expect(counts).toEqual({ written: hops.length, dropped: 151 - hops.length });
    expect(numbersOf(hops)).toEqual([...upTo(hops.length - 1), 150]);
    expect(hops.length).toBeGreaterThan(10);
    expect(read).toEqual({ torn: 1, unknown: 0, dropped: 151 - hops.length });
    expect(textIn(log)).toMatch(/\n$/);
  },
);
