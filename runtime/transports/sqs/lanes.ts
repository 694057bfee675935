import type { Clock } from '../../clock.js';

/** How things are sent together. */
export interface LanesOptions<Item> {
  /** How many fit into one request. */
  readonly most: number;
  /** How many requests of one lane may be under way. */
  readonly flights: number;
  /** How large the items of one request may be together, and how large one is. */
  readonly mostBytes?: number;
  readonly bytesOf?: (item: Item) => number;
  /** How long what does not fill a request waits for company. Unless set, it goes at once. */
  readonly patience?: { readonly clock: Clock; readonly ms: number };
  /** Sends what belongs to one lane; resolves with what became of each. Rejects where all have failed. */
  readonly send: (lane: string, items: readonly Item[]) => Promise<readonly (Error | undefined)[]>;
}

export interface Lanes<Item> {
  /** Resolves when the item is sent. */
  add(lane: string, item: Item): Promise<void>;
  /** Sends what waits, takes nothing more, and leaves no timer. Resolves when all is sent; never rejects. */
  close(): Promise<void>;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Lane<Item> {
  waiting: Waiting<Item>[];
  flights: number;
  /** Set while what waits is due to go. */
  cancel: (() => void) | undefined;
}

/**
 * Requests cost more than what they carry. What comes while a lane has all its flights under way goes together, and what
 * can wait goes with what comes after it; all else goes at once.
 */
export function createLanes<Item>(options: LanesOptions<Item>): Lanes<Item> {
  const { most, flights, mostBytes = Number.POSITIVE_INFINITY, bytesOf = () => 0, patience, send } = options;
  const lanes = new Map<string, Lane<Item>>();
  let isClosed = false;
  let onEmpty = (): void => {};

  const takeBatch = (lane: Lane<Item>): Waiting<Item>[] => {
    let count = 0;
    let bytes = 0;
    for (const { item } of lane.waiting) {
      bytes += bytesOf(item);
      if (count === most || (count > 0 && bytes > mostBytes)) break;
      count++;
    }
    return lane.waiting.splice(0, count);
  };

  const fly = async (name: string, batch: readonly Waiting<Item>[]): Promise<void> => {
    try {
      const ends = await send(
        name,
        batch.map(({ item }) => item),
      );
      for (const [index, { resolve, reject }] of batch.entries()) {
        const error = ends[index];
        if (error === undefined) resolve();
        else reject(error);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };

  const flush = (name: string, lane: Lane<Item>): void => {
    lane.cancel?.();
    lane.cancel = undefined;
    while (lane.flights < flights && lane.waiting.length > 0) {
      lane.flights++;
      void fly(name, takeBatch(lane)).then(() => {
        lane.flights--;
        if (lane.waiting.length > 0) {
          if (lane.cancel === undefined) flush(name, lane);
        } else if (lane.flights === 0) {
          lanes.delete(name);
          if (lanes.size === 0) onEmpty();
        }
      });
    }
  };

  const schedule = (act: () => void): (() => void) => {
    if (patience !== undefined) return patience.clock.setTimer(patience.ms, act);
    // What is added before the thread is let go of travels together.
    queueMicrotask(act);
    return () => {};
  };

  return {
    add: (name, item) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('The SQS connection is closed.'));
        const lane = lanes.get(name) ?? { waiting: [], flights: 0, cancel: undefined };
        lanes.set(name, lane);
        lane.waiting.push({ item, resolve, reject });
        if (lane.flights >= flights) return;
        if (patience !== undefined && lane.waiting.length >= most) flush(name, lane);
        else lane.cancel ??= schedule(() => flush(name, lane));
      }),
    async close() {
      isClosed = true;
      if (lanes.size === 0) return;
      const emptied = new Promise<void>((resolve) => {
        onEmpty = resolve;
      });
      for (const [name, lane] of lanes) flush(name, lane);
      await emptied;
    },
  };
}
