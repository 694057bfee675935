import { channel } from 'node:diagnostics_channel';
import { mkdirSync, statSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { HOP_CHANNEL } from '../../../runtime/diagnostics.js';
import { AgentRpcError } from '../../../runtime/errors.js';
import { createEventLog } from '../../../runtime/event-log/index.js';
import { defineCheck, defineValidator, type JsonSchema } from '../../../runtime/validation.js';
import { openLog, readAll, report, segmentsIn, textIn } from '../../support/event-log.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createScratch } from '../../support/scratch.js';

const HOUR = 3_600_000;
const listeners = process.listenerCount('exit');

/** Warnings come in a later turn. */
function watchWarnings(): Error[] {
  const warnings: Error[] = [];
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warnings.push(warning instanceof Error ? warning : new Error(String(warning)));
  });
  return warnings;
}
afterEach(() => {
  vi.restoreAllMocks();
});

/** A contract whose one capability takes and gives what the schema says. */
function contractOf(schema: JsonSchema) {
  const validator = defineValidator<unknown>(
    schema,
    defineCheck(() => true),
  );
  const capability = { name: 'review-pr', idempotent: true, input: validator, output: validator, errors: {} };
  return { format: 1, agent: 'agent://pr-reviewer', capabilities: { 'review-pr': capability } } as const;
}

describe('a hop', () => {
  test('is one line of JSON in a file of its agent', async () => {
    const directory = createScratch();
    const log = openLog({ directory, clock: createManualClock() });
    report({
      event: 'refused',
      agent: 'agent://pr-reviewer',
      at: 5,
      code: 'EAGENTRPC_BUSY',
      reason: 'Much.',
      omitted: 2,
    });
    await log.flush();
    const [name, ...others] = segmentsIn(directory);
    expect(others).toEqual([]);
    expect(name).toMatch(new RegExp(`^pr-reviewer\\.1767225600000\\.${process.pid}-[0-9a-f]{8}\\.0\\.jsonl$`));
    expect(textIn(directory)).toBe(
      '{"v":1,"at":5,"event":"refused","agent":"agent://pr-reviewer","kind":"request","messageId":"m1",' +
        '"correlationId":"c1","from":"agent://concierge","to":"agent://pr-reviewer","capability":"review-pr",' +
        '"code":"EAGENTRPC_BUSY","reason":"Much.","omitted":2}\n',
    );
    expect(log.counts()).toEqual({ written: 1, dropped: 0 });
  });

  test('is written a tenth of a second later, in one batch with the others', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = openLog({ directory, clock });
    for (let count = 0; count < 10; count++) report();
    await clock.advance(99);
    expect(segmentsIn(directory)).toEqual([]);
    await clock.advance(1);
    await log.flush();
    expect((await readAll(directory)).events).toHaveLength(10);
    expect(clock.timers()).toBe(0);
  });

  test('is written by the logs of its agent alone, where they are told whose hops to write', async () => {
    const directories = [createScratch(), createScratch()] as const;
    const logs = (['agent://concierge', 'agent://pr-reviewer'] as const).map((agent, index) =>
      openLog({ directory: directories[index] as string, agents: [agent] }),
    );
    report({ agent: 'agent://pr-reviewer', event: 'received' });
    report({ agent: 'agent://concierge' });
    report({ agent: 'agent://stranger' });
    for (const log of logs) await log.flush();
    const events = await Promise.all(directories.map(async (directory) => (await readAll(directory)).events));
    expect(events.map((found) => found.map(({ agent }) => agent))).toEqual([
      ['agent://concierge'],
      ['agent://pr-reviewer'],
    ]);
    expect(logs.map((log) => log.counts())).toEqual([
      { written: 1, dropped: 0 },
      { written: 1, dropped: 0 },
    ]);
  });

  test('can be read by whoever runs the agent, and nobody else', async () => {
    const directory = path.join(createScratch(), 'a/b');
    const log = openLog({ directory });
    report();
    await log.flush();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(directory, segmentsIn(directory)[0] ?? '')).mode & 0o777).toBe(0o600);
  });

  test('of each agent of the process is in a file of that agent', async () => {
    const directory = createScratch();
    const log = openLog({ directory });
    for (const agent of ['agent://a', 'agent://b', 'agent://a'] as const) report({ agent });
    await log.flush();
    expect(segmentsIn(directory).map((name) => name.split('.')[0])).toEqual(['a', 'b']);
    const { events } = await readAll(directory, { agent: 'agent://a' });
    expect(events.map(({ agent }) => agent)).toEqual(['agent://a', 'agent://a']);
  });

  test('says nothing of what was thrown, but for a code of the runtime', async () => {
    const directory = createScratch();
    const log = openLog({ directory });
    report({ event: 'failed', error: new Error('password hunter2') });
    report({ event: 'failed', error: new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: 'hunter2' }) });
    report({ event: 'failed', error: Object.assign(new Error('x'), { name: 'AgentRpcError', code: 'hunter2' }) });
    await log.flush();
    expect(textIn(directory)).not.toContain('hunter2');
    expect((await readAll(directory)).events.map(({ code }) => code)).toEqual([
      undefined,
      'EAGENTRPC_PUBLISH_FAILED',
      undefined,
    ]);
  });

  test('says what was thrown where the log is told to', async () => {
    const directory = createScratch();
    const log = openLog({ directory, errors: true });
    report({ event: 'failed', error: new RangeError('Out of it.') });
    report({ event: 'failed', error: 'text' });
    report({ event: 'failed', error: Object.create(null) });
    await log.flush();
    expect((await readAll(directory)).events.map(({ error }) => error)).toEqual([
      { name: 'RangeError', message: 'Out of it.' },
      { name: 'string', message: 'text' },
      { name: 'object', message: '' },
    ]);
  });

  test('that is none, or that throws when it is read, harms nothing', async () => {
    const directory = createScratch();
    const log = openLog({ directory, contracts: [contractOf({})] });
    const publish = (message: unknown): void => channel(HOP_CHANNEL).publish(message);
    publish({ event: 'sent', agent: 'agent://../../etc', at: 1 });
    publish({ event: 'sent', agent: 'agent://a', at: Number.NaN });
    publish(null);
    const circular: { self?: unknown } = {};
    circular.self = circular;
    report({ payload: circular });
    report();
    await log.flush();
    expect(log.counts()).toEqual({ written: 2, dropped: 3 });
    expect(segmentsIn(directory)).toHaveLength(1);
  });
});

