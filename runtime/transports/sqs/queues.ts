import type { Api } from './api.js';
import { isMissingQueue, isTakenName } from './failure.js';
import { queueNameOf } from './names.js';

/** No call lives longer than ten minutes, so a request or an answer that is an hour old is of use to nobody. */
const KEEP_MESSAGES_SECONDS = 3_600;
const KEEP_DEAD_LETTERS_SECONDS = 1_209_600;
/** How many URLs are remembered: those of callers come and go. */
const MOST_URLS = 10_000;

/** The queues of topics, found by name once. */
export interface Queues {
  /** Rejects with the library's error where there is no such queue. */
  find(name: string): Promise<string>;
  /** It is not there any more. */
  forget(name: string): void;
  /** The queue of a requests topic, made where it is missing, and then with a queue for its dead letters. */
  declareRequests(topic: string): Promise<string>;
  /** Puts a message with the dead letters of a requests topic, by `send`, which is given the URL of their queue. */
  bury(topic: string, send: (url: string) => Promise<void>): Promise<void>;
}

export interface QueuesOptions {
  readonly api: Api;
  readonly fifo: boolean;
  readonly maxDeliveries: number;
}

export function createQueues({ api, fifo, maxDeliveries }: QueuesOptions): Queues {
  const urls = new Map<string, string>();
  /** Many calls to one agent may start at once. */
  const looking = new Map<string, Promise<string>>();
  const kind: Record<string, string> = fifo
    ? { FifoQueue: 'true', DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
    : {};

  const keep = (name: string, url: string): void => {
    const [oldest] = urls.keys();
    if (urls.size >= MOST_URLS && oldest !== undefined) urls.delete(oldest);
    urls.set(name, url);
  };

  const look = async (name: string): Promise<string> => {
    try {
      const url = await api.findUrl(name);
      keep(name, url);
      return url;
    } finally {
      looking.delete(name);
    }
  };

  const find = async (name: string): Promise<string> => {
    const known = urls.get(name) ?? looking.get(name);
    if (known !== undefined) return known;
    const found = look(name);
    looking.set(name, found);
    return found;
  };

  /** A queue that is there stays as it is: whoever made it knows why. */
  const findOrCreate = async (name: string, attributes: () => Promise<Record<string, string>>): Promise<string> => {
    try {
      return await find(name);
    } catch (error) {
      if (!isMissingQueue(error)) throw error;
    }
    try {
      const url = await api.create(name, { ...kind, ...(await attributes()) });
      keep(name, url);
      return url;
    } catch (error) {
      // Another process was faster.
      if (!isTakenName(error)) throw error;
      return find(name);
    }
  };

  const declareDeadLetters = (topic: string): Promise<string> =>
    findOrCreate(queueNameOf(topic, fifo, 'deadLetters'), async () => ({
      MessageRetentionPeriod: String(KEEP_DEAD_LETTERS_SECONDS),
    }));

  return {
    find,
    forget: (name) => void urls.delete(name),
    async bury(topic, send) {
      try {
        await send(await declareDeadLetters(topic));
      } catch (error) {
        if (!isMissingQueue(error)) throw error;
        urls.delete(queueNameOf(topic, fifo, 'deadLetters'));
        await send(await declareDeadLetters(topic));
      }
    },
    declareRequests: (topic) =>
      findOrCreate(queueNameOf(topic, fifo), async () => {
        // Where one is gone, both may be.
        urls.delete(queueNameOf(topic, fifo, 'deadLetters'));
        const deadLetterTargetArn = await api.arnOf(await declareDeadLetters(topic));
        return {
          MessageRetentionPeriod: String(KEEP_MESSAGES_SECONDS),
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: maxDeliveries }),
        };
      }),
  };
}
