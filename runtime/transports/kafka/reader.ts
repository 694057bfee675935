import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { createBalance } from './balance.js';
import type { Reader, ReaderOptions } from './client.js';
import { whileNew } from './failure.js';
import { addReader, limitInflation, type UnreadBatch } from './inflation.js';

const HEARTBEAT_MS = 1_000;
/** How long the broker holds back the answer to a fetch that finds nothing: also what a pause costs. */
const FETCH_WAIT_MS = 100;
const FETCH_BYTES = 8 * 2 ** 20;

/** Makes a member of a group; resolves when it has joined. */
export async function openReader(
  driver: typeof import('kafkajs'),
  kafka: Kafka,
  { cluster, sessionTimeoutMs }: { readonly cluster: string; readonly sessionTimeoutMs: number },
  options: ReaderOptions,
): Promise<Reader> {
  const { group, topic, pulse } = options;
  let owned: readonly number[] = [];
  let isClosed = false;
  const onJoining = (): void => {
    pulse.isJoining = true;
    options.onJoining();
  };
  let commitNow: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  const consumer: Consumer = kafka.consumer({
    groupId: group,
    allowAutoTopicCreation: false,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    partitionAssigners: [createBalance(driver.AssignerProtocol, { claim: options.claim, onJoining })],
    // Made again by us, who know when a broker is there.
    retry: { retries: 6, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: async () => false },
  });
  /** Where the next fetch of a partition starts, as far as that is known here. */
  const positions = new Map<number, number>();
  const seek = (partition: number, offset: number): void => {
    positions.set(partition, offset);
    ifRunning(() => consumer.seek({ topic, partition, offset: String(offset) }));
  };
  const reader: Reader = {
    seek,
    pause: () => ifRunning(() => consumer.pause([{ topic }])),
    resume: () => ifRunning(() => consumer.resume([{ topic }])),
    async commit(commits) {
      if (commitNow === undefined) throw new Error('Nothing has been read yet.');
      const partitions = commits.map(({ partition, offset, metadata }) => ({
        ...{ partition, offset: String(offset), metadata },
      }));
      await commitNow({ topics: [{ topic, partitions }] });
    },
    async close() {
      isClosed = true;
      removeReader();
      await consumer.disconnect();
    },
  };
  const joined = new Promise<void>((resolve, reject) => {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      pulse.isJoining = false;
      owned = payload.memberAssignment[topic] ?? [];
      positions.clear();
      if (!isClosed) options.onJoined(reader, owned, payload.memberId);
      resolve();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      reject(payload.error);
      if (!isClosed) options.onCrash(payload.error);
    });
  });
  joined.catch(() => {});
  consumer.on(consumer.events.FETCH, () => pulse.fetches++);
  consumer.on(consumer.events.REBALANCING, () => options.onRebalance());

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary, isStale, isRunning } = payload;
    if (isClosed || isStale() || !isRunning()) return;
    commitNow = commitOffsetsIfNecessary;
    const { partition } = batch;
    const from = Number(Reflect.get(batch, 'fetchedOffset'));
    const records = batch.messages.map(({ offset, value, timestamp, headers }) => ({
      ...{ partition, offset: Number(offset), value, timestamp: Number(timestamp) },
      header: (name: string) => headers?.[name]?.toString(),
    }));
    const to = Number(batch.lastOffset()) + 1;
    await options.onRecords({ partition, from, to, end: Number(batch.highWatermark), records });
    if (isStale()) return;
    positions.set(partition, to);
    resolveOffset(batch.lastOffset());
    await heartbeat();
  };

  const pass = async ({ from: first, to, end, record }: UnreadBatch, isAlone: boolean): Promise<boolean> => {
    const { partition } = record;
    const position = positions.get(partition);
    if (isClosed || !owned.includes(partition)) return false;
    if (position !== undefined && position >= to) return position === to;
    // What lies between may be records of transactions, which the client passes over by itself.
    if (position !== undefined && position < first && !isAlone) return false;
    commitNow ??= async (offsets) => {
      const states = offsets?.topics.flatMap(({ topic, partitions }) => partitions.map((one) => ({ topic, ...one })));
      await consumer.commitOffsets(states ?? []);
    };
    positions.delete(partition);
    await options.onRecords({ partition, from: position ?? first, to, end, records: [record] });
    // Unless it is to be read from elsewhere.
    if (!positions.has(partition)) seek(partition, to);
    return true;
  };
  const removeReader = addReader({ topic, cluster, pass });

  try {
    await consumer.connect();
    await whileNew(() => consumer.subscribe({ topic, fromBeginning: true }));
    limitInflation(driver.CompressionCodecs);
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 16,
      eachBatch,
    });
    await joined;
  } catch (error) {
    isClosed = true;
    removeReader();
    await consumer.disconnect().catch(() => {});
    throw error;
  }
  return reader;
}

/** The library throws where a reader has ended, which is no news to whoever has it. */
function ifRunning(act: () => void): void {
  try {
    act();
  } catch {
    // It has crashed, and `onCrash` is called.
  }
}
