import type { Outcome } from '../../runtime/outcome.js';
import type { Done, TaskErrors } from './contract.js';

/** A call, as the caller's account has it. Times are of the virtual clock, which no machine of the world reads. */
export interface CallRecord {
  readonly machine: string;
  readonly messageId: string;
  readonly token: string;
  readonly capability: string;
  readonly idempotent: boolean;
  readonly deadline: number;
  ends: number;
  outcome?: Outcome<Done, TaskErrors>;
}

/** What happened in a world, as seen from outside of the runtime: at its transports, in its skills and at its callers. */
export interface Ledger {
  readonly calls: Map<string, CallRecord>;
  /** Calls of living machines that have not ended. */
  readonly open: Set<CallRecord>;
  /** How often a skill started for a message. */
  readonly runs: Map<string, number>;
  /** Messages that the network has made a copy of. */
  readonly copied: Set<string>;
  /** How often a request was handed to a machine, and how often that has answered it; by machine and messageId. */
  readonly deliveries: Map<string, number>;
  readonly answers: Map<string, number>;
  /** How many calls ended how: with `ok` or a code. */
  readonly endings: Map<string, number>;
  /** Breaches that are seen where they happen. */
  readonly breaches: Breach[];
}

/** A promise that was not kept. */
export interface Breach {
  readonly invariant: string;
  readonly what: string;
}

export function createLedger(): Ledger {
  return {
    calls: new Map(),
    open: new Set(),
    runs: new Map(),
    copied: new Set(),
    deliveries: new Map(),
    answers: new Map(),
    endings: new Map(),
    breaches: [],
  };
}

/** Counts one more; returns how many there are. */
export function count(table: Map<string, number>, key: string): number {
  const next = (table.get(key) ?? 0) + 1;
  table.set(key, next);
  return next;
}
