import type { Clock } from '../../clock.js';

/** How far the clock of the broker is from ours, as far as its answers tell. */
export interface BrokerTime {
  /** Takes in the `Date` of an answer to what was asked at `askedAt`; both clocks' milliseconds. */
  observe(date: string | undefined, askedAt: number): void;
  /** The time there. */
  now(): number;
}

/** Whole seconds are told, and servers write one `Date` for all answers of a second: it is that much behind at most. */
const DATE_LAG_MS = 2_000;

/**
 * A `Date` was written between question and answer: each bounds the difference of the clocks from both sides. Of the
 * differences that all of them allow the smallest is taken, so that clocks which agree are exact.
 */
export function createBrokerTime(clock: Clock): BrokerTime {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  return {
    observe(date, askedAt) {
      // biome-ignore lint/style/noRestrictedGlobals: it reads what the broker says, and takes no time from here.
      const told = date === undefined ? Number.NaN : Date.parse(date);
      if (Number.isNaN(told)) return;
      const [lower, upper] = [told - clock.now(), told + DATE_LAG_MS - askedAt];
      // One of the clocks was set: what was known before is of no use.
      const isNew = lower > most || upper < least;
      least = isNew ? lower : Math.max(least, lower);
      most = isNew ? upper : Math.min(most, upper);
    },
    now: () => clock.now() + Math.min(Math.max(0, least), most),
  };
}
