import { type Clock, systemClock } from '../clock.js';
import { AgentRpcError } from '../errors.js';
import type { OutgoingMessage, SubscriptionRole, TopicNames, Transport, TransportFlags } from '../transport.js';
import { type FaultRates, NO_FAULTS } from './fault-rates.js';
import { type Client, createClient } from './faulty-client.js';
import { createLink } from './faulty-link.js';
import { createTopic, type Topic } from './faulty-topic.js';
import { createSeededRandom } from './seeded-random.js';

/** How a {@link FaultyBroker} behaves. */
export interface FaultyBrokerOptions {
  /** Where its time comes from; the machine's unless set. */
  readonly clock?: Clock;
  /** Repeats its faults; 1 unless set. */
  readonly seed?: number;
  /** How often which fault strikes by itself; none unless set. */
  readonly rates?: Partial<FaultRates>;
  /** The least and the most milliseconds that a message takes from a bus to the broker, or back; [0, 0] unless set. */
  readonly latencyMs?: readonly [least: number, most: number];
  /** What kind of broker it is; unless set, one that holds nothing, tells the age and tells when nobody listens. */
  readonly flags?: Partial<TransportFlags>;
  /** How often a held message is handed out before it goes to the dead letters, where there are any; 5 unless set. */
  readonly maxDeliveries?: number;
  /** After how many milliseconds a held message that got lost, or whose acknowledgement did, is handed out again; 1,000. */
  readonly redeliverAfterMs?: number;
  /** How many messages may wait on one topic; 10,000 unless set. */
  readonly capacity?: number;
  /** Gets everything that happens, in order. */
  readonly onEvent?: (event: BrokerEvent) => void;
}

/** Something that happened on a {@link FaultyBroker}. */
export interface BrokerEvent {
  readonly what: 'published' | 'delivered' | 'dropped' | 'duplicated' | 'buried' | 'lost' | 'restored' | 'killed';
  /** The instance whose connection it was, of a publisher or of a reader. */
  readonly instance: string;
  readonly topic?: string;
  readonly messageId?: string;
}

/** A message that could not be handled. */
export interface DeadLetter {
  readonly topic: string;
  readonly bytes: Uint8Array;
  readonly reason: string;
}

/** What a {@link FaultyBroker} has at one moment. */
export interface BrokerCounts {
  readonly connections: number;
  readonly subscriptions: number;
  /** Messages that wait for a reader. */
  readonly waiting: number;
  /** Messages that a reader has and has not settled. */
  readonly unsettled: number;
  readonly inFlight: number;
}

/** A broker within this process that fails as it is told to: by chance, or at a moment that a test chooses. */
export interface FaultyBroker {
  readonly flags: TransportFlags;
  /** How often faults strike; may be changed at any time. */
  readonly rates: FaultRates;
  /** The messages that could not be handled, where the broker keeps them. */
  readonly deadLetters: readonly DeadLetter[];
  /** A transport to this broker. */
  transport(topics?: TopicNames): Transport;
  /** No more faults by chance, and every stalled connection heals. */
  calm(): void;
  /** Cuts the connection of an instance, which both sides notice at once. */
  disconnect(instance: string): void;
  /** Brings a connection back that was cut, with its subscriptions. */
  reconnect(instance: string): void;
  /** Has nothing pass between an instance and the broker, and tells nobody. */
  partition(instance: string): void;
  /** Ends that. What was sent meanwhile arrives. */
  heal(instance: string): void;
  /** Has the broker see an instance die, which itself sees nothing more: nothing that it sends arrives. */
  kill(instance: string): void;
  /** Stops the whole broker. What it does not hold is lost. */
  stop(): void;
  /** Starts it again; all that were connected come back. */
  restart(): void;
  /** Hands out nothing of a topic, as if its readers did not read. */
  pause(topic: string): void;
  resume(topic: string): void;
  isConnected(instance: string): boolean;
  counts(): BrokerCounts;
}

const FLAGS: TransportFlags = {
  noResponder: true,
  maxBytes: Number.POSITIVE_INFINITY,
  tellsAge: true,
  holdsRequests: false,
  confirmsAck: true,
  deadLetters: false,
  losesRepliesWithConnection: true,
};

