import process from 'node:process';
import { systemClock } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { IncomingRecord, OutgoingRecord } from './client.js';
import { readFailure } from './failure.js';

/** A message that is not kept, and shall be brought once more. */
export class Unburied extends Error {
  readonly againAfterMs: number;

  constructor(reason: string, againAfterMs: number, cause: unknown) {
    super(reason, { cause });
    this.againAfterMs = againAfterMs;
  }
}

export interface BurialOptions {
  readonly publish: (topic: string, record: OutgoingRecord) => Promise<void>;
  /** Why nothing can be published to anybody; undefined while the connection stands. */
  readonly lost: () => Error | undefined;
}

/** Of a message that does not fit in with its reason, this much is kept. */
const STUB_BYTES = 1_024;
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
/** What refuses it may be set right; it waits twice as long each time, ten minutes in all. */
const FIRST_PAUSE_MS = 10_000;
const MOST_TRIES = 7;
/** How often the process is warned of one topic. */
const WARN_EVERY_MS = 10_000;

/**
 * Makes what keeps messages that cannot be handled, each in the topic of its dead letters. What fills a topic's limit does not
 * fit in with its reason, now or ever: its beginning is kept, and its size. Of those that the topic does not take the process is
 * warned; one that is refused time and again is dropped, since a partition has room for few that are not settled.
 */
export function createBurial({ publish, lost }: BurialOptions) {
  const refused = new WeakMap<object, number>();
  const warned = new Map<string, { at: number; omitted: number }>();

  const keep = async (topic: string, letters: string, value: Buffer | null, reason: string): Promise<void> => {
    const headers = { 'declaragent-reason': reason, 'declaragent-topic': topic };
    try {
      await publish(letters, { value, headers });
    } catch (error) {
      const { type } = readFailure(error);
      if (value === null || value.length <= STUB_BYTES || type === undefined || !TOO_LARGE.has(type)) throw error;
      const size = { 'declaragent-size': String(value.length) };
      await publish(letters, { value: value.subarray(0, STUB_BYTES), headers: { ...headers, ...size } });
    }
  };

  const warn = (letters: string, text: string): void => {
    const now = systemClock.now();
    const before = warned.get(letters);
    if (before !== undefined && now < before.at + WARN_EVERY_MS) {
      before.omitted++;
      return;
    }
    const more = before !== undefined && before.omitted > 0 ? ` So it was with ${before.omitted} more.` : '';
    warned.set(letters, { at: now, omitted: 0 });
    process.emitWarning(`${text}${more}`, { type: 'AgentRpcWarning', code: 'EAGENTRPC_PUBLISH_FAILED' });
  };

  return async (topic: string, record: Pick<IncomingRecord, 'value'>, reason: string): Promise<void> => {
    const letters = `${topic}.dlq`;
    try {
      await keep(topic, letters, record.value, reason);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (lost() !== undefined) throw new Unburied(why, FIRST_PAUSE_MS, error);
      const tries = (refused.get(record) ?? 0) + 1;
      refused.set(record, tries);
      const isRefused = error instanceof AgentRpcError && error.executed === 'no';
      if (isRefused && tries >= MOST_TRIES) {
        warn(letters, `A message is dropped that ${letters} does not take: ${why} It was refused: ${reason}`);
        return;
      }
      const pauseMs = FIRST_PAUSE_MS * 2 ** Math.min(tries - 1, MOST_TRIES - 2);
      const again = `It is tried again in ${pauseMs / 1_000} s.`;
      warn(letters, `A message that was refused is not kept on ${letters}: ${why} ${again} It was refused: ${reason}`);
      throw new Unburied(why, pauseMs, error);
    }
  };
}
