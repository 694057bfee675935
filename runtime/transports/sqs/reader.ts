import { createBackoff } from '../../backoff.js';
import { type Api, MOST_TOGETHER, type Received } from './api.js';
import { isConnectionFailure, isMissingQueue } from './failure.js';
import type { Link } from './link.js';

/** How a queue is read. */
export interface ReaderOptions {
  readonly api: Api;
  readonly link: Link;
  /** The URL of the queue, which is made where it is missing. */
  readonly declare: () => Promise<string>;
  /** It is not where it was: the next `declare` is to look. */
  readonly forget: () => void;
  readonly waitSeconds: number;
  readonly visibilitySeconds: number;
  readonly withHistory: boolean;
  /** How many more messages may be taken now. */
  readonly room: () => number;
  readonly take: (message: Received, url: string) => void;
}

/** A queue that is being read. */
export interface Reader {
  /** Looks again, where there was no room. */
  wake(): void;
  /**
   * Asks for no more; resolves when what has come is taken. What has been asked for is waited for: SQS may still hand messages
   * to a poll that nobody waits for, and then hides them from everybody else.
   */
  close(): Promise<void>;
  /** Closes without waiting. */
  abort(): Promise<void>;
}

/** How many requests ask for messages at once while there are more than one brings. */
const MOST_POLLS = 4;

/** Resolves when what has come was handled as far as that needs no waiting: it is to be answered before more is asked for. */
const turnOfEvents = (): Promise<void> =>
  new Promise((resolve) => {
    // biome-ignore lint/style/noRestrictedGlobals: this is no time, but the end of what the socket has brought.
    setImmediate(resolve);
  });

/** One long poll; more of them, short ones, for as long as each is answered with as many messages as it asked for. */
export function createReader(options: ReaderOptions): Reader {
  const { api, link, declare, forget, waitSeconds, visibilitySeconds, withHistory, room, take } = options;
  const aborting = new AbortController();
  const { signal } = aborting;
  let isClosing = false;
  let onClosing: () => void = () => {};
  const closing = new Promise<void>((resolve) => {
    onClosing = resolve;
  });
  const backoff = createBackoff();
  const polls = new Set<Promise<void>>();
  let asked = 0;
  let failures = 0;
  let onRoom: () => void = () => {};

  const start = (isFirst: boolean): void => {
    const poll = keepPolling(isFirst);
    polls.add(poll);
    void poll.then(() => {
      polls.delete(poll);
      // It may have had all the room that the first one waits for.
      onRoom();
    });
  };

  const keepPolling = async (isFirst: boolean): Promise<void> => {
    while (!isClosing) {
      const most = Math.min(MOST_TOGETHER, room() - asked);
      if (most > 0) {
        const count = await pollOnce(most, isFirst ? waitSeconds : 0);
        if (!isFirst && count < most) return;
        if (count > 0) await turnOfEvents();
        if (count === MOST_TOGETHER && polls.size < MOST_POLLS && !isClosing) start(false);
      } else if (isFirst) {
        await new Promise<void>((resolve) => {
          onRoom = resolve;
        });
      } else {
        return;
      }
    }
  };

  /** How many have come. Never rejects: it asks again when the broker can be reached. */
  const pollOnce = async (most: number, wait: number): Promise<number> => {
    asked += most;
    let messages: readonly Received[] = [];
    let url = '';
    try {
      url = await declare();
      messages = await api.receive(url, { most, waitSeconds: wait, visibilitySeconds, withHistory, signal });
      backoff.reset();
      failures = 0;
    } catch (error) {
      if (!isClosing) await recover(error);
    } finally {
      asked -= most;
    }
    for (const message of messages) take(message, url);
    return messages.length;
  };

  const recover = async (error: unknown): Promise<void> => {
    failures++;
    const hasNoAnswer = isConnectionFailure(error);
    if (hasNoAnswer) link.suspect();
    else if (isMissingQueue(error)) forget();
    await Promise.race([link.standing(), closing]);
    // One that was lost and is back is read at once; what is wrong with the queue itself may be so for long.
    if (!hasNoAnswer || failures > MOST_POLLS) await backoff.pause();
  };

  const close = async (): Promise<void> => {
    isClosing = true;
    onClosing();
    backoff.end();
    onRoom();
    await Promise.all(polls);
  };

  start(true);

  return {
    wake() {
      onRoom();
    },
    close,
    abort() {
      aborting.abort();
      return close();
    },
  };
}
