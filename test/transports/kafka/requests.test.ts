import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Unburied } from '../../../runtime/transports/kafka/burial.js';
import type {
  Client,
  Committed,
  IncomingRecord,
  Reader,
  ReaderOptions,
} from '../../../runtime/transports/kafka/client.js';
import { readRequests } from '../../../runtime/transports/kafka/requests.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function startReading(settings: {
  readonly deliver: Parameters<typeof readRequests>[0]['deliver'];
  readonly bury: Parameters<typeof readRequests>[0]['bury'];
  readonly committed?: Omit<Committed, 'partition'>;
}) {
  const commits: Committed[] = [];
  const steps: string[] = [];
  const reader: Reader = {
    seek() {},
    pause() {},
    resume() {},
    async commit(states) {
      steps.push('commit');
      commits.push(...states);
    },
    async close() {
      steps.push('leave');
    },
  };
  let reading: ReaderOptions | undefined;
  const client: Pick<Client, 'committed' | 'read'> = {
    committed: async () => [{ partition: 0, ...(settings.committed ?? { offset: 0, metadata: '' }) }],
    async read(options) {
      reading = options;
      options.onJoined(reader, [0], 'member');
      return reader;
    },
  };
  const requests = await readRequests({
    ...{ client: client as Client, topic: 't', group: 't', prefetch: 10, ...settings },
    ...{ ageOf: () => undefined, pulse: { isJoining: false, fetches: 0 }, onCrash: () => {} },
  });
  const bring = async (more: Partial<IncomingRecord> = {}, from = 0): Promise<void> => {
    const at = { partition: 0, offset: 0, timestamp: 0 };
    const record: IncomingRecord = { ...at, value: Buffer.from('x'), header: () => undefined, ...more };
    await reading?.onRecords({ partition: 0, from, to: record.offset + 1, end: 0, records: [record] });
  };
  return { requests, bring, commits, steps };
}

test('what cannot be buried comes again after the pause that the burial asks for, not at once', async () => {
  let tries = 0;
  const { bring } = await startReading({
    deliver: ({ reject }) => void reject('It is no envelope.').catch(() => {}),
    async bury() {
      throw new Unburied('Not permitted.', 10_000 * 2 ** tries++, undefined);
    },
  });
  await bring();
  await vi.advanceTimersByTimeAsync(9_900);
  expect(tries).toBe(1);
  await vi.advanceTimersByTimeAsync(19_900);
  expect(tries).toBe(2);
  await vi.advanceTimersByTimeAsync(40_000);
  expect(tries).toBe(3);
});

test('a batch that is not read is buried, delivered to nobody, and all of its offsets are settled', async () => {
  const delivered: unknown[] = [];
  const buried: unknown[] = [];
  const { bring, commits } = await startReading({
    deliver: (delivery) => delivered.push(delivery),
    bury: async ({ value }, reason) => void buried.push([String(value), reason]),
  });
  await bring({ offset: 99, unread: 'It is too large.' });
  await vi.advanceTimersByTimeAsync(100);
  expect(delivered).toEqual([]);
  expect(buried).toEqual([['x', 'It is too large.']]);
  expect(commits.at(-1)).toEqual({ partition: 0, offset: 100, metadata: '' });
});

test('a batch that is not read and begins before what is committed makes nothing run again', async () => {
  const deliver = vi.fn();
  // Of those up to 25 only 7 is not settled.
  const committed = { offset: 7, metadata: 'd1;j;0:1' };
  const { bring } = await startReading({ deliver, bury: async () => {}, committed });
  await bring({ offset: 19, unread: 'It is too large.' });
  await bring({ offset: 25 }, 20);
  await bring({ offset: 26 }, 26);
  await vi.advanceTimersByTimeAsync(100);
  expect(deliver).toHaveBeenCalledOnce();
});

test('who is stopped leaves after the acknowledgement of the last message', async () => {
  let ack: (() => Promise<void>) | undefined;
  const { requests, bring, commits, steps } = await startReading({
    deliver: (delivery) => {
      ack = delivery.ack;
    },
    bury: async () => {},
  });
  await bring();
  await vi.advanceTimersByTimeAsync(100);
  expect(steps).toEqual(['commit']);
  requests.stop();
  await ack?.();
  await vi.advanceTimersByTimeAsync(0);
  expect(steps).toEqual(['commit', 'commit', 'leave']);
  expect(commits.at(-1)).toEqual({ partition: 0, offset: 1, metadata: '' });
});
