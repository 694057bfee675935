import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { AnswerableDelivery } from '../../answerable.js';
import { createBackoff } from '../../backoff.js';
import { systemClock } from '../../clock.js';
import type { Delivery, Subscription } from '../../transport.js';
import { createDeadLetters } from './dead-letters.js';
import type { NatsLink } from './link.js';
import type { Publisher } from './publisher.js';
import type { Inbox } from './streams.js';
import { createTaken, type StoredMessage } from './taken.js';

/** Reads the stream of a requests subject. */
export interface StreamReader extends Subscription {
  /** Asks for messages, where the connection was lost before. */
  restore(): Promise<void>;
  /** Leaves no timer. */
  end(): void;
}

export interface StreamReaderOptions {
  readonly link: NatsLink;
  readonly publisher: Publisher;
  /** Where messages are sent to: a subject that is this reader's own. */
  readonly pullSubject: string;
  /** Declares what is read, if it is not there. */
  readonly declare: () => Promise<Inbox>;
  /** How much later it is at the servers than here, in milliseconds. */
  readonly measureOffset: (inbox: Inbox) => Promise<number>;
  readonly deliver: (delivery: Delivery) => void;
  /** How many deliveries may be unsettled at once. */
  readonly prefetch: number;
  readonly maxDeliveries: number;
  readonly redeliverAfterMs: number;
  readonly createHeaders: () => MsgHdrs;
}

const ACK = Buffer.from('+ACK');
const WORKING = Buffer.from('+WPI');
const NANOSECONDS = 1_000_000;

/** How long the servers keep a demand for messages; when its time is up they say so. */
const PULL_FOR_MS = 30_000;
/** How long after that a server that says nothing is taken to have forgotten it. */
const PULL_GRACE_MS = 3_000;
/** How long nothing comes before it is seen whether there is something that was asked. */
const VERIFY_AFTER_MS = 1_000;
/** How long what comes back to the servers waits there, the longer the more often it came back. */
const RETURN_AFTER_MS = 100;
/** How far the clocks may have gone apart since they were compared. */
const MARGIN_MS = 1_000;
const MEASURE_EVERY_MS = 5 * 60_000;
/**
 * How long after a stream is gone it is declared again. A server tells of it while it still deletes it, and 2.9 ends with
 * a stream that nothing can be done with where it is declared meanwhile.
 */
const DECLARE_AFTER_MS = 1_000;

