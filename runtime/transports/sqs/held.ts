import type { Clock } from '../../clock.js';

/** The messages that a reader has and has not settled, which SQS hands out again unless it is told otherwise. */
export interface Held {
  /** How many there are. */
  size(): number;
  /** Takes one that has just come. */
  add(receipt: string): void;
  /** Whether SQS has given it to nobody else yet. */
  isHeld(receipt: string): boolean;
  delete(receipt: string): void;
  /** Leaves no timer. What is held comes again when its time is up. */
  close(): void;
}

/**
 * Has SQS hide what is held a third of the time before it would be seen again; one timer does it for all.
 *
 * @param extend hides some for `visibilityMs` more, and says of each whether it has
 */
export function createHeld(
  clock: Clock,
  visibilityMs: number,
  extend: (receipts: readonly string[]) => Promise<readonly boolean[]>,
): Held {
  /** Until when each is hidden at least, by our clock. */
  const until = new Map<string, number>();
  let cancel: (() => void) | undefined;
  let isClosed = false;

  const extendDue = async (): Promise<void> => {
    const askedAt = clock.now();
    const due = [...until].filter(([, end]) => end - askedAt <= (visibilityMs * 2) / 3 && end > askedAt);
    const receipts = due.map(([receipt]) => receipt);
    if (receipts.length === 0) return;
    const extended = await extend(receipts);
    for (const [index, receipt] of receipts.entries()) {
      if (extended[index] && until.has(receipt)) until.set(receipt, askedAt + visibilityMs);
    }
  };

  const arm = (): void => {
    if (cancel !== undefined || isClosed || until.size === 0) return;
    cancel = clock.setTimer(visibilityMs / 3, () => {
      cancel = undefined;
      // What fails is tried again when the timer fires next.
      void extendDue().catch(() => {});
      arm();
    });
  };

  return {
    size: () => until.size,
    add(receipt) {
      until.set(receipt, clock.now() + visibilityMs);
      arm();
    },
    isHeld: (receipt) => (until.get(receipt) ?? 0) > clock.now(),
    delete: (receipt) => void until.delete(receipt),
    close() {
      isClosed = true;
      cancel?.();
    },
  };
}
