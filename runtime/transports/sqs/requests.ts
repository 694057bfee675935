import type { AnswerableDelivery } from '../../answerable.js';
import type { Clock } from '../../clock.js';
import type { Delivery } from '../../transport.js';
import { type Api, MOST_TOGETHER, type Parcel, type Received } from './api.js';
import { encodeBody } from './body.js';
import { createHeld } from './held.js';
import type { Lanes } from './lanes.js';
import type { Link } from './link.js';
import { queueNameOf } from './names.js';
import type { Queues } from './queues.js';
import { createReader, type Reader } from './reader.js';

/** How requests are read. */
export interface RequestReaderOptions {
  readonly api: Api;
  readonly link: Link;
  readonly queues: Queues;
  readonly clock: Clock;
  readonly topic: string;
  readonly fifo: boolean;
  readonly prefetch: number;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
  readonly deliver: (delivery: Delivery) => void;
  /** What a message needs besides in a FIFO queue. */
  readonly idsFor: (id: string) => Partial<Parcel>;
  readonly sent: Lanes<Parcel>;
  /** Deletes messages at once, by their receipts. */
  readonly settled: Lanes<string>;
  /** Deletes those that nothing waits for, together with what comes after them. */
  readonly settledLater: Lanes<string>;
  /** Has messages seen again at once. */
  readonly returned: Lanes<string>;
}

/** A requests queue that is read, and what of it is not settled yet. */
export interface RequestReader extends Reader {
  /** Nothing is held any more: SQS hands it out again when its time is up. */
  end(): void;
}

/** Resolves when the queue is there and read. */
export async function createRequestReader(options: RequestReaderOptions): Promise<RequestReader> {
  const { api, link, queues, clock, topic, fifo, prefetch, visibilitySeconds, waitSeconds } = options;
  const { deliver, idsFor, sent, settled, settledLater, returned } = options;
  const name = queueNameOf(topic, fifo);
  const held = createHeld(clock, visibilitySeconds * 1_000, (receipts) => extend(receipts));

  const extend = async (receipts: readonly string[]): Promise<readonly boolean[]> => {
    const url = await queues.find(name);
    const batches: (readonly string[])[] = [];
    for (let start = 0; start < receipts.length; start += MOST_TOGETHER) {
      batches.push(receipts.slice(start, start + MOST_TOGETHER));
    }
    const ends = await Promise.all(batches.map((batch) => api.hide(url, batch, visibilitySeconds)));
    return ends.flat().map((error) => error === undefined);
  };

  /** The receipts of what is not done with. Of what is answered and only waits to be deleted, a few take no place. */
  const unsettled = new Set<string>();

  const take = ({ bytes, ageMs, redelivered, receipt }: Received, url: string): void => {
    held.add(receipt);
    unsettled.add(receipt);
    let settling: Promise<void> | undefined;
    const leave = (): void => {
      unsettled.delete(receipt);
      reader.wake();
    };
    const settle = async (act: () => Promise<void>): Promise<void> => {
      try {
        await act();
      } finally {
        held.delete(receipt);
        leave();
      }
    };
    const once = (act: () => Promise<void>): Promise<void> => (settling ??= settle(act));
    const delivery: AnswerableDelivery = {
      isAnswered: false,
      ...{ bytes, ageMs, redelivered },
      ack: () =>
        once(async () => {
          assertHeld(receipt);
          if (!mayWait(delivery)) await settled.add(url, receipt);
          else {
            leave();
            await settledLater.add(url, receipt);
          }
          assertHeld(receipt);
        }),
      nack: () => once(() => returned.add(url, receipt)),
      reject: (reason) =>
        once(async () => {
          const letter = { ...encodeBody(bytes), reason, ...(fifo && idsFor(receipt)) };
          await queues.bury(topic, (deadLetters) => sent.add(deadLetters, letter));
          await settled.add(url, receipt);
        }),
    };
    deliver(delivery);
  };

  /** In a FIFO queue, another copy of the message is held back until this one is deleted. */
  const mayWait = ({ isAnswered }: AnswerableDelivery): boolean => isAnswered && !fifo;

  /** SQS confirms the deletion of what it has handed out again meanwhile, and does not delete it. */
  const assertHeld = (receipt: string): void => {
    if (!held.isHeld(receipt)) throw new Error('The message may have been handed out again.');
  };

  await queues.declareRequests(topic);
  const reader = createReader({
    ...{ api, link, visibilitySeconds, waitSeconds, withHistory: true },
    declare: () => queues.declareRequests(topic),
    forget: () => queues.forget(name),
    room: () => prefetch - Math.max(unsettled.size, held.size() - MOST_TOGETHER),
    take,
  });
  return { ...reader, end: held.close };
}
