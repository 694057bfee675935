import type { Admin, KafkaConfig as DriverConfig, Kafka, PartitionMetadata, Producer } from 'kafkajs';
import { loadDriver } from '../../driver.js';
import type { TlsOptions } from '../../tls.js';
import type { Balance } from './balance.js';
import { whileNew } from './failure.js';
import { openReader } from './reader.js';
import type { KafkaSasl } from './sasl.js';
import type { Sockets } from './sockets.js';

// With balance.ts, failure.ts, inflation.ts and reader.ts all that knows kafkajs.

/** How to reach a cluster. */
export interface ClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl: TlsOptions | undefined;
  readonly sasl: KafkaSasl | undefined;
  readonly sockets: Sockets;
  /** How long nobody hears of a reader before its partitions are given to others. */
  readonly sessionTimeoutMs: number;
}

/** A message that is sent. */
export interface OutgoingRecord {
  readonly key?: string;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message that was fetched. */
export interface IncomingRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: Buffer | null;
  /** When the broker, or in a topic made otherwise the sender, says that it was written. */
  readonly timestamp: number;
  /** Why it is no message but a batch of them that is not read; undefined of a message. */
  readonly unread?: string | undefined;
  header(name: string): string | undefined;
}

/** What one fetch brought of one partition. */
export interface Fetched {
  readonly partition: number;
  readonly from: number;
  /** The offset after the last. */
  readonly to: number;
  /** The offset of the next message that will be written to the partition, at the time of the fetch. */
  readonly end: number;
  readonly records: readonly IncomingRecord[];
}

