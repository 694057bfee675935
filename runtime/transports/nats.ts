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
import { createCoreConnection } from './nats/core.js';
import { createJetStreamConnection, type JetStreamConnection } from './nats/jetstream.js';
import { type NatsLink, openLink } from './nats/link.js';
import { createPublisher, type Publisher } from './nats/publisher.js';

/** Settings of a NATS transport. */
export interface NatsConfig {
  readonly kind?: 'nats';
  /** The servers, as `host:port`. Others of their cluster are found by themselves. */
  readonly servers: readonly string[];
  /** The agent's own subjects, where they are not the default ones. */
  readonly subjects?: TopicNames;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** The path of a .creds file. */
  readonly credsFile?: string;
  readonly tls?: TlsSetting;
  /** Whether requests are held by a stream until they are acknowledged; false unless set. */
  readonly jetstream?: boolean;
  /** With `jetstream`: how often a request that is never settled is handed out before it goes to the dead letters; 5 unless set. */
  readonly maxDeliveries?: number;
  /**
   * With `jetstream`: how long a receiver may give no sign of life before what it holds is handed out again, in
   * milliseconds; 10,000 unless set.
   */
  readonly redeliverAfterMs?: number;
}

/** What a server takes that is not told otherwise. */
const DEFAULT_MAX_BYTES = 1_048_576;
/** What is left for the headers of a dead letter. */
const HEADER_BYTES = 2_048;

const CORE_FLAGS: TransportFlags = {
  noResponder: true,
  maxBytes: DEFAULT_MAX_BYTES,
  tellsAge: false,
  holdsRequests: false,
  confirmsAck: false,
  deadLetters: false,
  losesRepliesWithConnection: true,
};

const JETSTREAM_FLAGS: TransportFlags = {
  ...CORE_FLAGS,
  // Until the agent is served for the first time; then its stream is there, and holds what nobody reads.
  noResponder: true,
  maxBytes: DEFAULT_MAX_BYTES - HEADER_BYTES,
  tellsAge: true,
  holdsRequests: true,
  confirmsAck: true,
  deadLetters: true,
};

/** A transport over NATS servers. Needs the package @nats-io/transport-node; with `jetstream`, @nats-io/jetstream too. */
export function nats(config: NatsConfig): Transport {
  const topics = topicNamesOf({ kind: 'nats', ...config });
  let flags = config.jetstream === true ? JETSTREAM_FLAGS : CORE_FLAGS;
  return {
    kind: 'nats',
    topics,
    get flags() {
      return flags;
    },
    async connect(owner, watcher) {
      const { link, connection } = await open(config, topics, owner, watcher);
      // Only a server says how much it takes.
      const maxBytes = link.client.info?.max_payload ?? DEFAULT_MAX_BYTES;
      flags = { ...flags, maxBytes: config.jetstream === true ? maxBytes - HEADER_BYTES : maxBytes };
      return connection;
    },
  };
}

async function open(
  config: NatsConfig,
  topics: TopicNames,
  owner: ConnectionOwner,
  watcher: ConnectionWatcher,
): Promise<{ readonly link: NatsLink; readonly connection: Connection }> {
  // Below the agent's own place for answers, so that who may read there needs no permission but that.
  const responses = topics.responses ?? `agents.${agentIdOf(owner.agent)}.responses`;
  const ownSubject = `${responses}.${owner.instance}.own-${toHex(systemRandom.bytes(6))}`;
  let publisher: Publisher | undefined;
  let held: JetStreamConnection | undefined;
  const link = await openLink(config, owner, `${ownSubject}.inbox`, watcher, {
    lost: () => publisher?.lose(),
    restored: () => held?.restore(),
    refused: (subject) => publisher?.refuse(subject),
  });
  publisher = createPublisher(link, `${ownSubject}.status`);
  const core = createCoreConnection(link, publisher);
  if (config.jetstream !== true) return { link, connection: core };
  try {
    held = await createJetStreamConnection(config, link, publisher, core, ownSubject);
    return { link, connection: held };
  } catch (error) {
    await core.close();
    throw error;
  }
}
