import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readEvents } from '../../../runtime/event-log/index.js';
import { openLog, readAll, report } from '../../support/event-log.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createScratch, writeFiles } from '../../support/scratch.js';

const line = (at: number, more: object = {}): string =>
  `${JSON.stringify({ v: 1, at, event: 'sent', agent: 'agent://a', ...more })}\n`;

test('there are no events where there is no folder', async () => {
  expect(await readAll(path.join(createScratch(), 'none'))).toEqual({
    events: [],
    counts: { torn: 0, unknown: 0, dropped: 0 },
  });
});

test('what keeps a folder from being read is thrown', async () => {
  const directory = path.join(createScratch({ file: 'x' }), 'file');
  await expect(readAll(directory)).rejects.toThrow('ENOTDIR');
});

describe('events come in the order of their time', () => {
  test('from all segments, agents and processes', async () => {
    const directory = createScratch({
      'a.10.1-aa.0.jsonl': line(10) + line(40),
      'a.50.1-aa.1.jsonl': line(50) + line(90),
      'b.20.1-aa.2.jsonl': line(20, { agent: 'agent://b' }) + line(60, { agent: 'agent://b' }),
      'a.30.2-bb.0.jsonl': line(30) + line(70),
    });
    const { events } = await readAll(directory);
    expect(events.map(({ at }) => at)).toEqual([10, 20, 30, 40, 50, 60, 70, 90]);
    expect(events.map(({ writer }) => writer)).toEqual([
      '1-aa',
      '1-aa',
      '2-bb',
      '1-aa',
      '1-aa',
      '1-aa',
      '2-bb',
      '1-aa',
    ]);
  });

  test('in the order in which one process wrote them where the time is the same', async () => {
    const directory = createScratch({
      'a.10.1-aa.9.jsonl': line(10, { messageId: 'm1' }) + line(10, { messageId: 'm2' }),
      'a.10.1-aa.10.jsonl': line(10, { messageId: 'm3' }),
    });
    const { events } = await readAll(directory);
    expect(events.map(({ messageId }) => messageId)).toEqual(['m1', 'm2', 'm3']);
  });

  test('of a thousand segments, of which few are open at once', async () => {
    const day = 86_400_000;
    const names = Array.from({ length: 1000 }, (_, index) => [
      `a.${index * day}.1-aa.${index}.jsonl`,
      line(index * day),
    ]);
    const { events } = await readAll(createScratch(Object.fromEntries(names)));
    expect(events.map(({ at }) => at)).toEqual(Array.from({ length: 1000 }, (_, index) => index * day));
  });
});

describe('a line that is no event is skipped and counted', () => {
  test.each([
    ['that broke off', '{"v":1,"at":2,"event":"se'],
    ['that broke off within a character', Buffer.from('{"v":1,"at":2,"event":"é').subarray(0, -1)],
    ['that is empty but for its bytes', Buffer.from([0, 0xff, 0xfe])],
    ['that is JSON of another kind', '[1]'],
    ['without a time', '{"v":1,"event":"sent","agent":"agent://a"}'],
    ['whose agent is none', '{"v":1,"at":2,"event":"sent","agent":"../a"}'],
    [
      'whose members are of other types',
      '{"v":1,"at":2,"event":"sent","agent":"agent://a","messageId":{"toString":1}}',
    ],
    ['whose count is none', '{"v":1,"at":2,"event":"dropped","agent":"agent://a","count":"1"}'],
    ['that is longer than any', `"${'x'.repeat(17 * 1024 * 1024)}`],
  ])('one %s', async (_, torn) => {
    const text = Buffer.concat([
      Buffer.from(line(1)),
      Buffer.from(torn),
      Buffer.from(`\n${line(3)}`),
      Buffer.from(torn),
    ]);
    const { events, counts } = await readAll(createScratch({ 'a.1.1-aa.0.jsonl': text }));
    expect(events.map(({ at }) => at)).toEqual([1, 3]);
    expect(counts).toEqual({ torn: 2, unknown: 0, dropped: 0 });
  });

  test('one of a version that is not known, by itself', async () => {
    const { events, counts } = await readAll(
      createScratch({ 'a.1.1-aa.0.jsonl': `{"v":2,"time":1}\n${line(2)}{}\n\n` }),
    );
    expect(events).toHaveLength(1);
    expect(counts).toEqual({ torn: 0, unknown: 2, dropped: 0 });
  });
});

