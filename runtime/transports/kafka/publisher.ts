import { systemClock } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { Client, OutgoingRecord } from './client.js';
import { readFailure } from './failure.js';

/** Sends messages, those for one partition that come together at once. */
export interface Publisher {
  publish(topic: string, record: OutgoingRecord, acks: -1 | 1): Promise<void>;
  /** What waits to be sent is not sent any more. */
  refuseWaiting(reason: Error): void;
}

export interface PublisherOptions {
  readonly client: Client;
  /** Why nothing is to be sent now. */
  readonly lost: () => Error | undefined;
  /** How many sockets have broken so far. */
  readonly broken: () => number;
  /** Makes a topic that is not there. */
  readonly onMissing: (topic: string) => Promise<void>;
  /** When something was sent and confirmed, and what time the broker had in between. */
  readonly onTime: (sentAt: number, brokerTime: number, confirmedAt: number) => void;
}

interface Waiting {
  readonly record: OutgoingRecord;
  readonly acks: -1 | 1;
  resolve(): void;
  reject(reason: Error): void;
}

/** What waits for one partition, or for it to be known which; for what is sent to several may be taken in part. */
interface Queue {
  readonly topic: string;
  readonly waiting: Waiting[];
  push(one: Waiting): void;
}

/** With which the broker refuses what it has not taken in, and may take it in a moment later. */
const PASSING = new Set([
  ...['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION', 'NOT_ENOUGH_REPLICAS'],
  ...['FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH', 'KAFKA_STORAGE_ERROR', 'BROKER_NOT_AVAILABLE'],
]);
/** With which it may have taken it in all the same. */
const UNCERTAIN = new Set(['REQUEST_TIMED_OUT', 'NOT_ENOUGH_REPLICAS_AFTER_APPEND', 'NETWORK_EXCEPTION']);
/** Those who call wait no longer than for their timeout, which they see to themselves. */
const PAUSES_MS = [20, 50, 100, 200, 400];
/** While one is on its way others come together; two keep the broker busy in between. */
const MOST_UNDER_WAY = 2;
const MOST_AT_ONCE = 256;
/** The broker's limit for one message counts for all that are sent at once. */
const MOST_BYTES_AT_ONCE = 256 * 1_024;

export function createPublisher({ client, lost, broken, onMissing, onTime }: PublisherOptions): Publisher {
  const queues = new Map<string, Queue>();

  const send = async (topic: string, partition: number | undefined, batch: readonly Waiting[]): Promise<void> => {
    const records = batch.map(({ record }) => record);
    const acks = batch.some((one) => one.acks === -1) ? -1 : 1;
    for (let attempt = 0; ; attempt++) {
      const reason = lost();
      if (reason !== undefined) throw failed(topic, reason.message, 'no');
      const brokenBefore = broken();
      try {
        const sentAt = systemClock.now();
        const time = await client.send(topic, partition, records, acks);
        if (time !== undefined) onTime(sentAt, time, systemClock.now());
        return;
      } catch (error) {
        const { type, message } = readFailure(error);
        // Where a socket has broken, it may have done so under this message, whatever the client says happened after that.
        const isRefused = type !== undefined && !UNCERTAIN.has(type) && broken() === brokenBefore;
        const pauseMs = PAUSES_MS[attempt];
        if (!isRefused) throw failed(topic, message, 'maybe', error);
        const isMissing = type === 'UNKNOWN_TOPIC_OR_PARTITION';
        // An answer to a place that is gone is dropped, as one is that nobody waits for; nobody else makes it that place.
        if (isMissing && acks === 1 && pauseMs === undefined) return;
        if (!PASSING.has(type) || pauseMs === undefined) throw failed(topic, message, 'no', error);
        if (isMissing && acks === -1) await onMissing(topic);
        await new Promise<void>((resolve) => systemClock.setTimer(pauseMs, resolve));
      }
    }
  };

  const createQueue = (place: string, topic: string, partition: number | undefined): Queue => {
    const waiting: Waiting[] = [];
    let underWay = 0;
    let isScheduled = false;

    const sendNext = async (): Promise<void> => {
      const batch = waiting.splice(0, partition === undefined ? 1 : countAtOnce(waiting));
      underWay++;
      try {
        await send(topic, partition, batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
      }
      underWay--;
      if (waiting.length === 0 && underWay === 0) queues.delete(place);
      else run();
    };
    const run = (): void => {
      isScheduled = false;
      const [first] = waiting;
      if (partition === undefined && first !== undefined && client.partitionOf(topic, first.record.key) !== undefined) {
        for (const one of waiting.splice(0)) enqueue(topic, one);
      }
      while (waiting.length > 0 && underWay < MOST_UNDER_WAY) void sendNext();
    };

    return {
      topic,
      waiting,
      push(one) {
        waiting.push(one);
        if (isScheduled || underWay >= MOST_UNDER_WAY) return;
        isScheduled = true;
        queueMicrotask(run);
      },
    };
  };

  const enqueue = (topic: string, one: Waiting): void => {
    const partition = client.partitionOf(topic, one.record.key);
    const place = `${topic} ${partition ?? ''}`;
    let queue = queues.get(place);
    if (queue === undefined) {
      queue = createQueue(place, topic, partition);
      queues.set(place, queue);
    }
    queue.push(one);
  };

  return {
    publish: (topic, record, acks) =>
      new Promise((resolve, reject) => enqueue(topic, { record, acks, resolve, reject })),
    refuseWaiting(reason) {
      for (const { topic, waiting } of queues.values()) {
        for (const { reject } of waiting.splice(0)) reject(failed(topic, reason.message, 'no'));
      }
    },
  };
}

function countAtOnce(waiting: readonly Waiting[]): number {
  let bytes = 0;
  for (const [index, { record }] of waiting.entries()) {
    bytes += record.value?.length ?? 0;
    if (index > 0 && (bytes > MOST_BYTES_AT_ONCE || index === MOST_AT_ONCE)) return index;
  }
  return waiting.length;
}

function failed(topic: string, reason: string, executed: 'no' | 'maybe', cause?: unknown): AgentRpcError {
  return new AgentRpcError({
    ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed, cause },
    message: `Kafka has not confirmed a message for ${topic}: ${reason.replace(/[.\s]*$/, '')}.`,
  });
}
