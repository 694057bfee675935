import { systemClock } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { Client, OutgoingRecord } from './client.js';
import { readFailure } from './failure.js';

/** Sends messages, those of one topic that come together at once. */
export interface Publisher {
  publish(topic: string, record: OutgoingRecord, acks: -1 | 1): Promise<void>;
  /** What waits to be sent is not sent any more. */
  refuseWaiting(reason: Error): void;
}

export interface PublisherOptions {
  readonly client: Client;
  /** Why nothing is to be sent now. */
  readonly lost: () => Error | undefined;
  /** A topic is not there. Resolves when it has been made; to false where nobody shall make it. */
  readonly onMissing: (topic: string) => Promise<boolean>;
  /** When something was sent and confirmed, and what time the broker had in between. */
  readonly onTime: (sentAt: number, brokerTime: number, confirmedAt: number) => void;
}

interface Waiting {
  readonly record: OutgoingRecord;
  readonly acks: -1 | 1;
  resolve(): void;
  reject(reason: Error): void;
}

/** What waits for one topic. */
interface Queue {
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

export function createPublisher({ client, lost, onMissing, onTime }: PublisherOptions): Publisher {
  const queues = new Map<string, Queue>();

  const send = async (topic: string, batch: readonly Waiting[]): Promise<void> => {
    const records = batch.map(({ record }) => record);
    const acks = batch.some((one) => one.acks === -1) ? -1 : 1;
    for (let attempt = 0; ; attempt++) {
      const reason = lost();
      if (reason !== undefined) throw failed(topic, reason.message, 'no');
      try {
        const sentAt = systemClock.now();
        const time = await client.send(topic, records, acks);
        if (time !== undefined) onTime(sentAt, time, systemClock.now());
        return;
      } catch (error) {
        const { type, message, isUnsent } = readFailure(error);
        const isRefused = isUnsent || (type !== undefined && !UNCERTAIN.has(type));
        const pauseMs = PAUSES_MS[attempt];
        const isPassing = isUnsent || (type !== undefined && PASSING.has(type));
        if (!isRefused || !isPassing || pauseMs === undefined) throw failed(topic, message, isRefused ? 'no' : 'maybe');
        // An answer to a place that is gone is dropped, as one is that nobody waits for.
        if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && !(await onMissing(topic))) return;
        await new Promise<void>((resolve) => systemClock.setTimer(pauseMs, resolve));
      }
    }
  };

  const createQueue = (topic: string): Queue => {
    const waiting: Waiting[] = [];
    let underWay = 0;
    let isScheduled = false;

    const sendNext = async (): Promise<void> => {
      const batch = waiting.splice(0, MOST_AT_ONCE);
      underWay++;
      try {
        await send(topic, batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error as Error);
      }
      underWay--;
      run();
    };
    const run = (): void => {
      isScheduled = false;
      while (waiting.length > 0 && underWay < MOST_UNDER_WAY) void sendNext();
    };

    return {
      waiting,
      push(one) {
        waiting.push(one);
        if (isScheduled || underWay >= MOST_UNDER_WAY) return;
        isScheduled = true;
        queueMicrotask(run);
      },
    };
  };

  return {
    publish: (topic, record, acks) =>
      new Promise((resolve, reject) => {
        let queue = queues.get(topic);
        if (queue === undefined) {
          queue = createQueue(topic);
          queues.set(topic, queue);
        }
        queue.push({ record, acks, resolve, reject });
      }),
    refuseWaiting(reason) {
      for (const [topic, { waiting }] of queues) {
        for (const { reject } of waiting.splice(0)) reject(failed(topic, reason.message, 'no'));
      }
    },
  };
}

function failed(topic: string, reason: string, executed: 'no' | 'maybe'): AgentRpcError {
  return new AgentRpcError({
    ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed },
    message: `Kafka has not confirmed a message for ${topic}: ${reason.replace(/[.\s]*$/, '')}.`,
  });
}
