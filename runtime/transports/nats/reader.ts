import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { createBackoff } from '../../backoff.js';
import { systemClock } from '../../clock.js';
import { AgentRpcError } from '../../errors.js';
import type { Delivery, Subscription } from '../../transport.js';
import type { NatsLink } from './link.js';
import type { Publisher } from './publisher.js';
import type { Inbox } from './streams.js';

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
const PULL_FOR_MS = 10_000;
/** How long after that a server that says nothing is taken to have forgotten it. */
const PULL_GRACE_MS = 3_000;
/** How long what comes back to the servers waits there, the longer the more often it came back. */
const RETURN_AFTER_MS = 100;
const MEASURE_EVERY_MS = 5 * 60_000;
/** What is said of a demand that waits where the consumer is deleted. */
const CONSUMER_DELETED = /consumer (?:is )?deleted|stream deleted/i;

const REASON_HEADER = 'x-declaragent-reason';

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
  let isClosed = false;
  let hasEnded = false;
  let recovering: Promise<void> | undefined;
  let refusal: Error | undefined;
  const backoff = createBackoff();

  /** One demand at a time, for as many as there is room for. */
  const pull = (): void => {
    const batch = prefetch - unsettled.size;
    if (asked > 0 || batch < 1 || isClosed || link.lost() !== undefined) return;
    asked = batch;
    heardAt = systemClock.now();
    const demand = JSON.stringify({ batch, expires: PULL_FOR_MS * NANOSECONDS });
    client.publish(`$JS.API.CONSUMER.MSG.NEXT.${inbox.stream}.${inbox.consumer}`, demand, { reply: pullSubject });
  };

  const recover = async (): Promise<void> => {
    asked = 0;
    while (!isClosed) {
      try {
        inbox = await link.whileUp(options.declare());
        return pull();
      } catch {
        // What is lost comes back, and calls this again.
        if (link.lost() !== undefined) return;
        await backoff.pause();
      }
    }
  };

  const startRecovery = (): Promise<void> => {
    recovering ??= recover().finally(() => {
      recovering = undefined;
    });
    return recovering;
  };

  const settle = async (token: string, act: () => Promise<void>): Promise<void> => {
    try {
      await act();
    } finally {
      unsettled.delete(token);
      pull();
    }
  };

  const acknowledge = (token: string): Promise<void> => publisher.publish(token, ACK, { confirm: () => undefined });

  const giveBack = (token: string, deliveries: number): Promise<void> => {
    const delay = RETURN_AFTER_MS * 2 ** Math.min(deliveries - 1, 6) * NANOSECONDS;
    return publisher.publish(token, Buffer.from(`-NAK ${JSON.stringify({ delay })}`));
  };

  /** Keeps a message as it came, and only then lets go of it. */
  const bury = async ({ data, headers }: Msg, token: string, reason: string): Promise<void> => {
    const kept = options.createHeaders();
    for (const [name, values] of headers ?? []) for (const value of values) kept.append(name, value);
    kept.set(REASON_HEADER, reason);
    await publisher.publish(inbox.deadLetterSubject, data, { headers: kept, confirm: readStored });
    await acknowledge(token);
  };

  const take = (message: Msg, token: string): void => {
    const { deliveries, storedAt } = parseToken(token);
    unsettled.add(token);
    if (deliveries > maxDeliveries) {
      const reason = `It was handed out ${maxDeliveries} times and never settled.`;
      void settle(token, () => bury(message, token, reason)).catch(() => {});
      return;
    }
    let isSettled = false;
    const once = async (act: () => Promise<void>): Promise<void> => {
      if (isSettled) return;
      isSettled = true;
      await settle(token, act);
    };
    deliver({
      bytes: message.data,
      ageMs: Math.max(0, systemClock.now() + offsetMs - storedAt),
      redelivered: deliveries > 1,
      ack: () => once(() => acknowledge(token)),
      nack: () => once(() => giveBack(token, deliveries)),
      reject: (reason) => once(() => bury(message, token, reason)),
    });
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
      pull();
      return;
    }
    asked = 0;
    const { code = 0, description = '' } = message.headers ?? {};
    // Its time is up, or there was no message.
    if (code === 408 || code === 404) pull();
    else if (!isClosed)
      void (CONSUMER_DELETED.test(description) ? startRecovery() : backoff.pause().then(startRecovery));
  };

  const tick = (): void => {
    cancelTick = systemClock.setTimer(redeliverAfterMs / 3, tick);
    if (link.lost() !== undefined) return;
    for (const token of unsettled) client.publish(token, WORKING);
    const now = systemClock.now();
    if (asked > 0 && now - heardAt > PULL_FOR_MS + PULL_GRACE_MS) void startRecovery();
    if (now - measuredAt < MEASURE_EVERY_MS) return;
    measuredAt = now;
    options.measureOffset(inbox).then(
      (measured) => {
        offsetMs = measured;
      },
      () => {},
    );
  };

  const subscription = client.subscribe(pullSubject, { callback: onMessage });
  await link.whileUp(client.flush());
  if (refusal !== undefined) throw new Error(`The NATS server does not let this agent read ${pullSubject}.`);
  let cancelTick = systemClock.setTimer(redeliverAfterMs / 3, tick);
  pull();

  return {
    restore: startRecovery,
    async close() {
      if (isClosed) return;
      isClosed = true;
      backoff.end();
      if (link.lost() !== undefined) subscription.unsubscribe();
      else await link.whileUp(subscription.drain()).catch(() => subscription.unsubscribe());
    },
    end() {
      isClosed = true;
      backoff.end();
      if (!hasEnded) cancelTick();
      hasEnded = true;
    },
  };
}

/** What the subject says by which a message is settled. Newer servers have three parts more in it. */
function parseToken(token: string): { readonly deliveries: number; readonly storedAt: number } {
  const parts = token.split('.');
  const first = parts.length > 9 ? 6 : 4;
  return {
    deliveries: Number(parts[first]),
    storedAt: Number(parts[first + 3]) / NANOSECONDS,
  };
}

/** What is wrong with what a stream says of a message that was published to it. */
export function readStored(answer: Uint8Array): AgentRpcError | undefined {
  const error = findError(answer);
  if (error === undefined) return undefined;
  if (/^maximum (?:messages|bytes|messages per subject) exceeded/.test(error)) {
    const message = 'The stream holds as many requests as it may.';
    return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message, details: { retryAfterMs: 1_000 } });
  }
  return new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: `The stream does not take it: ${error}.` });
}

function findError(answer: Uint8Array): string | undefined {
  try {
    const { error } = JSON.parse(Buffer.from(answer).toString());
    return error === undefined ? undefined : String(error.description);
  } catch {
    // Someone else who reads the subject has answered, as it may.
    return undefined;
  }
}
