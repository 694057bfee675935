import { noteAnswered } from '../answerable.js';
import { type Backoff, createBackoff } from '../backoff.js';
import { loadDriver } from '../driver.js';
import { AgentRpcError } from '../errors.js';
import { readTls, type TlsSetting } from '../tls.js';
import {
  type Connection,
  type ConnectionWatcher,
  type OutgoingMessage,
  type TopicNames,
  type Transport,
  type TransportFlags,
  topicNamesOf,
} from '../transport.js';
import { readAddress } from './amqp/address.js';
import type { Publication } from './amqp/publisher.js';
import { createReader, type Reader } from './amqp/reader.js';
import { openSession, type Session } from './amqp/session.js';

/** Settings of an AMQP transport. */
export interface AmqpConfig {
  readonly kind?: 'amqp';
  /** `amqp://user:password@host:port/vhost`, or `amqps://…` for TLS; `?heartbeat=<seconds>` changes that from 5. */
  readonly url: string;
  /** The agent's own queues, where they are not the default ones. */
  readonly queues?: TopicNames;
  /** Whether requests are kept in a quorum queue, on several nodes, which also counts how often each is handed out. */
  readonly quorum?: boolean;
  /** What secures the connection, where it is not for Node to know whom to trust. Makes an `amqp://` one `amqps://`. */
  readonly tls?: TlsSetting;
  /** How often a quorum queue hands out a request that is never settled before it goes to the dead letters; 5 unless set. */
  readonly maxDeliveries?: number;
}

const DEFAULT_MAX_DELIVERIES = 5;

const FLAGS: TransportFlags = {
  noResponder: true,
  // What RabbitMQ 4 takes unless it is told otherwise.
  maxBytes: 16 * 2 ** 20,
  tellsAge: true,
  holdsRequests: true,
  confirmsAck: true,
  deadLetters: true,
  losesRepliesWithConnection: true,
};

/** What AMQP calls a short string, in bytes: ids that are longer stand in the envelope alone. */
const SHORT_STRING_BYTES = 255;

/** A transport to RabbitMQ, by AMQP 0-9-1. Needs the package amqplib. */
export function amqp(config: AmqpConfig): Transport {
  const topics = topicNamesOf({ ...config, kind: 'amqp' });
  return {
    kind: 'amqp',
    topics,
    flags: { ...FLAGS, countsDeliveries: config.quorum === true },
    connect: (_, watcher) => connect(config, watcher),
  };
}

async function connect(config: AmqpConfig, watcher: ConnectionWatcher): Promise<Connection> {
  const { url, quorum = false, maxDeliveries = DEFAULT_MAX_DELIVERIES } = config;
  const tls = readTls(config.tls);
  const address = readAddress(url, tls !== undefined);
  const driver = await loadDriver({ kind: 'amqp', name: 'amqplib', major: 2 }, () => import('amqplib'));
  const readers = new Set<Reader>();
  let sockets = new AbortController();
  let backoff: Backoff | undefined;
  let session: Session | undefined;
  let whyNot = 'The connection is closed.';
  let isClosed = false;

  const open = (): Promise<Session> => {
    sockets = new AbortController();
    return openSession({ driver, address, tls, sockets, onLost });
  };

  const onLost = (reason: Error): void => {
    // A session that ends while it is being restored is not the one that was told of.
    if (session === undefined || isClosed) return;
    session = undefined;
    whyNot = reason.message;
    watcher.lost(reason);
    void comeBack();
  };

  const comeBack = async (): Promise<void> => {
    const pauses = createBackoff();
    backoff = pauses;
    while (!isClosed) {
      await pauses.pause();
      const restored = isClosed ? undefined : await restore().catch(noteWhy);
      if (restored === undefined || isClosed) continue;
      session = restored;
      watcher.restored();
      return;
    }
  };

  /** A session in which all is read that was read before. */
  const restore = async (): Promise<Session> => {
    const opened = await open();
    try {
      for (const reader of readers) await reader.start(opened);
      if (opened.lost !== undefined) throw opened.lost;
      return opened;
    } catch (error) {
      // The broker may not have noticed yet that the old connection is gone, and keep the reply queue for it.
      await opened.close();
      throw error;
    }
  };

  const noteWhy = (error: unknown): undefined => {
    if (error instanceof Error) whyNot = error.message;
    return undefined;
  };

  const failedPublish = (): AgentRpcError =>
    new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: whyNot, executed: 'no' });

  session = await open();

  return {
    async subscribe(queue, role, deliver, { prefetch = 0 } = {}) {
      if (session === undefined) throw failedPublish();
      const reader = createReader({ queue, role, deliver, prefetch, quorum, maxDeliveries });
      await reader.start(session);
      readers.add(reader);
      return {
        close() {
          readers.delete(reader);
          return reader.close();
        },
      };
    },
    publish(message) {
      if (session === undefined) return Promise.reject(failedPublish());
      noteAnswered(message);
      return session.publisher.publish(toPublication(message));
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      backoff?.end();
      const closing = session;
      session = undefined;
      whyNot = 'The connection is closed.';
      await closing?.close();
      sockets.abort();
    },
  };
}

function toPublication({ topic, kind, bytes, messageId, correlationId, ttlMs }: OutgoingMessage): Publication {
  const isAnswer = kind === 'response';
  // A reply queue does not outlive its reader, and an answer to one who is gone may be dropped.
  const options: Publication['options'] = {
    contentType: 'application/json',
    type: kind,
    persistent: !isAnswer,
    mandatory: !isAnswer,
  };
  if (isShort(messageId)) options.messageId = messageId;
  if (isShort(correlationId)) options.correlationId = correlationId;
  if (ttlMs !== undefined) options.expiration = Math.max(0, Math.ceil(ttlMs));
  return { queue: topic, bytes, mayWait: isAnswer, options };
}

function isShort(id: string): boolean {
  // Most are far from it, and a UTF-16 unit takes three bytes at most.
  return id.length * 3 <= SHORT_STRING_BYTES || Buffer.byteLength(id) <= SHORT_STRING_BYTES;
}