/** Makes a broker that nobody else is on. */
export function createFaultyBroker(options: FaultyBrokerOptions = {}): FaultyBroker {
  const { clock = systemClock, seed = 1, latencyMs = [0, 0], capacity = 10_000, onEvent = () => {} } = options;
  const { maxDeliveries = 5, redeliverAfterMs = 1_000 } = options;
  const random = createSeededRandom(seed);
  const flags: TransportFlags = { ...FLAGS, ...options.flags };
  const rates: FaultRates = { ...NO_FAULTS, ...options.rates };
  const topics = new Map<string, Topic>();
  const clients = new Set<Client>();
  const paused = new Set<string>();
  const deadLetters: DeadLetter[] = [];
  let isDown = false;

  const topicAt = (name: string, role: SubscriptionRole): Topic => {
    const known = topics.get(name);
    if (known !== undefined) return known;
    const topic = createTopic({
      ...{ role, clock, random, rates, flags, maxDeliveries, redeliverAfterMs },
      onHandOut: ({ message: { messageId } }, { link }, what) =>
        onEvent({ what, instance: link.owner.instance, topic: name, messageId }),
      onDead: ({ bytes, messageId }, reason) => {
        deadLetters.push({ topic: name, bytes, reason });
        onEvent({ what: 'buried', instance: '', topic: name, messageId });
      },
    });
    if (paused.has(name)) topic.pause();
    topics.set(name, topic);
    return topic;
  };

  const forget = (name: string, isForGood: boolean): void => {
    const topic = topics.get(name);
    if (topic === undefined || topic.readers.length > 0) return;
    const isKept = topic.role === 'requests' ? flags.holdsRequests : !flags.losesRepliesWithConnection && !isForGood;
    if (!isKept) topics.delete(name);
  };

  const accept = (message: OutgoingMessage): AgentRpcError | undefined => {
    const { topic: name, kind } = message;
    const isHeldForLater = kind !== 'response' && flags.holdsRequests && !flags.noResponder;
    const topic = topics.get(name) ?? (isHeldForLater ? topicAt(name, 'requests') : undefined);
    if (topic === undefined) {
      if (kind === 'response' || !flags.noResponder) return undefined;
      return new AgentRpcError({ code: 'EAGENTRPC_NO_RESPONDER', message: `Nobody listens on ${name}.` });
    }
    if (topic.waiting >= capacity) {
      const text = `${capacity} messages already wait on ${name}.`;
      return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message: text, details: { retryAfterMs: 1 } });
    }
    topic.push(message);
    return undefined;
  };

  const connect: Transport['connect'] = async (owner, watcher) => {
    if (isDown) throw new Error('The broker is stopped.');
    const link = createLink({ owner, clock, random, rates, latencyMs });
    const client = createClient(link, watcher, {
      ...{ random, rates, accept, topicAt, forget },
      onPublish: ({ topic, messageId }) => onEvent({ what: 'published', instance: owner.instance, topic, messageId }),
      onClose: () => clients.delete(client),
    });
    clients.add(client);
    return client.connection;
  };

  const clientOf = (instance: string): Client => {
    for (const client of clients) if (client.link.owner.instance === instance) return client;
    throw new Error(`No instance ${instance} is connected to the broker.`);
  };

  const lose = (client: Client): void => {
    onEvent({ what: 'lost', instance: client.link.owner.instance });
    client.lose(new Error('The connection to the broker was lost.'));
  };

  const restore = (client: Client): void => {
    onEvent({ what: 'restored', instance: client.link.owner.instance });
    client.restore();
  };

  const sum = (count: (client: Client) => number): number =>
    [...clients].reduce((total, client) => total + count(client), 0);

  return {
    flags,
    rates,
    deadLetters,
    transport: (names = {}) => ({ kind: 'memory', topics: names, flags, connect }),
    calm() {
      Object.assign(rates, NO_FAULTS);
      for (const { link } of clients) link.heal();
    },
    disconnect: (instance) => lose(clientOf(instance)),
    reconnect(instance) {
      if (!isDown) restore(clientOf(instance));
    },
    partition: (instance) => clientOf(instance).link.stall(),
    heal: (instance) => clientOf(instance).link.heal(),
    kill(instance) {
      const client = clientOf(instance);
      onEvent({ what: 'killed', instance });
      client.kill();
      clients.delete(client);
    },
    stop() {
      isDown = true;
      for (const client of clients) lose(client);
      if (!flags.holdsRequests) for (const topic of topics.values()) topic.drop();
    },
    restart() {
      isDown = false;
      for (const client of clients) restore(client);
    },
    pause(name) {
      paused.add(name);
      topics.get(name)?.pause();
    },
    resume(name) {
      paused.delete(name);
      topics.get(name)?.resume();
    },
    isConnected: (instance) => [...clients].some(({ link }) => link.owner.instance === instance),
    counts: () => ({
      connections: clients.size,
      subscriptions: sum(({ subscriptions }) => subscriptions),
      waiting: [...topics.values()].reduce((total, { waiting }) => total + waiting, 0),
      unsettled: sum(({ unsettled }) => unsettled),
      inFlight: sum(({ link }) => link.inFlight),
    }),
  };
}
