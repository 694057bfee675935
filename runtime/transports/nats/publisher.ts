import type { MsgHdrs } from '@nats-io/transport-node';
import { AgentRpcError } from '../../errors.js';
import type { NatsLink } from './link.js';

/** Publishes by the core of NATS, and finds out what became of it. */
export interface CorePublisher {
  /**
   * Resolves when a server has the message. Rejects as {@link Connection.publish} says; with EAGENTRPC_NO_RESPONDER only
   * where `isAsked`.
   */
  publish(subject: string, bytes: Uint8Array, isAsked: boolean): Promise<void>;
  /** Whether anybody reads the subject. Whoever does gets a message without bytes. */
  isRead(subject: string): Promise<boolean>;
  /** Ends what is on its way: nobody knows whether it has arrived. */
  lose(): void;
  /** Ends what is on its way to a subject that the servers refuse. */
  refuse(subject: string): void;
}

/** A message on its way. */
interface Sent {
  readonly subject: string;
  /** The subject on which a server says that nobody reads; undefined where it is not asked. */
  readonly token: string | undefined;
  resolve(): void;
  reject(error: AgentRpcError): void;
}

/** What a server says of a message that nobody reads. */
const NO_RESPONDERS = 503;

/**
 * A server tells nothing of what it has taken, and says of what nobody reads only that, where a message names a subject
 * for it. But it answers in turn: when it has answered a ping, it has the messages before, and has said what is to be said
 * of them. There is one ping on its way at most, so that many messages share one.
 */
export async function createCorePublisher(link: () => NatsLink, statusSubject: string): Promise<CorePublisher> {
  const { client } = link();
  const asked = new Map<string, Sent>();
  /** Those before the ping that is on its way, and those after it. */
  let pinged: Set<Sent> = new Set();
  let waiting: Set<Sent> = new Set();
  let isPinging = false;
  let count = 0;

  const settle = (sent: Sent, error?: AgentRpcError): void => {
    if (!pinged.delete(sent) && !waiting.delete(sent)) return;
    if (sent.token !== undefined) asked.delete(sent.token);
    if (error === undefined) sent.resolve();
    else sent.reject(error);
  };

  const settleAll = (why?: (sent: Sent) => AgentRpcError | undefined, of = [...pinged, ...waiting]): void => {
    for (const sent of of) {
      const error = why?.(sent);
      if (why === undefined || error !== undefined) settle(sent, error);
    }
  };

  const onStatus = (error: Error | null, message: { subject: string; headers?: MsgHdrs }): void => {
    if (error !== null || message.headers?.code !== NO_RESPONDERS) return;
    const sent = asked.get(message.subject);
    if (sent === undefined) return;
    settle(sent, failOf('EAGENTRPC_NO_RESPONDER', `Nobody listens on ${sent.subject}.`));
  };

  const ping = (): void => {
    if (waiting.size === 0) {
      isPinging = false;
      return;
    }
    pinged = waiting;
    waiting = new Set();
    client.flush().then(
      // A refusal comes before the answer, and takes some more steps.
      () => process.nextTick(onPong),
      () => {
        isPinging = false;
      },
    );
  };

  const onPong = (): void => {
    settleAll(undefined, [...pinged]);
    ping();
  };

  const send = (sent: Sent, bytes: Uint8Array): void => {
    // Before the message is sent, so that the ping goes with it.
    if (!isPinging) {
      isPinging = true;
      queueMicrotask(ping);
    }
    client.publish(sent.subject, bytes, sent.token === undefined ? {} : { reply: sent.token });
    waiting.add(sent);
    if (sent.token !== undefined) asked.set(sent.token, sent);
  };

  const publish: CorePublisher['publish'] = (subject, bytes, isAsked) =>
    new Promise((resolve, reject) => {
      const cause = link().lost();
      if (cause !== undefined) {
        reject(failOf('EAGENTRPC_PUBLISH_FAILED', 'The connection to the NATS server is lost.', { cause }));
        return;
      }
      const token = isAsked ? `${statusSubject}.${(count++).toString(36)}` : undefined;
      try {
        send({ subject, token, resolve, reject }, bytes);
      } catch (cause) {
        reject(failOf('EAGENTRPC_PUBLISH_FAILED', `The NATS client does not take it for ${subject}.`, { cause }));
      }
    });

  client.subscribe(`${statusSubject}.*`, { callback: onStatus });
  return {
    publish,
    async isRead(subject) {
      try {
        await publish(subject, new Uint8Array(), true);
        return true;
      } catch (error) {
        if (error instanceof AgentRpcError && error.code === 'EAGENTRPC_NO_RESPONDER') return false;
        throw error;
      }
    },
    lose() {
      const text = 'The connection was lost before the NATS server had confirmed it.';
      settleAll(() => failOf('EAGENTRPC_PUBLISH_FAILED', text, { executed: 'maybe' }));
      isPinging = false;
    },
    refuse(subject) {
      settleAll((sent) =>
        sent.subject === subject
          ? failOf('EAGENTRPC_PUBLISH_FAILED', `The NATS server does not let this agent publish to ${subject}.`)
          : undefined,
      );
    },
  };
}

function failOf(
  code: 'EAGENTRPC_NO_RESPONDER' | 'EAGENTRPC_PUBLISH_FAILED',
  message: string,
  more: { readonly executed?: 'maybe'; readonly cause?: unknown } = {},
): AgentRpcError {
  return new AgentRpcError({ code, message, ...more });
}