describe('a payload', () => {
  test('is not looked at without contracts', async () => {
    const directory = createScratch();
    const log = openLog({ directory });
    const toJSON = vi.fn();
    report({ payload: { toJSON } });
    await log.flush();
    expect(toJSON).not.toHaveBeenCalled();
    expect(textIn(directory)).not.toContain('payload');
  });

  test('is written as it was when the hop was reported', async () => {
    const directory = createScratch();
    const log = openLog({ directory, contracts: [contractOf({})] });
    const payload = { files: 1 };
    report({ payload });
    payload.files = 2;
    await log.flush();
    const { events } = await readAll(directory);
    expect(events[0]).toMatchObject({ payload: { files: 1 }, payloadSize: 11 });
  });

  test('is cut at the limit, and says so', async () => {
    const directory = createScratch();
    const log = openLog({ directory, contracts: [contractOf({})], payloadBytes: 10 });
    report({ payload: 'x'.repeat(100) });
    await log.flush();
    const [event] = (await readAll(directory)).events;
    expect(event).toMatchObject({ payloadStart: `"${'x'.repeat(9)}`, payloadSize: 102 });
    expect(event).not.toHaveProperty('payload');
  });

  test('holds nothing in the file that its schema marks, whatever else it holds', async () => {
    const secret = { 'x-redact': true };
    const contracts = [contractOf({ properties: { token: secret, list: { items: { properties: { key: secret } } } } })];
    const anySecret = fc.string({ minLength: 12, maxLength: 40, unit: fc.constantFrom(...'QZJXK') });
    await fc.assert(
      fc.asyncProperty(
        anySecret,
        fc.jsonValue(),
        fc.integer({ min: 20, max: 200 }),
        async (value, rest, payloadBytes) => {
          const directory = createScratch();
          const log = createEventLog({ directory, contracts, payloadBytes });
          const payload = { rest, list: [{ key: value }, { key: [value], rest }], token: { deep: value } };
          report({ payload });
          report({
            event: 'answered',
            kind: 'response',
            from: 'agent://pr-reviewer',
            payload: { ok: true, data: payload },
          });
          report({ event: 'settled', payload: { ok: true, data: payload } });
          report({ event: 'settled', payload: { ok: false, error: { code: 'X', message: '', details: payload } } });
          report({ capability: 'other', payload });
          await log.close();
          expect(textIn(directory)).not.toContain(value);
          expect((await readAll(directory)).events).toHaveLength(5);
        },
      ),
      { numRuns: 30 },
    );
  });
});

