import { type Backoff, createBackoff } from '../../backoff.js';
import type { ConnectionWatcher } from '../../transport.js';

/** Whether the broker can be reached. SQS knows no connections: that one is lost is what requests that fail tell. */
export interface Link {
  /** Why it is lost; undefined while it stands. */
  lost(): Error | undefined;
  /** A request got no answer: asks whether others do, and tells the watcher if not. */
  suspect(): void;
  /** Resolves when the broker answers, at once where nobody doubts it, and when the link is closed. */
  standing(): Promise<void>;
  /** Tells nobody anything any more, and leaves no timer. */
  close(): void;
}

/** `probe` resolves when the broker has answered, whatever it says, and rejects where no answer comes. */
export function createLink(watcher: ConnectionWatcher, probe: () => Promise<void>): Link {
  const backoff: Backoff = createBackoff();
  let reason: Error | undefined;
  let checking: Promise<void> | undefined;
  let isClosed = false;

  const attempt = async (): Promise<boolean> => {
    try {
      await probe();
      return true;
    } catch (error) {
      if (reason === undefined && !isClosed) {
        reason = error instanceof Error ? error : new Error(String(error));
        watcher.lost(reason);
      }
      return false;
    }
  };

  const check = async (): Promise<void> => {
    while (!(await attempt()) && !isClosed) await backoff.pause();
    checking = undefined;
    backoff.reset();
    const wasLost = reason !== undefined;
    reason = undefined;
    if (wasLost && !isClosed) watcher.restored();
  };

  return {
    lost: () => reason,
    suspect() {
      if (!isClosed) checking ??= check();
    },
    standing: () => checking ?? Promise.resolve(),
    close() {
      isClosed = true;
      backoff.end();
    },
  };
}
