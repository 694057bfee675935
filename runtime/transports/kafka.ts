import { agentIdOf } from '../address.js';
import { createBackoff } from '../backoff.js';
import { systemClock } from '../clock.js';
import { AgentRpcError } from '../errors.js';
import { readTls, type TlsSetting } from '../tls.js';
import type {
  Connection,
  ConnectionOwner,
  ConnectionWatcher,
  Delivery,
  Subscription,
  TopicNames,
  Transport,
  TransportFlags,
} from '../transport.js';
import { refuseAddresses } from './kafka/addresses.js';
import { createBrokerClock } from './kafka/broker-clock.js';
import { createBurial } from './kafka/burial.js';
import { type Client, openClient, type Pulse, type Reader, type TopicPlan } from './kafka/client.js';
import { readFailure } from './kafka/failure.js';
import { createPublisher } from './kafka/publisher.js';
import { INSTANCE_HEADER, type KafkaDelivery, type Requests, readRequests } from './kafka/requests.js';
import { NameTaken, readResponses } from './kafka/responses.js';
import type { KafkaSasl } from './kafka/sasl.js';
import { type ConnectSocket, createSockets, type Sockets } from './kafka/sockets.js';
import { createWatch } from './kafka/watch.js';

export type { KafkaSasl } from './kafka/sasl.js';
export type { ConnectSocket, KafkaAddress } from './kafka/sockets.js';

/** Settings of a Kafka transport. */
export interface KafkaConfig {
  readonly kind?: 'kafka';
  /** Some of the cluster's brokers, as `host:port`; the others are found by them. */
  readonly brokers: readonly string[];
  /** The agent's own topics, where they are not the default ones. */
  readonly topics?: TopicNames;
  /** What the brokers call this client in their logs and quotas; the agent's id unless set. */
  readonly clientId?: string;
  readonly ssl?: TlsSetting;
  readonly sasl?: KafkaSasl;
  /** How many instances can read the inbox at once; counts when the topic is made. 6 unless set. */
  readonly partitions?: number;
  /** How many brokers keep each message; counts when the topic is made. The broker's default unless set. */
  readonly replicationFactor?: number;
  /**
   * Opens the TCP connection to a broker, whose address is the one that it advertises: for brokers that are reached through
   * a tunnel or a proxy. TLS is put on top of it where `ssl` says so.
   */
  readonly connectSocket?: ConnectSocket;
  /** How long nothing is heard of an instance before its requests go to others; 10,000 ms unless set. */
  readonly sessionTimeoutMs?: number;
}

const DEFAULT_PARTITIONS = 6;
/** What topics that are made here hold. An envelope of the default limit fits in, with what stands around it. */
const TOPIC_BYTES = 2 * 2 ** 20;
/** What a topic holds that was made with the broker's defaults, which is a little more. */
const MAX_BYTES = 2 ** 20;
/** No call waits longer than ten minutes. */
const ANSWERS_KEPT_MS = 900_000;
const CLOSE_WITHIN_MS = 3_000;
/** Brokers allow for 6,000 to 1,800,000 unless told otherwise. */
const SESSION_TIMEOUT_MS = 10_000;
/** How much longer the name of an instance is taken that has died. */
const NAME_FREED_MS = 1_500;

const FLAGS: TransportFlags = {
  noResponder: false,
  maxBytes: MAX_BYTES,
  tellsAge: true,
  holdsRequests: true,
  confirmsAck: true,
  deadLetters: true,
  losesRepliesWithConnection: false,
  sharesReplies: true,
};

/** A transport over Apache Kafka, by the package kafkajs. */
export function kafka(config: KafkaConfig): Transport {
  return {
    kind: 'kafka',
    topics: config.topics ?? {},
    flags: FLAGS,
    connect: (owner, watcher) => connect(config, owner, watcher),
  };
}

/** What reads a topic, and is made again whenever it has failed. */
interface Kept<R> {
  current(): R | undefined;
  /** Makes its topic if that is gone, and then the reader again, which would not notice. */
  redeclare(): Promise<void>;
  /** Makes it no more. */
  end(): void;
}

