import { createSeededRandom, type FaultRates, type SeededRandom } from '../../runtime/testing/index.js';
import type { TransportFlags } from '../../runtime/transport.js';
import type { CapabilityName, Task } from './contract.js';

/** All that a seed decides before a world begins. Times are milliseconds from its beginning. */
export interface Plan {
  readonly flags: Partial<TransportFlags>;
  readonly rates: Partial<FaultRates>;
  readonly latencyMs: readonly [number, number];
  readonly redeliverAfterMs: number;
  /** How far the clocks of the callers, workers and helpers are off. */
  readonly skewsMs: { readonly [agent: string]: number };
  readonly concurrency: number;
  readonly queue: number;
  readonly calls: readonly PlannedCall[];
  readonly chaos: readonly PlannedChaos[];
  /** When the faults end. */
  readonly calmAt: number;
}

export interface PlannedCall {
  readonly at: number;
  readonly caller: number;
  readonly capability: CapabilityName;
  readonly task: Task;
  readonly timeoutMs: number;
  /** When the caller gives up. */
  readonly cancelAfterMs: number | undefined;
  readonly retries: boolean;
  readonly isEvent: boolean;
}

export interface PlannedChaos {
  readonly at: number;
  readonly what: 'disconnect' | 'partition' | 'kill' | 'stop' | 'breakBroker';
  /** Which of the machines that are up. */
  readonly victim: number;
  /** How long until all is well again. */
  readonly forMs: number;
  readonly graceMs: number;
}

const CALLS_END_AT = 3_000;

export function createPlan(seed: number): Plan {
  const random = createSeededRandom(seed);
  const holdsRequests = random.chance(0.5);
  // Some worlds are quiet, so that what goes wrong in them is the runtime's doing alone.
  const trouble = random.pick([0, 0.3, 1]);
  const rate = (most: number): number => (random.chance(0.5) ? trouble * most * random.next() : 0);
  const skews = [0, 0, -300_000, 300_000, 2_000] as const;
  return {
    flags: {
      holdsRequests,
      deadLetters: holdsRequests,
      noResponder: random.chance(0.5),
      tellsAge: random.chance(0.5),
      losesRepliesWithConnection: random.chance(0.5),
    },
    rates: {
      drop: rate(0.2),
      duplicate: rate(0.4),
      reorder: rate(0.5),
      refuse: rate(0.1),
      cut: rate(0.2),
      hang: rate(0.1),
      loseAck: rate(0.3),
      loseAckConfirmation: rate(0.2),
    },
    latencyMs: random.pick([
      [0, 0],
      [1, 5],
      [1, 60],
    ]),
    redeliverAfterMs: random.integer(20, 800),
    skewsMs: { caller: 0, worker: random.pick([...skews]), helper: random.pick([...skews]) },
    concurrency: random.integer(1, 4),
    queue: random.integer(0, 4),
    calls: Array.from({ length: random.integer(4, 20) }, (_, index) => createCall(random, index)),
    chaos: Array.from({ length: trouble === 0 ? 0 : random.integer(0, 6) }, () => createChaos(random)),
    calmAt: CALLS_END_AT + 1_000,
  };
}

function createCall(random: SeededRandom, index: number): PlannedCall {
  // Many at one moment, others alone.
  const at = random.chance(0.4) ? 500 : random.integer(0, CALLS_END_AT);
  return {
    at,
    caller: random.integer(0, 1),
    capability: random.pick(['read', 'write', 'relay']),
    task: {
      token: `t${index}`,
      workMs: random.chance(0.4) ? 0 : random.integer(1, 500),
      heeds: random.chance(0.5),
      ending: random.pick(['return', 'return', 'return', 'respond', 'fail', 'throw']),
    },
    timeoutMs: random.integer(1, 1_200),
    cancelAfterMs: random.chance(0.15) ? random.integer(0, 400) : undefined,
    retries: random.chance(0.4),
    isEvent: random.chance(0.1),
  };
}

function createChaos(random: SeededRandom): PlannedChaos {
  return {
    at: random.integer(100, CALLS_END_AT + 500),
    what: random.pick(['disconnect', 'partition', 'kill', 'stop', 'breakBroker']),
    victim: random.integer(0, 4),
    forMs: random.integer(10, 1_500),
    graceMs: random.pick([0, 50, 600]),
  };
}
