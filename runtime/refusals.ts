import type { AgentAddress } from './address.js';
import type { Clock } from './clock.js';
import { type HopSubject, reportHop } from './diagnostics.js';

/** Messages that were not let in: all are counted, and not all are reported, since anybody can send any number. */
export interface Refusals {
  report(subject: HopSubject, code: string, reason: string): void;
  readonly count: number;
}

/** How many hops there are a second for each code. */
const HOPS_A_SECOND = 10;

export function createRefusals(agent: AgentAddress, clock: Clock): Refusals {
  const seconds = new Map<string, { endsAt: number; hops: number; omitted: number }>();
  let count = 0;

  return {
    get count() {
      return count;
    },
    report(subject, code, reason) {
      count++;
      const now = clock.now();
      let second = seconds.get(code);
      if (second === undefined || now >= second.endsAt) {
        second = { endsAt: now + 1_000, hops: 0, omitted: second?.omitted ?? 0 };
        seconds.set(code, second);
      }
      const { omitted } = second;
      if (++second.hops > HOPS_A_SECOND) second.omitted++;
      else {
        second.omitted = 0;
        reportHop('refused', agent, clock, subject, { code, reason, ...(omitted > 0 && { omitted }) });
      }
    },
  };
}
