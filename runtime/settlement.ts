import type { Clock } from './clock.js';
import type { ConnectedTransport } from './routes.js';
import type { Delivery } from './transport.js';

/** A request or event, and what it came in by. */
export interface Taken {
  readonly via: ConnectedTransport;
  readonly delivery: Delivery;
}

/** Tells brokers what became of the messages that they hold; a broker that holds none is told nothing. */
export interface Settlements {
  /** It is done with. */
  ack(taken: Taken): void;
  /** Another instance, or this one later, shall have it. */
  nack(taken: Taken): void;
  /** The same after a pause: what has failed would fail again at once. */
  retry(taken: Taken): void;
  /** It cannot be handled: `reason` is kept with it where there are dead letters. */
  reject(taken: Taken, reason: string): void;
  /** Resolves when the brokers know all that they have been told; never rejects. */
  settled(): Promise<void>;
}

const PAUSE_MS = 500;

export function createSettlements(clock: Clock): Settlements {
  const settling = new Set<Promise<void>>();
  /** One for all who come to it. */
  let pause: Promise<void> | undefined;
  let endPause = (): void => {};
  /** From the first `settled` on: who stops waits for nothing new. */
  let isEnding = false;

  // What the broker has not taken in comes again, and is known then.
  const add = (settle: () => Promise<void>): void => {
    const ended: Promise<void> = (async () => settle())()
      .catch(() => {})
      .then(() => void settling.delete(ended));
    settling.add(ended);
  };

  return {
    ack({ via, delivery }) {
      if (via.transport.flags.holdsRequests) add(() => delivery.ack());
    },
    nack({ via, delivery }) {
      if (via.transport.flags.holdsRequests) add(() => delivery.nack());
    },
    retry({ via, delivery }) {
      if (!via.transport.flags.holdsRequests) return;
      if (isEnding) return add(() => delivery.nack());
      pause ??= new Promise((resolve) => {
        endPause = () => {
          cancel();
          pause = undefined;
          resolve();
        };
        const cancel = clock.setTimer(PAUSE_MS, endPause);
      });
      const paused = pause;
      add(() => paused.then(() => delivery.nack()));
    },
    reject({ via, delivery }, reason) {
      const { holdsRequests, deadLetters } = via.transport.flags;
      if (holdsRequests || deadLetters) add(() => delivery.reject(toHeader(reason)));
    },
    async settled() {
      isEnding = true;
      endPause();
      while (settling.size > 0) await Promise.all(settling);
    },
  };
}

/** Names from outside stand in a reason, which brokers carry as a header. */
function toHeader(reason: string): string {
  return reason.replace(/[^\x20-\x7e]/g, '?').slice(0, 1_000);
}
