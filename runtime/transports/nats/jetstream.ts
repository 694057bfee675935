import { noteAnswered } from '../../answerable.js';
import { systemClock } from '../../clock.js';
import { loadDriver } from '../../driver.js';
import type { Connection } from '../../transport.js';
import type { NatsConfig } from '../nats.js';
import type { NatsLink } from './link.js';
import { type Publisher, readStored } from './publisher.js';
import { createStreamReader, type StreamReader } from './reader.js';
import { declareInbox, measureOffset } from './streams.js';

/** A connection whose requests are held by streams. */
export interface JetStreamConnection extends Connection {
  /** Reads again what was read before the connection was lost. */
  restore(): Promise<void>;
}

const DEFAULT_PREFETCH = 64;
const DEFAULT_MAX_DELIVERIES = 5;
const DEFAULT_REDELIVER_AFTER_MS = 10_000;

/** Answers go as they do without streams, by `core`. */
export async function createJetStreamConnection(
  config: NatsConfig,
  link: NatsLink,
  publisher: Publisher,
  core: Connection,
  ownSubject: string,
): Promise<JetStreamConnection> {
  const driver = { kind: 'nats', name: '@nats-io/jetstream', major: 3 } as const;
  const { jetstreamManager } = await loadDriver(driver, () => import('@nats-io/jetstream'));
  const { headers } = await import('@nats-io/transport-node');
  const { maxDeliveries = DEFAULT_MAX_DELIVERIES, redeliverAfterMs = DEFAULT_REDELIVER_AFTER_MS } = config;
  const manager = await jetstreamManager(link.client).catch((cause: unknown) => {
    throw new Error('The NATS server has no JetStream for this agent; start it with -js, or set jetstream: false.', {
      cause,
    });
  });
  const readers = new Set<StreamReader>();
  let count = 0;

  return {
    async subscribe(topic, role, deliver, { prefetch = DEFAULT_PREFETCH } = {}) {
      if (role === 'responses') return core.subscribe(topic, role, deliver);
      const reader = await createStreamReader({
        ...{ link, publisher, deliver, prefetch, maxDeliveries, redeliverAfterMs },
        pullSubject: `${ownSubject}.pulled.${count++}`,
        declare: () => declareInbox(manager, topic, redeliverAfterMs),
        measureOffset: ({ deadLetters }) => measureOffset(manager, deadLetters, () => systemClock.now()),
        createHeaders: headers,
      }).catch((cause: unknown) => {
        throw new Error(`The stream for ${topic} cannot be read: ${Object(cause).message}.`, { cause });
      });
      readers.add(reader);
      return reader;
    },
    publish(message) {
      noteAnswered(message);
      const { kind, topic, bytes } = message;
      if (kind === 'response') return core.publish(message);
      return publisher.publish(topic, bytes, { isAsked: true, confirm: readStored });
    },
    async restore() {
      await Promise.all(Array.from(readers, (reader) => reader.restore()));
    },
    async close() {
      for (const reader of readers) reader.end();
      await core.close();
    },
  };
}
