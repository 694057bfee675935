import { agentIdOf } from '../../address.js';
import { createBackoff } from '../../backoff.js';
import { type Clock, type Random, toHex } from '../../clock.js';
import type { ConnectionOwner } from '../../transport.js';
import type { Api } from './api.js';
import { encodeBody } from './body.js';
import { isTakenName } from './failure.js';
import { queueNameOf, queuePrefixOf } from './names.js';

/** What a reply queue says of whoever reads it. */
const TAGS = {
  agent: 'declaragent-agent',
  instance: 'declaragent-instance',
  /** When it was last known to live, in seconds since the epoch by the broker's clock. */
  seen: 'declaragent-last-seen',
  /** What its reader answers to a probe. */
  probed: 'declaragent-probed',
} as const;

const SEEN_EVERY_MS = 600_000;
const DEAD_AFTER_SECONDS = 3_600;
const SWEEP_AFTER_MS = 5_000;
/** How many queues one sweep looks at: AWS lets few be asked for their tags in a second. */
const MOST_SWEPT = 20;
const PROBE_FOR_MS = 1_500;
const KEEP_ANSWERS_SECONDS = '3600';
const LONGEST_VISIBILITY_SECONDS = 43_200;

/** The reply queues of one connection. */
export interface Replies {
  /**
   * Makes the queue of a topic and says that it is read.
   *
   * @throws Error where somebody else reads it
   */
  claim(topic: string): Promise<string>;
  /** Tells who asked by `probe` that the queue is read. */
  answerProbe(url: string, probe: string): Promise<void>;
  /** Removes the queues of those that were claimed. */
  removeAll(): Promise<void>;
  /** Leaves no timer. */
  close(): void;
}

export interface RepliesOptions {
  readonly api: Api;
  readonly owner: ConnectionOwner;
  readonly clock: Clock;
  readonly random: Random;
}

export function createReplies({ api, owner, clock, random }: RepliesOptions): Replies {
  const claimed = new Map<string, string>();
  const ending = new AbortController();
  let cancelSeen: (() => void) | undefined;
  let cancelSweep: (() => void) | undefined;

  const seenNow = (): string => String(Math.floor(api.now() / 1_000));

  const keepSeen = (): void => {
    cancelSeen ??= clock.setTimer(SEEN_EVERY_MS, () => {
      cancelSeen = undefined;
      for (const url of claimed.values()) void api.tag(url, { [TAGS.seen]: seenNow() }).catch(() => {});
      if (!ending.signal.aborted) keepSeen();
    });
  };

  /** Whether a process that lives reads the queue: asked by a message, which only its reader gets. */
  const isRead = async (url: string): Promise<boolean> => {
    const probe = toHex(random.bytes(8));
    await api.send(url, [{ ...encodeBody(Buffer.from('{}')), probe }]);
    const end = clock.now() + PROBE_FOR_MS;
    const backoff = createBackoff({ firstMs: 50, mostMs: 250, clock, random });
    while (clock.now() < end && !ending.signal.aborted) {
      if ((await api.tagsOf(url))[TAGS.probed] === probe) return true;
      await backoff.pause();
    }
    return false;
  };

  /** Removes queues of this agent whose processes have ended without a word. */
  const sweep = async (prefix: string): Promise<void> => {
    const own = new Set(claimed.values());
    const others = (await api.list(prefix, ending.signal)).filter((url) => !own.has(url));
    const [byte = 0] = random.bytes(1);
    const first = Math.floor((byte / 256) * others.length);
    for (const url of [...others.slice(first), ...others.slice(0, first)].slice(0, MOST_SWEPT)) {
      if (ending.signal.aborted) return;
      const tags = await api.tagsOf(url);
      const isDead = Number(tags[TAGS.seen]) < Number(seenNow()) - DEAD_AFTER_SECONDS;
      if (tags[TAGS.agent] === agentIdOf(owner.agent) && isDead) await api.remove(url);
    }
  };

  const planSweep = (topic: string): void => {
    const prefix = queuePrefixOf(topic.slice(0, topic.lastIndexOf('.') + 1));
    // Where listing is not permitted, the queues are somebody else's to remove.
    cancelSweep ??= clock.setTimer(SWEEP_AFTER_MS, () => void sweep(prefix).catch(() => {}));
  };

  return {
    async claim(topic) {
      const name = queueNameOf(topic, false);
      const tags = {
        [TAGS.agent]: agentIdOf(owner.agent),
        [TAGS.instance]: owner.instance,
        [TAGS.seen]: seenNow(),
      };
      const [high = 0, low = 0] = random.bytes(2);
      // Who makes a queue that is there is told so only where it would be another one: each makes one that no other would. The
      // attribute does nothing else, since whoever reads says for how long it hides what it gets.
      const VisibilityTimeout = String(((high * 256 + low) % LONGEST_VISIBILITY_SECONDS) + 1);
      let url: string;
      try {
        url = await api.create(name, { MessageRetentionPeriod: KEEP_ANSWERS_SECONDS, VisibilityTimeout }, tags);
      } catch (error) {
        if (!isTakenName(error)) throw error;
        url = await api.findUrl(name);
        if (!claimed.has(topic) && (await isRead(url))) {
          throw new Error(`Another bus reads ${topic}; give each bus of an agent an instance name of its own.`);
        }
        // Whoever had it is gone; answers to its calls that are still there are late.
        await api.tag(url, tags);
      }
      claimed.set(topic, url);
      keepSeen();
      planSweep(topic);
      return url;
    },
    answerProbe: (url, probe) => api.tag(url, { [TAGS.probed]: probe }),
    async removeAll() {
      await Promise.allSettled([...claimed.values()].map((url) => api.remove(url)));
      claimed.clear();
    },
    close() {
      ending.abort();
      cancelSeen?.();
      cancelSweep?.();
    },
  };
}
