import type { Clock } from '../clock.js';
import type { ConnectionOwner } from '../transport.js';
import type { FaultRates } from './fault-rates.js';
import type { SeededRandom } from './seeded-random.js';

/** How the way between one bus and the broker is. */
export type LinkState = 'open' | 'lost' | 'killed' | 'closed';

/** The way between one bus and the broker. */
export interface Link {
  readonly owner: ConnectionOwner;
  state: LinkState;
  readonly isStalled: boolean;
  /** How many messages are on their way. */
  readonly inFlight: number;
  /** Has `arrive` happen at the other end, in order unless that fault strikes; or `onLost`, when the link is cut before. */
  carry(direction: 'up' | 'down', arrive: () => void, onLost?: () => void): void;
  /** Has nothing arrive, and tells nobody, until it is healed. */
  stall(): void;
  heal(): void;
  /** Loses all that is on its way. */
  cut(): void;
}

export interface LinkOptions {
  readonly owner: ConnectionOwner;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly rates: FaultRates;
  /** The least and the most time that a message takes on one way. */
  readonly latencyMs: readonly [least: number, most: number];
}

interface Transit {
  readonly arrive: () => void;
  readonly onLost: () => void;
  stop: () => void;
}

export function createLink({ owner, clock, random, rates, latencyMs }: LinkOptions): Link {
  const [least, most] = latencyMs;
  const transits = new Set<Transit>();
  const lastArrival = { up: 0, down: 0 };
  let stalled: Transit[] | undefined;

  const delayOf = (direction: 'up' | 'down'): number => {
    const now = clock.now();
    const latency = least === most ? least : random.integer(least, most);
    // What is overtaken waits for as long as a few others need.
    if (random.chance(rates.reorder)) return latency + random.integer(1, 4 * most + 1);
    lastArrival[direction] = Math.max(lastArrival[direction], now + latency);
    return lastArrival[direction] - now;
  };

  const land = (transit: Transit): void => {
    if (!transits.has(transit)) return;
    if (stalled !== undefined) {
      stalled.push(transit);
      return;
    }
    transits.delete(transit);
    transit.arrive();
  };

  return {
    owner,
    state: 'open',
    get isStalled() {
      return stalled !== undefined;
    },
    get inFlight() {
      return transits.size;
    },
    carry(direction, arrive, onLost = () => {}) {
      const transit: Transit = { arrive, onLost, stop: () => {} };
      transits.add(transit);
      const delayMs = delayOf(direction);
      if (delayMs > 0) transit.stop = clock.setTimer(delayMs, () => land(transit));
      else void Promise.resolve().then(() => land(transit));
    },
    stall() {
      stalled ??= [];
    },
    heal() {
      const arriving = stalled ?? [];
      stalled = undefined;
      for (const transit of arriving) land(transit);
    },
    cut() {
      const lost = [...transits];
      transits.clear();
      stalled = undefined;
      for (const { stop, onLost } of lost) {
        stop();
        onLost();
      }
    },
  };
}
