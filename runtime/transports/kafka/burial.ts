import type { IncomingRecord, OutgoingRecord } from './client.js';
import { readFailure } from './failure.js';

/** Of a message that does not fit in with its reason, this much is kept. */
const STUB_BYTES = 1_024;
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/**
 * Keeps messages that cannot be handled, each in the topic of its dead letters. What fills a topic's limit does not fit in with
 * its reason, now or ever: its beginning is kept, and its size.
 */
export function createBurial(publish: (topic: string, record: OutgoingRecord) => Promise<void>) {
  return async (topic: string, { value }: Pick<IncomingRecord, 'value'>, reason: string): Promise<void> => {
    const letters = `${topic}.dlq`;
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
}
