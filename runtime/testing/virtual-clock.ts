import type { Clock } from '../clock.js';

/** A clock that stands still until it is moved. The same timers set in the same order run in the same order. */
export interface VirtualClock extends Clock {
  /** Moves the time on by `ms`: each timer runs at its own moment, and what it sets off settles before the next one. */
  advance(ms: number): Promise<void>;
  /**
   * Moves the time on from timer to timer until `goal` is settled, or returns true.
   *
   * @throws Error when that takes more than `limitMs` (an hour unless given), or when no timer is left that could lead to it
   */
  runUntil(goal: Promise<unknown> | (() => boolean), limitMs?: number): Promise<void>;
  /** Runs the next timer, if it is due at `until` or before; false where there is none. Without `until` any is. */
  step(until?: number): Promise<boolean>;
  /** How many timers are set. */
  timers(): number;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
  isSet: boolean;
}

/** Where virtual time begins unless something else is said: the first second of 2026. */
const START = 1_767_225_600_000;
const DEFAULT_LIMIT_MS = 3_600_000;

/** Lets everything happen that needs no time: resolves when no microtask is left. */
export function settle(): Promise<void> {
  // biome-ignore lint/style/noRestrictedGlobals: nothing else says that all microtasks have run
  return new Promise((resolve) => setImmediate(resolve));
}

/** Makes a clock that stands at `start`, in milliseconds since the epoch. */
export function createVirtualClock(start: number = START): VirtualClock {
  const queue = createTimerQueue();
  let now = start;
  let order = 0;

  const step = async (until = Number.POSITIVE_INFINITY): Promise<boolean> => {
    const timer = queue.first();
    if (timer === undefined || timer.at > until) return false;
    queue.cancel(timer);
    now = Math.max(now, timer.at);
    timer.run();
    await settle();
    return true;
  };

  return {
    now: () => now,
    setTimer(delayMs, run) {
      const timer = { at: now + Math.max(0, delayMs), order: order++, run, isSet: true };
      queue.add(timer);
      return () => queue.cancel(timer);
    },
    step,
    timers: () => queue.size(),
    async advance(ms) {
      const until = now + ms;
      await settle();
      while (await step(until));
      now = Math.max(now, until);
    },
    async runUntil(goal, limitMs = DEFAULT_LIMIT_MS) {
      const until = now + limitMs;
      const isReached = typeof goal === 'function' ? goal : watch(goal);
      await settle();
      while (!isReached()) {
        if (await step(until)) continue;
        const why = queue.size() === 0 ? 'no timer is left that could lead to it' : `${limitMs} ms have passed`;
        throw new Error(`What the virtual clock runs for has not happened, and ${why}.`);
      }
    },
  };
}

function watch(promise: Promise<unknown>): () => boolean {
  let isSettled = false;
  const onEnd = (): void => {
    isSettled = true;
  };
  promise.then(onEnd, onEnd);
  return () => isSettled;
}

interface TimerQueue {
  add(timer: Timer): void;
  cancel(timer: Timer): void;
  first(): Timer | undefined;
  size(): number;
}

/** A heap, since there may be ten thousand timers of which most are cancelled: those stay until they are half of it. */
function createTimerQueue(): TimerQueue {
  let heap: Timer[] = [];
  let set = 0;

  const isBefore = (one: Timer, other: Timer): boolean =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  const swap = (one: number, other: number): void => {
    const [first, second] = [heap[one], heap[other]];
    if (first === undefined || second === undefined) return;
    heap[one] = second;
    heap[other] = first;
  };

  const isOrdered = (upper: number, lower: number): boolean => {
    const [parent, child] = [heap[upper], heap[lower]];
    return parent === undefined || child === undefined || isBefore(parent, child);
  };

  const rise = (index: number): void => {
    for (let at = index; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (isOrdered(parent, at)) return;
      swap(parent, at);
      at = parent;
    }
  };

  const sink = (): void => {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const least = isOrdered(left, left + 1) ? left : left + 1;
      if (isOrdered(at, least)) return;
      swap(at, least);
      at = least;
    }
  };

  const removeFirst = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    sink();
  };

  return {
    size: () => set,
    add(timer) {
      heap.push(timer);
      set++;
      rise(heap.length - 1);
    },
    cancel(timer) {
      if (!timer.isSet) return;
      timer.isSet = false;
      set--;
      if (heap.length < 64 || heap.length < 2 * set) return;
      // What is sorted is a heap.
      heap = heap.filter(({ isSet }) => isSet).sort((one, other) => (isBefore(one, other) ? -1 : 1));
    },
    first() {
      while (heap[0]?.isSet === false) removeFirst();
      return heap[0];
    },
  };
}
