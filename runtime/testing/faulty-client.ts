import { AgentRpcError, type Executed } from '../errors.js';
import type { Connection, ConnectionWatcher, OutgoingMessage, SubscriptionRole } from '../transport.js';
import type { FaultRates } from './fault-rates.js';
import type { Link } from './faulty-link.js';
import type { Reader, Topic } from './faulty-topic.js';
import type { SeededRandom } from './seeded-random.js';

/** What a client of the broker needs of it. */
export interface BrokerSide {
  readonly random: SeededRandom;
  readonly rates: FaultRates;
  /** Takes a message; returns why it does not. */
  accept(message: OutgoingMessage): AgentRpcError | undefined;
  /** The topic of that name, made if it is not there. */
  topicAt(name: string, role: SubscriptionRole): Topic;
  /** Forgets the topic if nobody reads it and nobody will come back to it. */
  forget(name: string, isForGood: boolean): void;
  onPublish(message: OutgoingMessage): void;
  onClose(): void;
}

/** One connection, as the broker sees it. */
export interface Client {
  readonly link: Link;
  readonly connection: Connection;
  readonly subscriptions: number;
  readonly unsettled: number;
  /** Both sides notice that the connection is gone. */
  lose(reason: Error): void;
  /** It is back. */
  restore(): void;
  /** The broker notices that the other side is gone, which notices nothing any more. */
  kill(): void;
}

interface Subscribed {
  readonly topic: string;
  readonly role: SubscriptionRole;
  readonly reader: Reader;
  /** The topic while it is read. */
  at: Topic;
  isClosed: boolean;
}

export function createClient(link: Link, watcher: ConnectionWatcher, broker: BrokerSide): Client {
  const { random, rates } = broker;
  const subscribed = new Set<Subscribed>();
  /** Publishes that are not confirmed: each is told when the connection is cut. */
  const unconfirmed = new Set<(error: AgentRpcError) => void>();

  const publish = (message: OutgoingMessage): Promise<void> => {
    if (link.state === 'killed') return new Promise(() => {});
    if (link.state !== 'open') return Promise.reject(publishFailed('The broker cannot be reached.', 'no'));
    if (random.chance(rates.refuse)) return Promise.reject(publishFailed('The broker refuses the message.', 'no'));
    const fate = random.chance(rates.cut) ? 'cut' : random.chance(rates.hang) ? 'hang' : 'confirmed';
    const arrives = fate === 'confirmed' || random.chance(0.5);
    broker.onPublish(message);
    // The sender may write to its bytes again.
    const sent = { ...message, bytes: Buffer.from(message.bytes) };
    return new Promise((resolve, reject) => {
      const fail = (error: AgentRpcError): void => {
        unconfirmed.delete(fail);
        reject(error);
      };
      unconfirmed.add(fail);
      link.carry('up', () => {
        const objection = arrives ? broker.accept(sent) : undefined;
        if (fate === 'hang') return;
        link.carry('down', () => {
          if (objection !== undefined) return fail(objection);
          if (fate === 'cut') return fail(publishFailed('The way to the broker was cut.', 'maybe'));
          unconfirmed.delete(fail);
          resolve();
        });
      });
    });
  };

  const subscribe: Connection['subscribe'] = async (topic, role, deliver, options = {}) => {
    if (link.state !== 'open') throw publishFailed('The broker cannot be reached.', 'no');
    const { prefetch = Number.POSITIVE_INFINITY } = options;
    const at = broker.topicAt(topic, role);
    if (role === 'responses' && at.readers.length > 0) {
      throw new Error(`Another bus reads ${topic}; give each bus of an agent an instance name of its own.`);
    }
    const reader: Reader = { link, deliver, prefetch, unsettled: new Set(), coming: 0, onArrived: () => {} };
    const entry: Subscribed = { topic, role, reader, at, isClosed: false };
    subscribed.add(entry);
    at.add(reader);
    return { close: () => unsubscribe(entry) };
  };

  /** What has been handed out is still delivered, and may still be settled. */
  const unsubscribe = async (entry: Subscribed): Promise<void> => {
    const { reader, at, topic } = entry;
    if (entry.isClosed || link.state === 'killed') return;
    entry.isClosed = true;
    at.retire(reader);
    if (reader.coming > 0 && !link.isStalled) {
      await new Promise<void>((resolve) => {
        reader.onArrived = resolve;
      });
    }
    broker.forget(topic, true);
    if (reader.unsettled.size === 0) subscribed.delete(entry);
  };

  /** The broker's side of a connection that is no more. */
  const detach = (isForGood: boolean): void => {
    link.cut();
    for (const { at, reader, topic } of subscribed) {
      at.retire(reader);
      at.takeBackFrom(reader);
      broker.forget(topic, isForGood);
    }
  };

  return {
    link,
    get subscriptions() {
      return [...subscribed].filter(({ isClosed }) => !isClosed).length;
    },
    get unsettled() {
      return [...subscribed].reduce((sum, { reader }) => sum + reader.unsettled.size, 0);
    },
    connection: {
      publish,
      subscribe,
      async close() {
        if (link.state === 'killed' || link.state === 'closed') return;
        link.state = 'closed';
        detach(true);
        subscribed.clear();
        failAll('The connection was closed.');
        broker.onClose();
      },
    },
    lose(reason) {
      if (link.state !== 'open') return;
      link.state = 'lost';
      detach(false);
      failAll('The connection was lost.');
      watcher.lost(reason);
    },
    restore() {
      if (link.state !== 'lost') return;
      link.state = 'open';
      for (const entry of subscribed) {
        if (entry.isClosed) continue;
        entry.at = broker.topicAt(entry.topic, entry.role);
        entry.at.add(entry.reader);
      }
      watcher.restored();
    },
    kill() {
      if (link.state === 'killed' || link.state === 'closed') return;
      link.state = 'killed';
      detach(true);
      subscribed.clear();
      unconfirmed.clear();
    },
  };

  function failAll(message: string): void {
    for (const fail of [...unconfirmed]) fail(publishFailed(message, 'maybe'));
  }
}

function publishFailed(message: string, executed: Executed): AgentRpcError {
  return new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message, executed });
}
