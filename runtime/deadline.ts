import type { Clock } from './clock.js';
import type { AgentRpcEnvelope } from './envelope.js';

/** How long a call may take unless somebody says otherwise. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** The longest that a call may take. */
export const MAX_TIMEOUT_MS = 600_000;

/** How long stop() waits for skills that run, unless somebody says otherwise. */
export const DEFAULT_GRACE_MS = 10_000;

/** How far the clocks of two machines may be apart, where only a clock can tell how much time is left. */
export const DEFAULT_CLOCK_SKEW_MS = 5_000;

/** The header that says how long a request was good for when it was sent: it needs no two clocks to agree. */
export const TTL_HEADER = 'x-declaragent-ttl-ms';

const TTL = /^\d{1,9}$/;

/** Throws a RangeError unless `timeoutMs` is one that a call may have. */
export function assertTimeout(timeoutMs: number): void {
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return;
  throw new RangeError(`timeoutMs must be a whole number from 1 to ${MAX_TIMEOUT_MS}, and it is ${String(timeoutMs)}.`);
}

/** How a receiver reads the time that a message has left. */
export interface TimeLeftOptions {
  readonly now: number;
  /** How long the broker held the message; undefined where it cannot tell. */
  readonly ageMs: number | undefined;
  readonly clockSkewMs: number;
  /** What a message gets that says nothing. */
  readonly fallbackMs: number;
}

/** How long the message may still run here, in milliseconds; 0 or less when its time is up. */
export function timeLeft(envelope: AgentRpcEnvelope, options: TimeLeftOptions): number {
  const { now, ageMs, clockSkewMs, fallbackMs } = options;
  const header = envelope.headers?.[TTL_HEADER];
  const ttlMs = header !== undefined && TTL.test(header) ? Math.min(Number(header), MAX_TIMEOUT_MS) : undefined;
  const { deadline } = envelope;
  if (ttlMs !== undefined && (ageMs !== undefined || deadline === undefined)) return ttlMs - (ageMs ?? 0);
  if (deadline !== undefined) return Math.min(deadline + clockSkewMs - now, ttlMs ?? MAX_TIMEOUT_MS);
  return Math.min(fallbackMs - (ageMs ?? 0), MAX_TIMEOUT_MS);
}

/** The time that one run of a skill has. */
export interface Deadline {
  /** Milliseconds since the epoch, on this machine's clock. */
  readonly at: number;
  readonly ended: boolean;
  /** Aborted when the time is up. Made when it is first asked for: most skills never look. */
  readonly signal: AbortSignal;
  /** Ends it before its time. */
  abort(reason: unknown): void;
  /** Leaves no timer. */
  clear(): void;
}

/** Starts a deadline; `onEnd` gives the reason that the signal is aborted with. */
export function createDeadline(clock: Clock, leftMs: number, onEnd: () => unknown): Deadline {
  return new RunningDeadline(clock, leftMs, onEnd);
}

/**
 * A class, as each run has one: V8 makes the getters of an object literal anew with each object, and keeps them and all
 * that they can see until it collects the old generation.
 */
class RunningDeadline implements Deadline {
  declare readonly at: number;
  ended = false;
  declare readonly clear: () => void;
  private reason: unknown;
  private controller: AbortController | undefined;

  constructor(clock: Clock, leftMs: number, onEnd: () => unknown) {
    this.at = clock.now() + leftMs;
    this.clear = clock.setTimer(leftMs, () => this.abort(onEnd()));
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.ended) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  abort(reason: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.reason = reason;
    this.clear();
    this.controller?.abort(reason);
  }
}

/** Waits for the time to be up or the signal to be aborted, whichever is first; the returned function ends the wait. */
export function watch(
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  onEnd: (why: 'timeout' | 'aborted') => void,
): () => void {
  const cancel = clock.setTimer(timeoutMs, () => onEnd('timeout'));
  if (signal === undefined) return cancel;
  const onAbort = (): void => onEnd('aborted');
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    cancel();
    signal.removeEventListener('abort', onAbort);
  };
}

/** A time that is given to work which may take less, and that may be cut short. */
export interface Grace {
  /** Ends it in `ms` at the latest. */
  limit(ms: number): void;
  /** Ends as the work does; rejects when the time is up before. Leaves no timer. */
  wait(work: Promise<unknown>): Promise<unknown>;
}

/** Starts the time now. */
export function createGrace(clock: Clock, graceMs: number): Grace {
  let end = (): void => {};
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(new Error(`It has not ended within ${graceMs} ms.`));
  });
  const timers = [clock.setTimer(graceMs, end)];
  let isOver = false;
  return {
    limit(ms) {
      if (!isOver) timers.push(clock.setTimer(ms, end));
    },
    async wait(work) {
      try {
        return await Promise.race([work, ended]);
      } finally {
        isOver = true;
        for (const cancel of timers) cancel();
      }
    },
  };
}
