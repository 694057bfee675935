import type { Clock, Random } from '../../runtime/clock.js';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves the time on, running each timer at its own moment and letting what it sets off settle in between. */
  advance(ms: number): Promise<void>;
  /** How many timers are set. */
  timers(): number;
}

/** Lets everything that needs no time happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function createManualClock(start = 1_767_225_600_000): ManualClock {
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  let now = start;

  const next = (until: number): { readonly at: number; readonly run: () => void } | undefined => {
    let first: { readonly at: number; readonly run: () => void } | undefined;
    for (const timer of timers) {
      // Nothing is earlier than what is due, and there may be ten thousand of them.
      if (timer.at <= now) return timer;
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  };

  return {
    now: () => now,
    setTimer(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    timers: () => timers.size,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let timer = next(until); timer !== undefined; timer = next(until)) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.run();
        await settle();
      }
      now = until;
    },
  };
}

/** Bytes that are the same in each run, and never the same twice in one. */
export function createCountingRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count++;
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setUint32(length - 4, count);
      return bytes;
    },
  };
}