async function connect(config: KafkaConfig, owner: ConnectionOwner, watcher: ConnectionWatcher): Promise<Connection> {
  const { brokers, clientId = agentIdOf(owner.agent), sasl, sessionTimeoutMs = SESSION_TIMEOUT_MS } = config;
  refuseAddresses(brokers);
  const ssl = readTls(config.ssl);
  let client: Client | undefined;
  const sockets = createSockets(config.connectSocket, () => watch.suspect());
  const watch = createWatch({
    watcher: {
      lost(reason) {
        opened?.publisher.refuseWaiting(reason);
        watcher.lost(reason);
      },
      restored: () => watcher.restored(),
    },
    // Until there is a client nobody has been told that there is a connection.
    prepare: async () => opened?.redeclare(),
    probe: () => orRefuse(brokers, async () => client?.probe()),
    breakAll: sockets.destroyAll,
  });
  let opened: ReturnType<typeof createConnection> | undefined;
  try {
    client = await orRefuse(brokers, () => openClient({ brokers, clientId, ssl, sasl, sockets, sessionTimeoutMs }));
  } catch (error) {
    watch.close();
    sockets.close();
    throw error;
  }
  opened = createConnection(config, owner, client, watch, sockets);
  return opened.connection;
}

function createConnection(
  config: KafkaConfig,
  { instance }: ConnectionOwner,
  client: Client,
  watch: ReturnType<typeof createWatch>,
  sockets: Sockets,
) {
  const { sessionTimeoutMs = SESSION_TIMEOUT_MS } = config;
  const brokerClock = createBrokerClock();
  const closings: (() => Promise<void>)[] = [];
  const kept = new Set<Kept<unknown>>();
  /** Topics that do not say when the broker has written. */
  const timeless = new Set<string>();
  let isClosed = false;

  const planOf = (topic: string, role: 'requests' | 'responses' | 'dead letters'): TopicPlan => {
    const settings: Record<string, string> = {
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': String(TOPIC_BYTES),
    };
    if (role === 'responses') {
      Object.assign(settings, { 'retention.ms': String(ANSWERS_KEPT_MS), 'segment.ms': String(ANSWERS_KEPT_MS / 3) });
    }
    const partitions = role === 'requests' ? (config.partitions ?? DEFAULT_PARTITIONS) : 1;
    return { topic, partitions, replicationFactor: config.replicationFactor, settings };
  };

  /** Whether it was not there. Who may not make topics may still use one that is; if it is not, reading it says so. */
  const declare = async (plan: TopicPlan): Promise<boolean> => {
    try {
      return await client.createTopic(plan);
    } catch (error) {
      const { type } = readFailure(error);
      if (type !== 'TOPIC_AUTHORIZATION_FAILED' && type !== 'CLUSTER_AUTHORIZATION_FAILED') throw error;
      return false;
    }
  };

  let ownReplies: string | undefined;
  const publisher = createPublisher({
    client,
    lost: () => (isClosed ? new Error('The connection is closed.') : watch.lost),
    broken: () => sockets.broken,
    async onMissing(topic) {
      await declare(planOf(topic, topic.endsWith('.dlq') ? 'dead letters' : 'requests'));
    },
    onTime: brokerClock.learn,
  });

  /** Makes a reader of a topic that is declared, now and again after each crash. */
  const keep = async <R>(
    plan: TopicPlan,
    open: (pulse: Pulse, onCrash: () => void) => Promise<R>,
    abandon: (reader: R) => void,
  ): Promise<Kept<R>> => {
    const pulse: Pulse = { isJoining: true, fetches: 0 };
    const backoff = createBackoff();
    let current: R | undefined;
    let hasEnded = false;
    const make = async (): Promise<void> => {
      let hasCrashed = false;
      const made = await open(pulse, () => {
        hasCrashed = true;
        if (current !== undefined) remake();
      });
      if (hasCrashed) {
        abandon(made);
        throw new Error(`Reading ${plan.topic} has failed.`);
      }
      current = made;
      if (hasEnded) abandon(made);
    };
    const remake = (): void => {
      if (current !== undefined) abandon(current);
      current = undefined;
      pulse.isJoining = true;
      void (async () => {
        for (;;) {
          await backoff.pause();
          if (hasEnded) return;
          try {
            await declare(plan);
            await make();
            return backoff.reset();
          } catch {
            // The broker may not be there, which the watch tells of.
          }
        }
      })();
    };
    await orRefuse(config.brokers, make);
    watch.add(pulse);
    const one: Kept<R> = {
      current: () => current,
      async redeclare() {
        if ((await declare(plan)) && current !== undefined) remake();
      },
      end() {
        hasEnded = true;
        kept.delete(one);
        backoff.end();
        watch.remove(pulse);
      },
    };
    kept.add(one);
    return one;
  };

  const bury = createBurial({
    publish: (topic, record) => publisher.publish(topic, record, -1),
    lost: () => watch.lost,
  });

  /** Before the first request comes, which may have waited long, by a message that says nothing. */
  const askTheTime = async (): Promise<void> => {
    if (ownReplies !== undefined) await publisher.publish(ownReplies, { value: null }, 1).catch(() => {});
  };

  const subscribeToRequests = async (
    topic: string,
    deliver: (delivery: Delivery) => void,
    prefetch: number,
  ): Promise<Subscription> => {
    const open = (pulse: Pulse, onCrash: () => void): Promise<Requests> =>
      readRequests({
        ...{ client, topic, group: topic, prefetch, deliver, pulse, onCrash },
        bury: (record, reason) => bury(topic, record, reason),
        ageOf: (timestamp) => (timeless.has(topic) ? undefined : brokerClock.ageOf(timestamp)),
      });
    const plan = planOf(topic, 'requests');
    await orRefuse(config.brokers, () => declare(plan));
    if ((await client.writesOwnTime(topic).catch(() => undefined)) !== true) timeless.add(topic);
    await askTheTime();
    const reading = await keep(plan, open, (requests) => requests.abandon());
    closings.push(async () => reading.current()?.leave());
    return {
      async close() {
        reading.end();
        reading.current()?.stop();
      },
    };
  };

  /** Waits for a member of the group that has died to be forgotten. */
  const claimName = async (topic: string, group: string): Promise<void> => {
    const end = systemClock.now() + sessionTimeoutMs + NAME_FREED_MS;
    while ((await client.members(group)) > 0) {
      if (systemClock.now() > end) {
        throw new NameTaken(instance, topic);
      }
      await new Promise<void>((resolve) => systemClock.setTimer(250, resolve));
    }
  };

  const subscribeToResponses = async (topic: string, deliver: (delivery: Delivery) => void): Promise<Subscription> => {
    const group = `${topic}.${instance}`;
    const plan = planOf(topic, 'responses');
    const spans = await orRefuse(config.brokers, async () => {
      await declare(plan);
      await claimName(topic, group);
      return client.spans(topic);
    });
    const positions = new Map(spans.map(({ partition, high }) => [partition, high]));
    const open = (pulse: Pulse, onCrash: () => void): Promise<Reader> =>
      readResponses({ client, topic, group, instance, positions, deliver, pulse, onCrash });
    const reading = await keep(plan, open, (reader) => void reader.close().catch(() => {}));
    ownReplies = topic;
    const close = async (): Promise<void> => {
      reading.end();
      await reading.current()?.close();
      await client.deleteGroup(group);
    };
    closings.push(close);
    return { close };
  };

  const connection: Connection = {
    subscribe(topic, role, deliver, { prefetch = Number.POSITIVE_INFINITY } = {}) {
      return role === 'requests' ? subscribeToRequests(topic, deliver, prefetch) : subscribeToResponses(topic, deliver);
    },
    async publish({ topic, kind, bytes, correlationId, inReplyTo }) {
      const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const isResponse = kind === 'response';
      const name = isResponse ? (inReplyTo as KafkaDelivery | undefined)?.instance : instance;
      const headers = name === undefined ? {} : { headers: { [INSTANCE_HEADER]: name } };
      await publisher.publish(topic, { key: correlationId, value, ...headers }, isResponse ? 1 : -1);
    },
    async close() {
      if (isClosed) return;
      for (const one of kept) one.end();
      let cancel = (): void => {};
      const limit = new Promise<void>((resolve) => {
        cancel = systemClock.setTimer(CLOSE_WITHIN_MS, resolve);
      });
      await Promise.race([Promise.allSettled(closings.map((close) => close())), limit]);
      isClosed = true;
      watch.close();
      await Promise.race([client.close(), limit]);
      cancel();
      sockets.close();
    },
  };
  /** A cluster that has lost its data, or is another one, has none of the topics. */
  const redeclare = async (): Promise<void> => {
    await Promise.all(Array.from(kept, (one) => one.redeclare()));
  };
  return { connection, publisher, redeclare };
}

/** Says in a sentence why it has failed. */
async function orRefuse<T>(brokers: readonly string[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof AgentRpcError || error instanceof NameTaken) throw error;
    const { message } = readFailure(error);
    const reason = message.replace(/[.\s]*$/, '');
    throw new Error(`Kafka at ${brokers.join(', ')} cannot be used: ${reason}.`, { cause: error });
  }
}
