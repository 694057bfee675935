import { AgentRpcError } from '../errors.js';
import type {
  Connection,
  Delivery,
  OutgoingMessage,
  Subscription,
  SubscriptionRole,
  TopicNames,
  Transport,
  TransportFlags,
} from '../transport.js';

/** Settings of a memory transport. */
export interface MemoryConfig {
  readonly kind?: 'memory';
  /** The agent's own topics, where they are not the default ones. */
  readonly topics?: TopicNames;
  /** The broker to meet others on; unless set, the one that the whole process shares. */
  readonly broker?: MemoryBroker;
}

/** Settings of a memory broker. */
export interface MemoryBrokerOptions {
  /** How many messages may wait for one subscriber; 10,000 unless set. */
  readonly capacity?: number;
}

/** Carries bytes between the buses of one process. */
export interface MemoryBroker {
  /** Reads a topic; those who read one topic share its messages. */
  subscribe(topic: string, role: SubscriptionRole, deliver: (delivery: Delivery) => void): Subscription;
  /**
   * Hands a copy of the bytes to one subscriber of the topic, in a microtask of its own; where `copy` is false the bytes
   * themselves, which nobody changes any more.
   *
   * @throws AgentRpcError EAGENTRPC_NO_RESPONDER for a request or event when nobody subscribes, EAGENTRPC_BUSY when too
   * many messages wait. An answer that nobody waits for is dropped.
   */
  publish(message: OutgoingMessage, copy?: boolean): void;
}

const DEFAULT_CAPACITY = 10_000;

const FLAGS: TransportFlags = {
  noResponder: true,
  maxBytes: Number.POSITIVE_INFINITY,
  tellsAge: true,
  holdsRequests: false,
  confirmsAck: true,
  deadLetters: false,
  losesRepliesWithConnection: false,
};

/** A step of it costs less than `queueMicrotask`, which makes a resource for async hooks each time. */
const done = Promise.resolve();
const settled = (): Promise<void> => done;

let sharedBroker: MemoryBroker | undefined;

/** A transport within this process. All that are made without a broker meet. */
export function memory(config: MemoryConfig = {}): Transport {
  sharedBroker ??= createMemoryBroker();
  const { broker = sharedBroker, topics = {} } = config;
  return {
    kind: 'memory',
    topics,
    flags: FLAGS,
    connect: async () => createConnection(broker),
  };
}

function createConnection(broker: MemoryBroker): Connection {
  const subscriptions: Subscription[] = [];
  let closed = false;
  const assertOpen = (): void => {
    if (!closed) return;
    throw new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: 'The memory connection is closed.' });
  };
  return {
    async subscribe(topic, role, deliver) {
      assertOpen();
      const subscription = broker.subscribe(topic, role, deliver);
      subscriptions.push(subscription);
      return subscription;
    },
    publish(message) {
      // An async function would make a promise each time.
      try {
        assertOpen();
        broker.publish(message, false);
        return done;
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async close() {
      closed = true;
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
    },
  };
}

interface Subscriber {
  push(bytes: Uint8Array): void;
  waiting(): number;
}

/** Makes a broker of its own, so that the buses of one test meet no others. */
export function createMemoryBroker(options: MemoryBrokerOptions = {}): MemoryBroker {
  const { capacity = DEFAULT_CAPACITY } = options;
  const topics = new Map<string, { readonly subscribers: Subscriber[]; turn: number }>();

  return {
    subscribe(topic, role, deliver) {
      const subscribed = topics.get(topic);
      if (role === 'responses' && subscribed !== undefined) {
        throw new Error(`Another bus reads ${topic}; give each bus of an agent an instance name of its own.`);
      }
      const queue = createQueue(deliver);
      const state = subscribed ?? { subscribers: [], turn: 0 };
      state.subscribers.push(queue);
      topics.set(topic, state);
      return {
        close() {
          const index = state.subscribers.indexOf(queue);
          if (index !== -1) state.subscribers.splice(index, 1);
          if (state.subscribers.length === 0 && topics.get(topic) === state) topics.delete(topic);
          return queue.drained();
        },
      };
    },

    publish({ topic, kind, bytes }, copy = true) {
      const state = topics.get(topic);
      if (state === undefined) {
        if (kind === 'response') return;
        throw new AgentRpcError({ code: 'EAGENTRPC_NO_RESPONDER', message: `Nobody listens on ${topic}.` });
      }
      state.turn = (state.turn + 1) % state.subscribers.length;
      const subscriber = state.subscribers[state.turn];
      if (subscriber === undefined || subscriber.waiting() >= capacity) {
        throw new AgentRpcError({
          code: 'EAGENTRPC_BUSY',
          message: `${capacity} messages already wait on ${topic}.`,
          // The queue is emptied as soon as the code that fills it lets go of the thread.
          details: { retryAfterMs: 1 },
        });
      }
      subscriber.push(copy ? Buffer.from(bytes) : bytes);
    },
  };
}

/** Delivers in order, a microtask a message, so that a publisher never finds itself inside a subscriber. */
function createQueue(deliver: (delivery: Delivery) => void): Subscriber & { drained(): Promise<void> } {
  let waiting: Uint8Array[] = [];
  let batch: Uint8Array[] = [];
  let next = 0;
  let scheduled = false;
  let onDrained: (() => void)[] = [];
  const isEmpty = (): boolean => next === batch.length && waiting.length === 0;

  const step = (): void => {
    if (next === batch.length) {
      batch = waiting;
      waiting = [];
      next = 0;
    }
    const bytes = batch[next++];
    // Before delivering, so that the others still come when a subscriber throws.
    scheduled = !isEmpty();
    if (scheduled) void done.then(step);
    if (bytes !== undefined)
      deliver({ bytes, ageMs: 0, redelivered: false, ack: settled, nack: settled, reject: settled });
    if (!isEmpty()) return;
    for (const done of onDrained) done();
    onDrained = [];
  };

  return {
    waiting: () => batch.length - next + waiting.length,
    push(bytes) {
      waiting.push(bytes);
      if (scheduled) return;
      scheduled = true;
      void done.then(step);
    },
    drained: () => (isEmpty() ? Promise.resolve() : new Promise((resolve) => onDrained.push(resolve))),
  };
}
