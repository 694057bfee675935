/** How things are sent together. */
export interface LanesOptions<Item> {
  /** How many fit into one request. */
  readonly most: number;
  /** How many requests of one lane may be under way. */
  readonly flights: number;
  /** How large the items of one request may be together, and how large one is. */
  readonly mostBytes?: number;
  readonly bytesOf?: (item: Item) => number;
  /** Sends what belongs to one lane; resolves with what became of each. Rejects where all have failed. */
  readonly send: (lane: string, items: readonly Item[]) => Promise<readonly (Error | undefined)[]>;
}

/** Adds an item to a lane; resolves when it is sent. */
export type Lanes<Item> = (lane: string, item: Item) => Promise<void>;

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Lane<Item> {
  waiting: Waiting<Item>[];
  flights: number;
  isScheduled: boolean;
}

/**
 * Requests cost more than what they carry. What comes while a lane has all its flights under way goes together; what comes alone
 * goes at once, so that nothing waits for company.
 */
export function createLanes<Item>(options: LanesOptions<Item>): Lanes<Item> {
  const { most, flights, mostBytes = Number.POSITIVE_INFINITY, bytesOf = () => 0, send } = options;
  const lanes = new Map<string, Lane<Item>>();

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
    lane.isScheduled = false;
    while (lane.flights < flights && lane.waiting.length > 0) {
      lane.flights++;
      void fly(name, takeBatch(lane)).then(() => {
        lane.flights--;
        if (lane.waiting.length > 0) flush(name, lane);
        else if (lane.flights === 0) lanes.delete(name);
      });
    }
  };

  return (name, item) =>
    new Promise((resolve, reject) => {
      const lane = lanes.get(name) ?? { waiting: [], flights: 0, isScheduled: false };
      lanes.set(name, lane);
      lane.waiting.push({ item, resolve, reject });
      if (lane.isScheduled || lane.flights >= flights) return;
      lane.isScheduled = true;
      // What is added before the thread is let go of travels together.
      queueMicrotask(() => flush(name, lane));
    });
}
