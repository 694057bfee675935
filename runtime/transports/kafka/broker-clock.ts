import { systemClock } from '../../clock.js';

/** What time the broker has, as far as it can be told from here. */
export interface BrokerClock {
  /** Something was sent and confirmed, and the broker had that time in between. */
  learn(sentAt: number, brokerTime: number, confirmedAt: number): void;
  /** How long ago the broker had a time; undefined as long as nothing is known of its clock. */
  ageOf(brokerTime: number): number | undefined;
}

/** What was learned counts for less with time: clocks drift. */
const TRUST_LOST = 1.02;

/** The less time it took to send something, the better it tells how far two clocks are apart. */
export function createBrokerClock(): BrokerClock {
  let aheadMs: number | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  return {
    learn(sentAt, brokerTime, confirmedAt) {
      const tookMs = confirmedAt - sentAt;
      bestMs = (bestMs + 0.1) * TRUST_LOST;
      if (tookMs > bestMs) return;
      bestMs = tookMs;
      aheadMs = (sentAt + confirmedAt) / 2 - brokerTime;
    },
    ageOf: (brokerTime) => (aheadMs === undefined ? undefined : Math.max(0, systemClock.now() - aheadMs - brokerTime)),
  };
}