/** What a group has committed for a partition; `offset` is negative where it has not. */
export interface Committed {
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

/** The ends of what a partition holds. */
export interface Span {
  readonly partition: number;
  readonly low: number;
  readonly high: number;
}

/** A topic that is to be made. */
export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/** Whether a reader reads; kept up by the client. */
export interface Pulse {
  /** It waits for its group, and fetches nothing meanwhile. */
  isJoining: boolean;
  /** How often something has been fetched, if only nothing. */
  fetches: number;
}

/** Who reads, and what is told of it. */
export interface ReaderOptions extends Balance {
  readonly group: string;
  readonly topic: string;
  /** The group is to share out its partitions again; the last moment to commit. */
  onRebalance(): void;
  /** The partitions that are this reader's from now on; those of before are not. May `seek`. */
  onJoined(reader: Reader, partitions: readonly number[], member: string): void;
  /** All that was fetched from one offset up to another. Where it throws, it is fetched again. */
  onRecords(fetched: Fetched): Promise<void>;
  readonly pulse: Pulse;
  /** It reads no more, and has to be made again. */
  onCrash(error: unknown): void;
}

/** A member of a group. */
export interface Reader {
  seek(partition: number, offset: number): void;
  pause(): void;
  resume(): void;
  /** Rejects where this reader is not, or no more, who may say so. */
  commit(commits: readonly Committed[]): Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

/** A client of a cluster: what a connection needs of one, and nothing else. */
export interface Client {
  /**
   * Sends messages to one partition, which takes all of them or none; one message to that of its key, where none is named.
   * Resolves to the time of the broker when it wrote them; to undefined where the topic keeps that of the sender.
   */
  send(
    topic: string,
    partition: number | undefined,
    records: readonly OutgoingRecord[],
    acks: -1 | 1,
  ): Promise<number | undefined>;
  /** Where a message with a key goes; undefined as long as none was sent to the topic. */
  partitionOf(topic: string, key: string | undefined): number | undefined;
  /** Resolves when the topic is there; whether it was not before. */
  createTopic(plan: TopicPlan): Promise<boolean>;
  /** Whether the broker writes its own time on the messages of a topic; undefined where it does not say. */
  writesOwnTime(topic: string): Promise<boolean | undefined>;
  spans(topic: string): Promise<Span[]>;
  committed(group: string, topic: string): Promise<Committed[]>;
  /** How many members a group has. */
  members(group: string): Promise<number>;
  deleteGroup(group: string): Promise<void>;
  /** Rejects unless a broker answers, and lets this client in. */
  probe(): Promise<void>;
  /** Resolves when it has joined its group. */
  read(options: ReaderOptions): Promise<Reader>;
  close(): Promise<void>;
}

const CONNECT_WITHIN_MS = 3_000;
const REQUEST_WITHIN_MS = 10_000;

/** Loads kafkajs, connects and authenticates. */
export async function openClient(options: ClientOptions): Promise<Client> {
  const { brokers, clientId, ssl, sasl, sockets, sessionTimeoutMs } = options;
  const { default: driver } = await loadDriver({ kind: 'kafka', name: 'kafkajs', major: 2 }, () => import('kafkajs'));
  const config = (retries: number): DriverConfig => ({
    brokers: [...brokers],
    clientId,
    ...(ssl && { ssl: { ...ssl } }),
    ...(sasl && { sasl: { ...sasl } as NonNullable<DriverConfig['sasl']> }),
    connectionTimeout: CONNECT_WITHIN_MS,
    authenticationTimeout: CONNECT_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 500 },
    socketFactory: ({ host, port, onConnect }) => sockets.open({ host, port, ssl, onConnect }),
    logLevel: driver.logLevel.NOTHING,
    logCreator: () => () => {},
  });
  const kafka: Kafka = new driver.Kafka(config(3));
  const admin = kafka.admin();
  const choose = driver.Partitioners.DefaultPartitioner();
  const partitions = new Map<string, PartitionMetadata[]>();
  const producer: Producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => (args) => {
      partitions.set(args.topic, args.partitionMetadata);
      return choose(args);
    },
    // What has to be tried again is known better by who sends.
    retry: { retries: 0 },
  });

  /** By an admin that was never connected and knows of no topic. */
  const byAnother = async <T>(from: Kafka, act: (other: Admin) => Promise<T>): Promise<T> => {
    const other = from.admin();
    try {
      await other.connect();
      return await act(other);
    } finally {
      await other.disconnect().catch(() => {});
    }
  };

  // Those that stand may not know yet that they do not.
  const probe = (): Promise<void> => byAnother(new driver.Kafka(config(brokers.length - 1)), async () => {});

  const client: Client = {
    async send(topic, partition, records, acks) {
      const messages = records.map(({ key, value, headers }) => ({
        ...{ key: key ?? null, value },
        ...(partition !== undefined && { partition }),
        ...(headers && { headers: { ...headers } }),
      }));
      const written = await producer.send({ topic, acks, messages });
      const [first] = written;
      // The library says nothing where it has found no broker to send to, as with a partition that is not there any more.
      if (first === undefined) throw new Error('No broker has the partition.');
      const time = Number(first.logAppendTime ?? -1);
      return time < 0 ? undefined : time;
    },
    partitionOf(topic, key) {
      const partitionMetadata = partitions.get(topic);
      return partitionMetadata && choose({ topic, partitionMetadata, message: { key: key ?? null, value: null } });
    },
    async createTopic({ topic, partitions, replicationFactor, settings }) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const plan = { topic, numPartitions: partitions, replicationFactor: replicationFactor ?? -1, configEntries };
      // One that has asked for a topic before makes none as long as that is gone.
      return byAnother(kafka, (other) => whileNew(() => other.createTopics({ topics: [plan] })));
    },
    async writesOwnTime(topic) {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: driver.ConfigResourceTypes.TOPIC, name: topic, configNames: ['message.timestamp.type'] }],
      });
      const value = resources[0]?.configEntries[0]?.configValue;
      return value === undefined ? undefined : value === 'LogAppendTime';
    },
    async spans(topic) {
      const offsets = await whileNew(() => admin.fetchTopicOffsets(topic));
      return offsets.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
    },
    async committed(group, topic) {
      const [found] = await whileNew(() => admin.fetchOffsets({ groupId: group, topics: [topic] }));
      return (found?.partitions ?? []).map(({ partition, offset, metadata }) => ({
        ...{ partition, offset: Number(offset), metadata: metadata ?? '' },
      }));
    },
    async members(group) {
      const { groups } = await whileNew(() => admin.describeGroups([group]));
      return groups[0]?.members.length ?? 0;
    },
    async deleteGroup(group) {
      await admin.deleteGroups([group]);
    },
    probe,
    read: (options) => openReader(driver, kafka, { cluster: [...brokers].sort().join(), sessionTimeoutMs }, options),
    async close() {
      await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
    },
  };

  try {
    await admin.connect();
    await producer.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}