test('a last line that lacks only its end is an event', async () => {
  const { events, counts } = await readAll(createScratch({ 'a.1.1-aa.0.jsonl': line(1).trimEnd() }));
  expect(events).toHaveLength(1);
  expect(counts.torn).toBe(0);
});

test('a link that is named as a segment is not followed', async () => {
  const secret = createScratch({ secret: line(1) });
  const directory = createScratch();
  symlinkSync(path.join(secret, 'secret'), path.join(directory, 'a.1.1-aa.0.jsonl'));
  expect((await readAll(directory)).events).toEqual([]);
});

describe('only those events are read that are asked for', () => {
  const directory = (): string =>
    createScratch({
      'a.10.1-aa.0.jsonl': line(10, { messageId: 'm1', correlationId: 'c1' }) + line(19, { messageId: 'm2' }),
      'a.20.1-aa.1.jsonl': line(20, { messageId: 'm3', causedBy: 'm1', correlationId: 'c1' }),
      'b.15.1-aa.2.jsonl': line(15, { agent: 'agent://b', correlationId: 'c2' }),
      'b.99.1-aa.3.jsonl': line(99, { agent: 'agent://b', event: 'dropped', count: 7 }),
    });

  test.each([
    [{ agent: 'agent://b' } as const, [15, 99], 7],
    [{ correlationId: 'c1' }, [10, 20], 7],
    [{ messageId: 'm1' }, [10, 20], 7],
    [{ since: 19 }, [19, 20, 99], 7],
    [{ until: 19 }, [10, 15], 0],
    [{ since: 15, until: 20, agent: 'agent://a' } as const, [19], 0],
  ])('%o', async (options, times, dropped) => {
    const { events, counts } = await readAll(directory(), options);
    expect(events.map(({ at }) => at)).toEqual(times);
    expect(counts.dropped).toBe(dropped);
  });

  test('and segments that ended long before are not opened', async () => {
    const hour = 3_600_000;
    const { events, counts } = await readAll(
      createScratch({
        'a.0.1-aa.0.jsonl': 'torn',
        [`a.${hour}.1-aa.1.jsonl`]: line(3 * hour),
        [`a.${9 * hour}.1-aa.2.jsonl`]: 'torn',
      }),
      { since: 2 * hour, until: 4 * hour },
    );
    expect(events).toHaveLength(1);
    expect(counts.torn).toBe(0);
  });
});

test('a reading can be left early and begun again', async () => {
  const reading = readEvents(createScratch({ 'a.1.1-aa.0.jsonl': `torn\n${line(1)}${line(2)}` }));
  for (let round = 0; round < 2; round++) {
    for await (const { at } of reading) {
      expect(at).toBe(1);
      break;
    }
    expect(reading.counts().torn).toBe(1);
  }
});

test('what a log has written is read while it goes on', async () => {
  const directory = createScratch();
  const clock = createManualClock();
  const log = openLog({ directory, clock });
  for (let count = 0; count < 3000; count++) report({ at: count });
  await log.flush();
  const times: number[] = [];
  for await (const { at } of readEvents(directory)) {
    if (at === 10) {
      report({ at: 3000 });
      await log.flush();
    }
    times.push(at);
  }
  expect(times.slice(0, 3000)).toEqual(Array.from({ length: 3000 }, (_, index) => index));
});

test('a log that grows is read on from where the last reading ended, and a line when it has its end', async () => {
  const directory = createScratch({ 'a.1.1-aa.0.jsonl': line(1) + line(2).slice(0, 20) });
  const positions = new Map<string, number>();
  const read = async (): Promise<number[]> => (await readAll(directory, { positions })).events.map(({ at }) => at);
  expect(await read()).toEqual([1]);
  expect(await read()).toEqual([]);
  writeFiles(directory, { 'a.1.1-aa.0.jsonl': line(1) + line(2) + line(3), 'a.3.1-aa.1.jsonl': line(4) });
  expect(await read()).toEqual([2, 3, 4]);
  expect(await read()).toEqual([]);
  expect((await readAll(directory)).events).toHaveLength(4);
});
