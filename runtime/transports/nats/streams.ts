import { createHash } from 'node:crypto';
import type { JetStreamManager } from '@nats-io/jetstream';

/** The stream that holds a subject, and what its readers share. */
export interface Inbox {
  readonly stream: string;
  readonly consumer: string;
  /** When the servers have made the consumer: whether it is the same that was asked for messages. */
  readonly createdAt: string;
  /** The stream of what could not be handled. */
  readonly deadLetters: string;
  /** The subject of it. */
  readonly deadLetterSubject: string;
  /** The stream of what was acknowledged before it ran. */
  readonly taken: string;
  /** Above the subjects of it, one for each message. */
  readonly takenSubject: string;
}

const NANOSECONDS = 1_000_000;
/** No request lives longer than ten minutes. */
const HELD_FOR_MS = 15 * 60_000;
/** What is over that is refused, so that its sender is told. */
const MAX_HELD = 100_000;
const DEAD_LETTERS_FOR_MS = 14 * 24 * 60 * 60_000;
const MAX_DEAD_LETTERS = 10_000;
/** Far more than are taken in the tenth of a second that counts. */
const MAX_TAKEN = 10_000;

/** What the servers say where something of that name is there and is not as it is asked for. */
const STREAM_IS_THERE = 10_058;
const CONSUMER_IS_THERE = 10_148;

/**
 * Declares what holds an agent's requests. A stream that holds the subject already is taken as it is, so that whoever runs
 * the servers may have set it up.
 *
 * @throws Error of the client library
 */
export async function declareInbox(
  manager: JetStreamManager,
  subject: string,
  redeliverAfterMs: number,
): Promise<Inbox> {
  const deadLetterSubject = `${subject}.dlq`;
  const stream = await declareStream(manager, subject, {
    retention: 'workqueue',
    discard: 'new',
    max_age: HELD_FOR_MS * NANOSECONDS,
    max_msgs: MAX_HELD,
  });
  const deadLetters = await declareStream(manager, deadLetterSubject, {
    retention: 'limits',
    discard: 'old',
    max_age: DEAD_LETTERS_FOR_MS * NANOSECONDS,
    max_msgs: MAX_DEAD_LETTERS,
  });
  const takenSubject = `${subject}.taken`;
  const taken = await declareStream(manager, `${takenSubject}.*`, {
    retention: 'limits',
    discard: 'old',
    max_age: HELD_FOR_MS * NANOSECONDS,
    max_msgs: MAX_TAKEN,
  });
  const consumer = nameOf(subject);
  const config = {
    ack_policy: 'explicit',
    ack_wait: redeliverAfterMs * NANOSECONDS,
    // Whoever reads counts the deliveries, and takes what has had too many to the dead letters.
    max_deliver: -1,
    max_ack_pending: -1,
    filter_subject: subject,
  } as const;
  const { created } = await manager.consumers
    .add(stream, { durable_name: consumer, ...config })
    .catch((error: unknown) => {
      if (codeOf(error) !== CONSUMER_IS_THERE) throw error;
      return manager.consumers.update(stream, consumer, config);
    });
  return { stream, consumer, createdAt: created, deadLetters, deadLetterSubject, taken, takenSubject };
}

async function declareStream(
  manager: JetStreamManager,
  subject: string,
  config: {
    readonly retention: 'workqueue' | 'limits';
    readonly discard: 'new' | 'old';
    readonly max_age: number;
    readonly max_msgs: number;
  },
): Promise<string> {
  const name = nameOf(subject);
  const found = await findStream(manager, subject);
  if (found !== undefined) return found;
  try {
    await manager.streams.add({ name, subjects: [subject], ...config });
  } catch (error) {
    // Another instance, of a version that sets it up otherwise, was faster.
    if (codeOf(error) !== STREAM_IS_THERE || (await findStream(manager, subject)) !== name) throw error;
  }
  return name;
}

async function findStream(manager: JetStreamManager, subject: string): Promise<string | undefined> {
  const names = await manager.streams.names(subject).next();
  return names[0];
}

/**
 * The name of the stream for a subject, and of what its readers share: names may have no dot. Those of default subjects
 * have no underscore, so that none is taken for another; what has one gets a hash.
 */
function nameOf(subject: string): string {
  const name = subject.replace(/\.\*$/, '').replaceAll('.', '_');
  if (!subject.includes('_')) return name;
  return `${name}-${createHash('sha256').update(subject).digest('hex').slice(0, 8)}`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'JetStreamApiError' ? Reflect.get(error, 'code') : undefined;
}

/**
 * How much later it is at the servers than here, in milliseconds. Only what they make tells their time, so they are asked
 * to make a consumer that nobody reads, which they forget at once.
 */
export async function measureOffset(manager: JetStreamManager, stream: string, now: () => number): Promise<number> {
  const start = now();
  const { created } = await manager.consumers.add(stream, {
    ack_policy: 'none',
    deliver_policy: 'new',
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: 1_000 * NANOSECONDS,
  });
  // biome-ignore lint/style/noRestrictedGlobals: it reads a time, and asks for none
  return Date.parse(created) - (start + now()) / 2;
}