test('no character of a name, a sentence or a payload acts on a terminal, and all of them come back', async () => {
  const directory = createScratch();
  const log = openLog({ directory, contracts: [contractOf({})] });
  const hostile = '\u0000\u001b[31m\u007f\u009b2J\u202e\u2066\u2028\u2029\ufeff\u200b\u{e0041}\ud800"\\\r\n';
  report({ correlationId: hostile, capability: 'review-pr', reason: hostile, payload: { [hostile]: hostile } });
  report({ tenantId: '../../../etc/passwd', messageId: '__proto__' });
  await log.flush();
  const text = textIn(directory);
  expect(text.split('\n')).toHaveLength(3);
  expect(text.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]*$/);
  const [first, second] = (await readAll(directory)).events;
  expect(first).toMatchObject({ correlationId: hostile, reason: hostile, payload: { [hostile]: hostile } });
  expect(second).toMatchObject({ tenantId: '../../../etc/passwd', messageId: '__proto__' });
});

describe('segments', () => {
  test('end at the size that is set, and lose nothing', async () => {
    const directory = createScratch();
    const log = openLog({ directory, maxSegmentBytes: 1000 });
    for (let count = 0; count < 50; count++) report({ messageId: `m${count}` });
    await log.flush();
    const names = segmentsIn(directory);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) expect(statSync(path.join(directory, name)).size).toBeLessThanOrEqual(1000);
    const { events } = await readAll(directory);
    expect(events.map(({ messageId }) => messageId)).toEqual(Array.from({ length: 50 }, (_, index) => `m${index}`));
  });

  test('hold a line that is longer than they may be alone', async () => {
    const directory = createScratch();
    const log = openLog({ directory, maxSegmentBytes: 10 });
    report();
    report();
    await log.flush();
    expect(segmentsIn(directory)).toHaveLength(2);
    expect((await readAll(directory)).events).toHaveLength(2);
  });

  test('are deleted before a line of theirs is too old, and end early enough for that', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = openLog({ directory, clock, maxAgeMs: 10 * HOUR });
    for (let hour = 0; hour < 30; hour++) {
      report({ at: clock.now() });
      await log.flush();
      const { events } = await readAll(directory);
      expect(Math.min(...events.map(({ at }) => at))).toBeGreaterThan(clock.now() - 10 * HOUR);
      expect(events.length).toBeGreaterThanOrEqual(Math.min(hour + 1, 9));
      await clock.advance(HOUR);
    }
  });

  test('are deleted, oldest first, where the folder would hold more than it may', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = openLog({ directory, clock, maxSegmentBytes: 1000, maxBytes: 5000 });
    for (let count = 0; count < 100; count++) {
      report({ messageId: `m${count}` });
      await log.flush();
      await clock.advance(1);
    }
    expect(Buffer.byteLength(textIn(directory))).toBeLessThanOrEqual(5000);
    const { events } = await readAll(directory);
    expect(events.at(-1)?.messageId).toBe('m99');
    expect(events.length).toBeGreaterThan(10);
    expect(events[0]?.messageId).toBe(`m${100 - events.length}`);
  });

  test('are short enough for a folder that may hold little', async () => {
    const directory = createScratch();
    const log = openLog({ directory, maxBytes: 4000 });
    for (let count = 0; count < 100; count++) report();
    await log.flush();
    expect(Buffer.byteLength(textIn(directory))).toBeLessThanOrEqual(4000);
    expect(segmentsIn(directory).length).toBeGreaterThan(2);
  });

  test('of processes that are gone are deleted too, and nothing else in the folder', async () => {
    const old = { 'a.1000.77-00ff.0.jsonl': '{}\n', 'b.2000.78-00ff.3.jsonl': '{}\n' };
    const foreign = {
      'notes.txt': 'x',
      'a.1000.jsonl': 'x',
      '.a.1000.77-00ff.0.jsonl': 'x',
      'sub/a.1000.77-00ff.0.jsonl': 'x',
    };
    const directory = createScratch({ ...old, ...foreign });
    mkdirSync(path.join(directory, 'a.1000.77-00ff.1.jsonl'));
    const log = openLog({ directory });
    report();
    await log.flush();
    expect(segmentsIn(directory).filter((name) => !name.startsWith('concierge'))).toEqual([
      ...['.a.1000.77-00ff.0.jsonl', 'a.1000.77-00ff.1.jsonl', 'a.1000.jsonl', 'notes.txt', 'sub'],
    ]);
  });

  test('that somebody has deleted are begun anew', async () => {
    const directory = createScratch();
    const log = openLog({ directory });
    report({ messageId: 'm1' });
    await log.flush();
    unlinkSync(path.join(directory, segmentsIn(directory)[0] ?? ''));
    report({ messageId: 'm2' });
    await log.flush();
    expect((await readAll(directory)).events.map(({ messageId }) => messageId)).toEqual(['m2']);
  });
});

