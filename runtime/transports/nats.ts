import { agentIdOf } from '../address.js';
import { systemRandom, toHex } from '../clock.js';
import type { TlsSetting } from '../tls.js';
import {
  type Connection,
  type ConnectionOwner,
  type ConnectionWatcher,
  type TopicNames,
  type Transport,
  type TransportFlags,
  topicNamesOf,
} from '../transport.js';
import { type NatsLink, openLink } from './nats/link.js';
import { type CorePublisher, createCorePublisher } from './nats/publisher.js';

/** Settings of a NATS transport. */
export interface NatsConfig {
  readonly kind?: 'nats';
  /** The servers, as `host:port`; those that they know besides are found by themselves. */
  readonly servers: readonly string[];
  /** The agent's own subjects, where they are not the default ones. */
  readonly subjects?: TopicNames;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** The path of a .creds file. */
  readonly credsFile?: string;
  readonly tls?: TlsSetting;
  /** Whether requests are kept in a stream until they are acknowledged; false unless set. */
  readonly jetstream?: boolean;
  /** With `jetstream`: how often a request that is never settled is handed out before it goes to the dead letters; 5 unless set. */
  readonly maxDeliveries?: number;
}

/** What a server takes that is not told otherwise. */
const DEFAULT_MAX_BYTES = 1_048_576;

const CORE_FLAGS: TransportFlags = {
  noResponder: true,
  maxBytes: DEFAULT_MAX_BYTES,
  tellsAge: false,
  holdsRequests: false,
  confirmsAck: false,
  deadLetters: false,
  losesRepliesWithConnection: true,
};

const settled = (): Promise<void> => Promise.resolve();

/** A transport over NATS servers. Needs the package @nats-io/transport-node; with `jetstream`, @nats-io/jetstream too. */
export function nats(config: NatsConfig): Transport {
  const topics = topicNamesOf({ kind: 'nats', ...config });
  let maxBytes = DEFAULT_MAX_BYTES;
  return {
    kind: 'nats',
    topics,
    get flags() {
      return { ...CORE_FLAGS, maxBytes };
    },
    async connect(owner, watcher) {
      const { link, connection } = await connectCore(config, topics, owner, watcher);
      maxBytes = link.client.info?.max_payload ?? maxBytes;
      return connection;
    },
  };
}

async function connectCore(
  config: NatsConfig,
  topics: TopicNames,
  owner: ConnectionOwner,
  watcher: ConnectionWatcher,
): Promise<{ readonly link: NatsLink; readonly connection: Connection }> {
  let publisher: CorePublisher | undefined;
  const link = await openLink(config, owner, watcher, {
    lost: () => publisher?.lose(),
    restored: () => {},
    refused: (subject) => publisher?.refuse(subject),
  });
  const { client } = link;
  // Below the agent's own place for answers, so that who may read that needs no other permission.
  const responses = topics.responses ?? `agents.${agentIdOf(owner.agent)}.responses`;
  const statusSubject = `${responses}.${owner.instance}.status-${toHex(systemRandom.bytes(6))}`;
  const opened = await createCorePublisher(() => link, statusSubject);
  publisher = opened;
  await link.whileUp(client.flush());

  const connection: Connection = {
    async subscribe(topic, role, deliver) {
      if (role === 'responses' && (await opened.isRead(topic))) {
        throw new Error(`Another process reads ${topic}; give each bus of an agent an instance name of its own.`);
      }
      let refusal: Error | undefined;
      const subscription = client.subscribe(topic, {
        ...(role === 'requests' && { queue: topic }),
        callback(error, { data: bytes }) {
          if (error !== null) refusal = error;
          // Another instance asks whether anybody reads.
          else if (bytes.length > 0 || role === 'requests') {
            deliver({ bytes, ageMs: undefined, redelivered: false, ack: settled, nack: settled, reject: settled });
          }
        },
      });
      await link.whileUp(client.flush());
      if (refusal !== undefined) {
        throw new Error(`The NATS server does not let this agent read ${topic}.`, { cause: refusal });
      }
      return {
        async close() {
          if (subscription.isClosed()) return;
          // Nothing comes while the link is lost, and the client forgets what is not to be read again.
          if (link.lost() !== undefined) subscription.unsubscribe();
          else await link.whileUp(subscription.drain()).catch(() => subscription.unsubscribe());
        },
      };
    },
    publish: ({ topic, kind, bytes }) => opened.publish(topic, bytes, kind !== 'response'),
    async close() {
      await link.close();
      opened.lose();
    },
  };
  return { link, connection };
}
