import { systemClock } from '../../clock.js';
import type { Committed } from './client.js';

/** Tells the broker what is settled, as much as has come together at a time and one message after another. */
export interface Commits {
  /** Resolves when the broker has what is true of a partition now. */
  commit(partition: number): Promise<void>;
  /** The same within a moment, for what nobody waits for. */
  commitSoon(partition: number): void;
  /** Sends at once what was to be sent soon. */
  flush(): void;
  /** Sends nothing until `resume`. */
  hold(): void;
  resume(): void;
  /** The partition is another reader's: whoever waits is told so. */
  drop(partition: number): void;
  /** Resolves when there is nothing to send. */
  idle(): Promise<void>;
  /** Sends no more; whoever waits is told so. */
  close(): void;
}

export interface CommitsOptions {
  send(commits: readonly Committed[]): Promise<void>;
  /** What is true of a partition now; undefined where it is another reader's. */
  stateOf(partition: number): Committed | undefined;
  /** By what it can be told that a partition was given away and has come back since; undefined as for the state. */
  tenureOf(partition: number): unknown;
}

interface Waiter {
  readonly tenure: unknown;
  resolve(): void;
  reject(reason: Error): void;
}

/** Most messages are settled before it is over, so that one commit says that they were handed out and that they are done. */
const SOON_MS = 50;
const RETRY_MS = 200;

export function createCommits({ send, stateOf, tenureOf }: CommitsOptions): Commits {
  const due = new Map<number, Waiter[]>();
  const soon = new Set<number>();
  let cancelSoon: (() => void) | undefined;
  let cancelRetry: (() => void) | undefined;
  let isSending = false;
  let isHeld = false;
  let isScheduled = false;
  let isClosed = false;
  let onIdle: (() => void)[] = [];

  const add = (partition: number, waiters: readonly Waiter[]): void => {
    const known = due.get(partition);
    if (known === undefined) due.set(partition, [...waiters]);
    else known.push(...waiters);
  };

  const run = async (): Promise<void> => {
    isScheduled = false;
    if (isSending || isHeld || isClosed || due.size === 0) return;
    const batch = [...due];
    due.clear();
    const states = batch.flatMap(([partition]) => stateOf(partition) ?? []);
    for (const { partition } of states) soon.delete(partition);
    isSending = true;
    let failure: unknown;
    try {
      if (states.length > 0) await send(states);
    } catch (error) {
      failure = error;
    }
    isSending = false;
    for (const [partition, waiters] of batch) {
      if (failure === undefined) {
        for (const { resolve } of waiters) resolve();
        continue;
      }
      const tenure = isClosed ? undefined : tenureOf(partition);
      const isOurs = (waiter: Waiter): boolean => tenure !== undefined && waiter.tenure === tenure;
      if (tenure !== undefined) add(partition, waiters.filter(isOurs));
      refuse(waiters.filter((waiter) => !isOurs(waiter)));
    }
    if (failure === undefined) schedule();
    else cancelRetry ??= systemClock.setTimer(RETRY_MS, retry);
    if (due.size > 0) return;
    for (const tell of onIdle) tell();
    onIdle = [];
  };

  const retry = (): void => {
    cancelRetry = undefined;
    schedule();
  };

  /** After those that are settled in the same moment. */
  const schedule = (): void => {
    if (isScheduled || isSending || due.size === 0) return;
    isScheduled = true;
    queueMicrotask(() => void run());
  };

  const flush = (): void => {
    cancelSoon?.();
    cancelSoon = undefined;
    for (const partition of soon) if (tenureOf(partition) !== undefined) add(partition, []);
    soon.clear();
    schedule();
  };

  return {
    commit: (partition) =>
      new Promise((resolve, reject) => {
        const waiter = { resolve, reject, tenure: tenureOf(partition) };
        if (isClosed || waiter.tenure === undefined) return refuse([waiter]);
        add(partition, [waiter]);
        schedule();
      }),
    commitSoon(partition) {
      soon.add(partition);
      cancelSoon ??= systemClock.setTimer(SOON_MS, flush);
    },
    flush,
    hold() {
      isHeld = true;
    },
    resume() {
      isHeld = false;
      schedule();
    },
    drop(partition) {
      soon.delete(partition);
      const waiters = due.get(partition) ?? [];
      due.delete(partition);
      refuse(waiters);
    },
    idle: () => (due.size === 0 && !isSending ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
    close() {
      isClosed = true;
      cancelSoon?.();
      cancelRetry?.();
      for (const waiters of due.values()) refuse(waiters);
      due.clear();
      for (const tell of onIdle) tell();
      onIdle = [];
    },
  };
}

function refuse(waiters: readonly Waiter[]): void {
  for (const { reject } of waiters) reject(new Error("The partition is another reader's by now."));
}