export async function createStreamReader(options: StreamReaderOptions): Promise<StreamReader> {
  const { link, publisher, pullSubject, deliver, prefetch, maxDeliveries, redeliverAfterMs } = options;
  const { client } = link;
  let inbox = await options.declare();
  let offsetMs = await options.measureOffset(inbox);
  let measuredAt = systemClock.now();
  /** The subjects by which messages that are not settled are settled. */
  const unsettled = new Set<string>();
  /** How many messages the servers are asked for and have not sent. */
  let asked = 0;
  let heardAt = systemClock.now();
  /** Whether the consumer was there when it had been asked: if not, nobody says so. */
  let isVerified = false;
  let isClosed = false;
  let hasEnded = false;
  let recovering: Promise<void> | undefined;
  let cancelRecovery: (() => void) | undefined;
  let refusal: Error | undefined;
  const backoff = createBackoff();
  const bury = createDeadLetters(options);
  const taken = createTaken(publisher);
  /** By the servers' clock: what was stored before may have been handed out by a server that has forgotten it since. */
  let readsSince = systemClock.now() + offsetMs + MARGIN_MS;
  /** Those that are asked about. */
  const questioned = new Set<Promise<void>>();

  /** Whether there is room for as many more that it is worth to ask for them. */
  const hasRoom = (): boolean => {
    const room = prefetch - unsettled.size - asked;
    return asked === 0 ? room > 0 : room >= prefetch / 2;
  };

  const pull = (): void => {
    if (!hasRoom() || isClosed || link.lost() !== undefined) return;
    const batch = prefetch - unsettled.size - asked;
    asked += batch;
    heardAt = systemClock.now();
    isVerified = false;
    const demand = JSON.stringify({ batch, expires: PULL_FOR_MS * NANOSECONDS });
    client.publish(`$JS.API.CONSUMER.MSG.NEXT.${inbox.stream}.${inbox.consumer}`, demand, { reply: pullSubject });
  };

  let isPullPlanned = false;
  /** When all that has come is taken in, so that what is settled meanwhile is asked for at once. */
  const planPull = (): void => {
    if (isPullPlanned || !hasRoom()) return;
    isPullPlanned = true;
    process.nextTick(() => {
      isPullPlanned = false;
      pull();
    });
  };

  /**
   * Asks for messages, unless what is there is `asking`, which has been asked. Ends when it is what was there a moment
   * before: a stream is not deleted in one step.
   */
  const recover = async (asking: string | undefined): Promise<void> => {
    while (!isClosed) {
      try {
        const found = await link.whileUp(options.declare());
        const isKnown = found.createdAt === inbox.createdAt;
        inbox = found;
        if (asking !== found.createdAt) {
          asking = found.createdAt;
          asked = 0;
          pull();
        }
        if (isKnown) return backoff.reset();
      } catch {
        // What is lost comes back, and calls this again.
        if (link.lost() !== undefined) return;
      }
      await backoff.pause();
    }
  };

  const startRecovery = (asking?: string): Promise<void> => {
    if (asking === undefined) readsSince = systemClock.now() + offsetMs + MARGIN_MS;
    recovering ??= recover(asking).finally(() => {
      recovering = undefined;
    });
    return recovering;
  };

  const planRecovery = (): void => {
    cancelRecovery ??= systemClock.setTimer(DECLARE_AFTER_MS, () => {
      cancelRecovery = undefined;
      void startRecovery();
    });
  };

  const settle = (token: string, act: () => Promise<void>): Promise<void> => {
    unsettled.delete(token);
    planPull();
    return act();
  };

  const note = async (place: Place): Promise<void> => {
    try {
      await taken.note(inbox, place);
    } catch (error) {
      // The stream of notes may be gone.
      void startRecovery(inbox.createdAt);
      throw error;
    }
  };

  const acknowledge = async (token: string, place: Place, isAnswered: boolean): Promise<void> => {
    const isAcknowledged = publisher.publish(token, ACK, { confirm: () => undefined });
    // What is answered has run, and is idempotent; or it was refused, and is refused again or runs late.
    await Promise.all(isAnswered ? [isAcknowledged] : [isAcknowledged, note(place)]);
  };

  /** Where this gets lost, the message comes back all the same, only later. */
  const giveBack = async (token: string, deliveries: number): Promise<void> => {
    const delay = RETURN_AFTER_MS * 2 ** Math.min(deliveries - 1, 6) * NANOSECONDS;
    client.publish(token, `-NAK ${JSON.stringify({ delay })}`);
  };

  const take = (message: Msg, token: string): void => {
    const place = parseToken(token);
    unsettled.add(token);
    if (place.deliveries > maxDeliveries) {
      const reason = `It was handed out ${maxDeliveries} times and never settled.`;
      const dead = { message, token, deliveries: place.deliveries, reason };
      void settle(token, () => bury(dead, inbox.deadLetterSubject)).catch(() => {});
    } else if (place.deliveries > 1 || place.storedAt >= readsSince) {
      handOut(message, token, place, place.deliveries > 1);
    } else {
      // Where that cannot be found out, it may have been.
      const question = taken
        .has(inbox, place)
        .catch(() => true)
        .then((isTaken) => {
          questioned.delete(question);
          handOut(message, token, place, isTaken);
        });
      questioned.add(question);
    }
  };

  const handOut = (message: Msg, token: string, place: Place, redelivered: boolean): void => {
    const { deliveries, storedAt } = place;
    let isSettled = false;
    const once = async (act: () => Promise<void>): Promise<void> => {
      if (isSettled) return;
      isSettled = true;
      await settle(token, act);
    };
    const delivery: AnswerableDelivery = {
      isAnswered: false,
      bytes: message.data,
      ageMs: Math.max(0, systemClock.now() + offsetMs - storedAt),
      redelivered,
      ack: () => once(() => acknowledge(token, place, delivery.isAnswered)),
      nack: () => once(() => giveBack(token, deliveries)),
      reject: (reason) => once(() => bury({ message, token, deliveries, reason }, inbox.deadLetterSubject)),
    };
    deliver(delivery);
  };

  const onMessage = (error: Error | null, message: Msg): void => {
    if (error !== null) {
      refusal = error;
      return;
    }
    heardAt = systemClock.now();
    const token = message.reply;
    if (token?.startsWith('$JS.ACK.')) {
      asked = Math.max(0, asked - 1);
      take(message, token);
      planPull();
      return;
    }
    const { code = 0 } = message.headers ?? {};
    // Of several demands one may have ended, which says how much of it is left.
    const left = message.headers?.get('Nats-Pending-Messages') || asked;
    asked = Math.max(0, asked - Number(left));
    // Its time is up, or there was no message.
    if (code === 408 || code === 404) pull();
    else if (!isClosed) planRecovery();
  };

  const tick = (): void => {
    cancelTick = systemClock.setTimer(redeliverAfterMs / 3, tick);
    if (link.lost() !== undefined) return;
    for (const token of unsettled) client.publish(token, WORKING);
    const now = systemClock.now();
    const silentMs = asked > 0 ? now - heardAt : 0;
    if (silentMs > PULL_FOR_MS + PULL_GRACE_MS) {
      void startRecovery();
    } else if (silentMs > VERIFY_AFTER_MS && !isVerified) {
      isVerified = true;
      void startRecovery(inbox.createdAt);
    }
    if (now - measuredAt < MEASURE_EVERY_MS) return;
    measuredAt = now;
    options.measureOffset(inbox).then(
      (measured) => {
        offsetMs = measured;
      },
      () => {},
    );
  };

  const stop = (): void => {
    isClosed = true;
    backoff.end();
    cancelRecovery?.();
  };

  const subscription = client.subscribe(pullSubject, { callback: onMessage });
  await link.whileUp(client.flush());
  if (refusal !== undefined) throw new Error(`The NATS server does not let this agent read ${pullSubject}.`);
  let cancelTick = systemClock.setTimer(redeliverAfterMs / 3, tick);
  pull();

  return {
    restore: () => startRecovery(),
    async close() {
      if (isClosed) return;
      stop();
      if (link.lost() !== undefined) subscription.unsubscribe();
      else await link.whileUp(subscription.drain()).catch(() => subscription.unsubscribe());
      await Promise.all(questioned);
    },
    end() {
      stop();
      if (!hasEnded) cancelTick();
      hasEnded = true;
    },
  };
}

/** A message in a stream, and how often it was handed out. */
interface Place extends StoredMessage {
  readonly deliveries: number;
  /** Milliseconds since the epoch, by the servers' clock. */
  readonly storedAt: number;
}

/** What the subject says by which a message is settled. Newer servers have three parts more in it. */
function parseToken(token: string): Place {
  const parts = token.split('.');
  const first = parts.length > 9 ? 6 : 4;
  const [deliveries, sequence = '', , stamp = ''] = parts.slice(first);
  return { deliveries: Number(deliveries), sequence, stamp, storedAt: Number(stamp) / NANOSECONDS };
}
