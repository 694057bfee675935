import process from 'node:process';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import { AgentRpcError } from '../../errors.js';
import type { NatsLink } from './link.js';
import { type Publisher, readStored } from './publisher.js';

/** A message that cannot be handled. */
export interface DeadMessage {
  readonly message: Msg;
  /** The subject by which it is settled. */
  readonly token: string;
  /** How often it was handed out. */
  readonly deliveries: number;
  readonly reason: string;
}

export interface DeadLettersOptions {
  readonly link: Pick<NatsLink, 'lost'>;
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly maxDeliveries: number;
  readonly createHeaders: () => MsgHdrs;
}

const ACK = Buffer.from('+ACK');
const TERM = Buffer.from('+TERM');
const REASON_HEADER = 'x-declaragent-reason';
/** What the servers obey: true of the stream that a message was sent to, and not of the one of its dead letters. */
const ORDER = /^nats-/i;
/** How much is kept of a message that is not taken as it came. */
const STUB_BYTES = 1_024;
/** How often more than `maxDeliveries` a message is handed out to be kept, since what refuses it may be set right. */
const MORE_TRIES = 3;

/**
 * Makes what keeps a message as it came at a subject, and only then lets go of it. Of one that is refused as it is, the
 * start is kept; one that is refused time and again is dropped, and the process warned of it. It rejects where the message
 * comes again.
 */
export function createDeadLetters(options: DeadLettersOptions): (dead: DeadMessage, subject: string) => Promise<void> {
  const { link, publisher, maxDeliveries, createHeaders } = options;

  const store = async (subject: string, bytes: Uint8Array, headers: MsgHdrs, reason: string): Promise<void> => {
    headers.set(REASON_HEADER, reason);
    await publisher.publish(subject, bytes, { headers, confirm: readStored });
  };

  /** Whether it is refused for what it is: it is not at the servers, though they are there and have room. */
  const isRefusal = (error: unknown): boolean =>
    link.lost() === undefined &&
    (!(error instanceof AgentRpcError) || (error.code === 'EAGENTRPC_PUBLISH_FAILED' && error.executed === 'no'));

  const keep = async ({ message, reason }: DeadMessage, subject: string): Promise<void> => {
    const { data } = message;
    try {
      const headers = createHeaders();
      for (const [name, values] of message.headers ?? []) {
        if (!ORDER.test(name)) for (const value of values) headers.append(name, value);
      }
      await store(subject, data, headers, reason);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const stub = data.subarray(0, STUB_BYTES);
      const text = `${reason} (No more than ${stub.length} of its ${data.length} bytes could be kept.)`;
      await store(subject, stub, createHeaders(), text);
    }
  };

  const settle = (token: string, how: Uint8Array): Promise<void> =>
    publisher.publish(token, how, { confirm: () => undefined });

  return async (dead, subject) => {
    try {
      await keep(dead, subject);
    } catch (error) {
      if (link.lost() !== undefined || dead.deliveries < maxDeliveries + MORE_TRIES) throw error;
      await settle(dead.token, TERM);
      const why = error instanceof Error ? error.message : String(error);
      const text = `A message is dropped that ${subject} does not take: ${why} It was refused: ${dead.reason}`;
      process.emitWarning(text, { type: 'AgentRpcWarning', code: 'EAGENTRPC_PUBLISH_FAILED' });
      return;
    }
    await settle(dead.token, ACK);
  };
}