describe('more hops than can wait', () => {
  test('are written at once where the process gives its timers no time, and none is lost', async () => {
    const directory = createScratch();
    const log = openLog({ directory });
    for (let count = 0; count < 35_000; count++) report({ messageId: `m${count}` });
    await log.flush();
    expect(log.counts()).toEqual({ written: 35_000, dropped: 0 });
    const { events } = await readAll(directory);
    expect(events.map(({ messageId }) => Number(messageId?.slice(1)))).toEqual(
      Array.from({ length: 35_000 }, (_, i) => i),
    );
  });

  test('begin a segment, after which none that was begun before goes on', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = openLog({ directory, clock });
    report({ at: clock.now() });
    await log.flush();
    for (let count = 0; count < 10_001; count++) report({ at: clock.now() });
    await clock.advance(120_000);
    report({ at: clock.now(), messageId: 'late' });
    await log.flush();
    const { events } = await readAll(directory, { since: clock.now() });
    expect(events.map(({ messageId }) => messageId)).toEqual(['late']);
  });

  test('are dropped while the disk stands still, and the log says how many', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = openLog({ directory, clock });
    report();
    const flushed = log.flush();
    // To the log it looks as if the disk had taken two seconds for the line that is being written.
    vi.spyOn(clock, 'now').mockReturnValue(clock.now() + 2000);
    for (let count = 0; count < 10_500; count++) report();
    vi.restoreAllMocks();
    await flushed;
    await log.close();
    expect(log.counts()).toEqual({ written: 10_001, dropped: 500 });
    const { events, counts } = await readAll(directory);
    expect(events.filter(({ event }) => event === 'dropped').map(({ count }) => count)).toEqual([500]);
    expect(counts).toEqual({ torn: 0, unknown: 0, dropped: 500 });
  });
});

describe('a folder that cannot be written to', () => {
  test('is told of once, breaks nothing, and what is lost is counted', async () => {
    const directory = path.join(createScratch({ file: 'x' }), 'file/log');
    const warnings = watchWarnings();
    const log = openLog({ directory });
    for (let count = 0; count < 3; count++) {
      report();
      await log.flush();
    }
    expect(log.counts()).toEqual({ written: 0, dropped: 3 });
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(directory)]);
    await log.close();
  });

  test('that can be written to again gets a line that says how many hops are missing', async () => {
    const folder = createScratch({ log: 'in the way' });
    const directory = path.join(folder, 'log');
    watchWarnings();
    const log = openLog({ directory });
    report({ messageId: 'm1' });
    await log.flush();
    unlinkSync(directory);
    report({ messageId: 'm2' });
    await log.flush();
    const { events, counts } = await readAll(directory);
    expect(events.map(({ event, messageId, count }) => messageId ?? `${event} ${count}`).sort()).toEqual([
      'dropped 1',
      'm2',
    ]);
    expect(counts.dropped).toBe(1);
    expect(log.counts()).toEqual({ written: 1, dropped: 1 });
  });
});

describe('a closed log', () => {
  test('has written what it heard, hears nothing more and leaves nothing behind', async () => {
    const directory = createScratch();
    const clock = createManualClock();
    const log = createEventLog({ directory, clock });
    report({ messageId: 'm1' });
    const closing = log.close();
    report({ messageId: 'm2' });
    await closing;
    expect(log.close()).toBe(closing);
    expect((await readAll(directory)).events.map(({ messageId }) => messageId)).toEqual(['m1']);
    expect(clock.timers()).toBe(0);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  test('that has heard nothing has made nothing', async () => {
    const directory = path.join(createScratch(), 'log');
    await createEventLog({ directory }).close();
    expect(() => statSync(directory)).toThrow('ENOENT');
  });
});

test.each([
  ['maxSegmentBytes', 0],
  ['maxAgeMs', 1.5],
  ['maxBytes', Number.NaN],
  ['payloadBytes', 2_000_000],
])('%s of %d is refused', (name, limit) => {
  expect(() => createEventLog({ directory: 'never-made', [name]: limit })).toThrow(new RegExp(`^${name} `));
});

test('two logs write to files of their own', async () => {
  const directory = createScratch();
  const [one, two] = [openLog({ directory }), openLog({ directory })];
  report();
  await Promise.all([one.flush(), two.flush()]);
  expect(segmentsIn(directory)).toHaveLength(2);
});
