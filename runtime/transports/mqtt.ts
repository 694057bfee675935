import { type AgentAddress, agentIdOf } from '../address.js';
import { createBackoff } from '../backoff.js';
import { systemClock, systemRandom, toHex } from '../clock.js';
import { loadDriver } from '../driver.js';
import { AgentRpcError } from '../errors.js';
import { readTls, type TlsSetting } from '../tls.js';
import type {
  Connection,
  ConnectionWatcher,
  Delivery,
  OutgoingMessage,
  Subscription,
  SubscriptionRole,
  TopicNames,
  Transport,
  TransportFlags,
} from '../transport.js';
import { readUrl, toClientOptions } from './mqtt/address.js';
import { ageOf, isProbe } from './mqtt/properties.js';
import { type Arrival, openSession, type Session } from './mqtt/session.js';
import { assertTopic } from './mqtt/topic.js';

/** Settings of an MQTT transport. */
export interface MqttConfig {
  readonly kind?: 'mqtt';
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`, the host, and the port unless it is the usual one. */
  readonly url: string;
  /** The agent's own topics, where they are not the default ones. */
  readonly topics?: TopicNames;
  readonly username?: string;
  readonly password?: string;
  /** What the broker calls the clients by, besides the instance and a random end; the id of the agent unless set. */
  readonly clientId?: string;
  /** Secures `mqtt:` and `ws:` too. */
  readonly tls?: TlsSetting;
}

const FLAGS: TransportFlags = {
  noResponder: true,
  // What the protocol allows a packet, less what may stand in it besides.
  maxBytes: 2 ** 28 - 2 ** 17,
  tellsAge: true,
  holdsRequests: false,
  confirmsAck: false,
  deadLetters: false,
  losesRepliesWithConnection: true,
};

/** A connection that stood for so long was a good one: the next attempt need not wait. */
const STEADY_MS = 10_000;

const settled = (): Promise<void> => Promise.resolve();

/** A transport by a broker that speaks MQTT 5. Needs the package `mqtt`. */
export function mqtt(config: MqttConfig): Transport {
  const { topics = {} } = config;
  const url = readUrl(config.url);
  for (const topic of Object.values(topics)) assertTopic(topic);
  return {
    kind: 'mqtt',
    topics,
    flags: FLAGS,
    async connect({ agent, instance }, watcher) {
      const driver = await loadDriver({ kind: 'mqtt', name: 'mqtt', major: 5 }, () => import('mqtt'));
      // Two that are given the same id would have the broker end each other's connections, again and again. The connections
      // that follow each other keep it: the broker then ends the one before, which may be dead and not seen to be.
      const clientId = `${config.clientId ?? agentIdOf(agent)}-${instance}-${toHex(systemRandom.bytes(4))}`;
      const options = toClientOptions(url, { ...config, clientId, tls: readTls(config.tls) });
      return createConnection(agent, watcher, (arrive, signal) =>
        openSession({ driver, options, place: url.place, clock: systemClock, arrive, signal }),
      );
    },
  };
}

/** A topic that is read, through all sessions. */
interface Reader {
  readonly topic: string;
  /** What the broker is asked for. */
  readonly filter: string;
  readonly deliver: (delivery: Delivery) => void;
}

type Open = (arrive: (arrival: Arrival) => void, signal: AbortSignal) => Promise<Session>;

async function createConnection(agent: AgentAddress, watcher: ConnectionWatcher, open: Open): Promise<Connection> {
  const readers = new Map<string, Reader>();
  const backoff = createBackoff();
  const closing = new AbortController();
  let replyTopic: string | undefined;
  /** What is published by and read from; undefined while the connection is lost. */
  let session: Session | undefined;
  /** It, or the one that may become it. */
  let newest: Session | undefined;
  let restoring: Promise<void> = Promise.resolve();

  const arrive = ({ topic, bytes, properties, isRetained, isDuplicate }: Arrival): void => {
    // What a broker has kept would run once more at each start.
    if (isRetained || isProbe(properties)) return;
    readers.get(topic)?.deliver({
      bytes,
      ageMs: ageOf(properties),
      redelivered: isDuplicate,
      ack: settled,
      nack: settled,
      reject: settled,
    });
  };

  const use = (opened: Session): void => {
    session = opened;
    const since = systemClock.now();
    void opened.over.then((reason) => {
      if (closing.signal.aborted) return;
      session = undefined;
      if (systemClock.now() - since >= STEADY_MS) backoff.reset();
      watcher.lost(reason);
      restoring = restore();
    });
  };

  /** Tries until all is read as before. */
  async function restore(): Promise<void> {
    for (;;) {
      await backoff.pause();
      if (closing.signal.aborted) return;
      try {
        newest = await open(arrive, closing.signal);
        if ((await readAll(newest)) && !closing.signal.aborted) {
          use(newest);
          watcher.restored();
          return;
        }
        await newest.end();
      } catch {
        // The next attempt may succeed; the watcher knows that the connection is lost.
      }
    }
  }

  async function readAll(opened: Session): Promise<boolean> {
    const read = [...readers.values()];
    const results = await Promise.allSettled(read.map(({ filter }) => opened.subscribe(filter)));
    for (const { topic, filter } of read) if (!readers.has(topic)) void opened.unsubscribe(filter);
    return !opened.isOver() && results.every(({ status }) => status === 'fulfilled');
  }

  const take = (): Session => {
    if (session !== undefined && !closing.signal.aborted) return session;
    const message = `The mqtt connection is ${closing.signal.aborted ? 'closed' : 'lost'}.`;
    throw new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message });
  };

  async function read(reader: Reader, role: SubscriptionRole): Promise<void> {
    const { topic, filter } = reader;
    const reading = take();
    readers.set(topic, reader);
    try {
      if (role === 'requests') return await reading.subscribe(filter);
      // Both are sent at once, so that hardly anybody comes between them.
      const asked = reading.isRead(topic);
      await reading.subscribe(filter);
      if (!(await asked)) return;
      // Where it says the same of a place that nobody knows of, the broker cannot tell.
      if (await reading.isRead(`${topic}.${toHex(systemRandom.bytes(8))}`)) return;
      await reading.unsubscribe(filter);
      throw new Error(`Another bus reads ${topic}; give each bus of an agent an instance name of its own.`);
    } catch (error) {
      readers.delete(topic);
      throw error;
    }
  }

  newest = await open(arrive, closing.signal);
  use(newest);

  return {
    async subscribe(topic, role, deliver): Promise<Subscription> {
      assertTopic(topic);
      if (readers.has(topic)) throw new Error(`This connection reads ${topic} already.`);
      const filter = role === 'requests' ? `$share/${agentIdOf(agent)}/${topic}` : topic;
      const reader = { topic, filter, deliver };
      await read(reader, role);
      if (role === 'responses') replyTopic ??= topic;
      let closed: Promise<void> | undefined;
      const close = async (): Promise<void> => {
        // What the broker has sent before it hears of this is delivered.
        await session?.unsubscribe(filter);
        if (readers.get(topic) === reader) readers.delete(topic);
      };
      return {
        close() {
          closed ??= close();
          return closed;
        },
      };
    },

    async publish(message: OutgoingMessage) {
      await take().publish(message, replyTopic);
    },

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      backoff.end();
      await Promise.all([newest?.end(), restoring]);
    },
  };
}
