import type { Clock } from '../clock.js';
import type { Delivery, OutgoingMessage, SubscriptionRole, TransportFlags } from '../transport.js';
import type { FaultRates } from './fault-rates.js';
import type { Link } from './faulty-link.js';
import type { SeededRandom } from './seeded-random.js';

/** A message that the broker has. */
export interface Held {
  readonly message: OutgoingMessage;
  /** When it came, on the broker's clock. */
  readonly since: number;
  /** How often it has been handed out. */
  deliveries: number;
}

/** Who reads a topic. */
export interface Reader {
  readonly link: Link;
  readonly deliver: (delivery: Delivery) => void;
  /** How many messages it may have that are not settled. */
  readonly prefetch: number;
  readonly unsettled: Set<Handout>;
  /** How many messages are on their way to it. */
  coming: number;
  /** Called when `coming` is 0 again. */
  onArrived: () => void;
}

/** One handing out of a held message, which may be delivered more than once. */
export interface Handout {
  readonly held: Held;
  readonly reader: Reader;
}

/** The messages and readers of one topic. */
export interface Topic {
  readonly role: SubscriptionRole | undefined;
  readonly readers: readonly Reader[];
  readonly waiting: number;
  push(message: OutgoingMessage): void;
  add(reader: Reader): void;
  /** Hands out nothing more to a reader, which may still settle what it has. */
  retire(reader: Reader): void;
  /** Takes back what a reader has not settled. */
  takeBackFrom(reader: Reader): void;
  /** Hands nothing out until it is resumed. */
  pause(): void;
  resume(): void;
  /** Loses what waits. */
  drop(): void;
}

export interface TopicOptions {
  readonly role: SubscriptionRole | undefined;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly rates: FaultRates;
  readonly flags: TransportFlags;
  readonly maxDeliveries: number;
  readonly redeliverAfterMs: number;
  readonly onHandOut: (held: Held, reader: Reader, fate: 'delivered' | 'dropped' | 'duplicated') => void;
  readonly onDead: (message: OutgoingMessage, reason: string) => void;
}

export function createTopic(options: TopicOptions): Topic {
  const { role, clock, random, rates, flags, maxDeliveries, redeliverAfterMs, onHandOut, onDead } = options;
  const waiting: Held[] = [];
  const readers: Reader[] = [];
  const holds = flags.holdsRequests && role === 'requests';
  let turn = 0;
  let isPaused = false;

  /** Takes back what has not been settled. */
  const takeBack = (handout: Handout): void => {
    const { held, reader } = handout;
    if (!reader.unsettled.delete(handout)) return;
    if (flags.deadLetters && held.deliveries >= maxDeliveries) {
      onDead(held.message, `It was delivered ${held.deliveries} times.`);
    } else {
      waiting.unshift(held);
    }
    dispatch();
  };

  const takeBackLater = (handout: Handout): void => {
    clock.setTimer(redeliverAfterMs, () => takeBack(handout));
  };

  const settle = (handout: Handout): void => {
    if (handout.reader.unsettled.delete(handout)) dispatch();
  };

  /** Sends word to the broker of how a handout ended; resolves when that is confirmed. */
  const send = ({ reader: { link } }: Handout, act: () => void, confirm: boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error('The acknowledgement was not confirmed.'));
      if (link.state === 'killed') return;
      if (link.state !== 'open') return fail();
      if (!flags.confirmsAck) resolve();
      link.carry(
        'up',
        () => {
          act();
          if (confirm) link.carry('down', resolve, fail);
          else fail();
        },
        fail,
      );
    });

  const createDelivery = (handout: Handout): Delivery => {
    const { held } = handout;
    let isSettled = false;
    const once = (settling: () => Promise<void>): Promise<void> => {
      if (isSettled || !holds) return Promise.resolve();
      isSettled = true;
      return settling();
    };
    return {
      bytes: Buffer.from(held.message.bytes),
      ageMs: flags.tellsAge ? clock.now() - held.since : undefined,
      redelivered: held.deliveries > 1,
      ack: () =>
        once(() => {
          if (random.chance(rates.loseAck)) return send(handout, () => takeBackLater(handout), false);
          return send(handout, () => settle(handout), !random.chance(rates.loseAckConfirmation));
        }),
      nack: () => once(() => send(handout, () => takeBack(handout), true)),
      reject: (reason) => {
        if (!holds) {
          if (!isSettled && flags.deadLetters) onDead(held.message, reason);
          isSettled = true;
          return Promise.resolve();
        }
        const bury = (): void => {
          if (handout.reader.unsettled.has(handout) && flags.deadLetters) onDead(held.message, reason);
          settle(handout);
        };
        return once(() => send(handout, bury, true));
      },
    };
  };

  const carry = (handout: Handout, delivery: Delivery): void => {
    const { reader } = handout;
    const arrived = (): void => {
      reader.coming--;
      if (reader.coming === 0) reader.onArrived();
    };
    reader.coming++;
    reader.link.carry(
      'down',
      () => {
        // One that has been given back is another's by now.
        if (!holds || reader.unsettled.has(handout)) reader.deliver(delivery);
        arrived();
      },
      arrived,
    );
  };

  const handOut = (held: Held, reader: Reader): void => {
    held.deliveries++;
    const handout = { held, reader };
    const mayDrop = role === 'requests' || flags.losesRepliesWithConnection;
    if (holds) reader.unsettled.add(handout);
    if (mayDrop && random.chance(rates.drop)) {
      onHandOut(held, reader, 'dropped');
      if (holds) takeBackLater(handout);
      return;
    }
    const delivery = createDelivery(handout);
    const isTwice = random.chance(rates.duplicate);
    onHandOut(held, reader, isTwice ? 'duplicated' : 'delivered');
    carry(handout, delivery);
    if (isTwice) carry(handout, { ...delivery, bytes: Buffer.from(held.message.bytes) });
  };

  const findReader = (): Reader | undefined => {
    for (let count = 0; count < readers.length; count++) {
      turn = (turn + 1) % readers.length;
      const reader = readers[turn];
      if (reader !== undefined && (!holds || reader.unsettled.size < reader.prefetch)) return reader;
    }
    return undefined;
  };

  const dispatch = (): void => {
    while (!isPaused && waiting.length > 0) {
      const reader = findReader();
      const held = reader && waiting.shift();
      if (held === undefined || reader === undefined) return;
      handOut(held, reader);
    }
  };

  return {
    role,
    readers,
    get waiting() {
      return waiting.length;
    },
    push(message) {
      waiting.push({ message: { ...message, bytes: Buffer.from(message.bytes) }, since: clock.now(), deliveries: 0 });
      dispatch();
    },
    add(reader) {
      readers.push(reader);
      dispatch();
    },
    retire(reader) {
      const index = readers.indexOf(reader);
      if (index !== -1) readers.splice(index, 1);
    },
    takeBackFrom(reader) {
      // The last one is taken back first, so that they wait in the order in which they came.
      for (const handout of [...reader.unsettled].reverse()) takeBack(handout);
    },
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      dispatch();
    },
    drop() {
      waiting.length = 0;
    },
  };
}
