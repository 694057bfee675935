import { type Clock, type Random, systemClock, systemRandom } from './clock.js';

/** How long attempts wait for each other. */
export interface BackoffOptions {
  /** The longest pause before the second attempt, in milliseconds; 100 unless set. */
  readonly firstMs?: number;
  /** The longest pause of all, in milliseconds; 2,000 unless set. */
  readonly mostMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** The pauses between attempts that fail. */
export interface Backoff {
  /** Resolves after a pause, each time up to twice as long as before, or as soon as `end` is called. */
  pause(): Promise<void>;
  /** An attempt has succeeded: the next pause is a short one. */
  reset(): void;
  /** Ends the pause that is on, and makes all that follow none. Leaves no timer. */
  end(): void;
}

/** Pauses of between half and all of a time that doubles, so that those who lost one broker do not come back as one. */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { firstMs = 100, mostMs = 2_000, clock = systemClock, random = systemRandom } = options;
  let longestMs = firstMs;
  let hasEnded = false;
  let finish = (): void => {};

  return {
    pause() {
      if (hasEnded) return Promise.resolve();
      const [byte = 0] = random.bytes(1);
      const delayMs = longestMs * (0.5 + byte / 510);
      longestMs = Math.min(longestMs * 2, mostMs);
      return new Promise((resolve) => {
        const cancel = clock.setTimer(delayMs, resolve);
        finish = () => {
          cancel();
          resolve();
        };
      });
    },
    reset() {
      longestMs = firstMs;
    },
    end() {
      hasEnded = true;
      finish();
    },
  };
}
