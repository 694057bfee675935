import { type AgentAddress, agentIdOf, type TransportKind } from './address.js';
import type { EnvelopeKind } from './envelope.js';

/** The names, on one transport, of the places where an agent's messages go. */
export interface Topics {
  /** The inbox: each message goes to one of the instances that read it. */
  readonly requests: string;
  /** Where answers come back to; each instance has a place of its own below it. */
  readonly responses: string;
  /** For what the agent tells everybody. Reserved: this version publishes nothing here. */
  readonly events: string;
}

/** The names that a configuration sets; the others keep their defaults. */
export type TopicNames = Partial<Topics>;

/** One entry under `transports:` of the two YAML files. What else it holds is up to the kind. */
export interface TransportConfig {
  readonly kind: TransportKind;
  /** Topics that are not the default ones: of the agent whose file it is, and in rpc-peers.yaml of the peer. */
  readonly topics?: TopicNames;
  /** What NATS calls topics. */
  readonly subjects?: TopicNames;
  /** What AMQP and SQS call topics. */
  readonly queues?: TopicNames;
  readonly [setting: string]: unknown;
}

/** What a broker does that not every broker does. What follows where it does not is in docs/transports.md. */
export interface TransportFlags {
  /** Publishing a request that nobody listens for fails with EAGENTRPC_NO_RESPONDER, instead of ending by timeout. */
  readonly noResponder: boolean;
  /** The most bytes that one message may have. */
  readonly maxBytes: number;
  /** A delivery says how long the broker held it; that of a response need not. */
  readonly tellsAge: boolean;
  /** Holds a request until a receiver has acknowledged it: one whose receiver dies is delivered to another. */
  readonly holdsRequests: boolean;
  /** `ack` resolves only when the broker has confirmed that it will not deliver the message again. */
  readonly confirmsAck: boolean;
  /** What is rejected is kept on a dead letter topic, with the reason. */
  readonly deadLetters: boolean;
  /**
   * Counts how often a request was handed out and never settled, and takes one that was too often for a dead letter. True
   * unless set, where requests are held and dead letters are kept.
   */
  readonly countsDeliveries?: boolean;
  /** The place where answers come is gone when the connection is lost, and so are the answers on their way to it. */
  readonly losesRepliesWithConnection: boolean;
  /** All instances of an agent read their answers at one place, and each takes no notice of what is for another. */
  readonly sharesReplies?: boolean;
}

/** One broker and how to reach it. Buses that are given the same transport have a connection each. */
export interface Transport {
  readonly kind: TransportKind;
  /** Names of the agent whose bus this transport is given to, where they are not the default ones. */
  readonly topics: TopicNames;
  /** What the broker does that not every broker does. */
  readonly flags: TransportFlags;
  /**
   * Rejects with the reason when the broker cannot be reached or refuses the credentials. A connection that is lost
   * later comes back by itself, with its subscriptions; `watcher` is told of both.
   */
  connect(owner: ConnectionOwner, watcher: ConnectionWatcher): Promise<Connection>;
}

/** Who wants to know how a connection is. Neither function throws. */
export interface ConnectionWatcher {
  /** The connection is gone; until `restored`, publishing rejects at once with EAGENTRPC_PUBLISH_FAILED, executed no. */
  lost(reason: Error): void;
  /** It is back, and every subscription reads again. */
  restored(): void;
}

/** For whom a connection is made. */
export interface ConnectionOwner {
  readonly agent: AgentAddress;
  /** Tells this bus from the other instances of its agent. */
  readonly instance: string;
}

/** What a subscription is for: `requests` are shared among all who subscribe, `responses` have one reader. */
export type SubscriptionRole = 'requests' | 'responses';

/** A bus on a broker. */
export interface Connection {
  /**
   * Resolves when no message published from now on is missed. `deliver` is never called from inside `publish`, and
   * never throws. Rejects for a place of `responses` that is read already, where the broker can tell: another process has
   * taken the name of this instance.
   */
  subscribe(
    topic: string,
    role: SubscriptionRole,
    deliver: (delivery: Delivery) => void,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /**
   * Resolves when the broker has the message. Rejects with an AgentRpcError: EAGENTRPC_NO_RESPONDER, EAGENTRPC_BUSY, or
   * EAGENTRPC_PUBLISH_FAILED that says whether the message may have got through. Nobody changes its bytes from here on.
   */
  publish(message: OutgoingMessage): Promise<void>;
  /** Leaves nothing open. */
  close(): Promise<void>;
}

/** How a topic is read. */
export interface SubscribeOptions {
  /**
   * How many deliveries may be unsettled at once. A broker that holds messages hands out no more than that; one that
   * does not hold any ignores it.
   */
  readonly prefetch?: number;
}

/** A topic that is being read. */
export interface Subscription {
  /** Takes no more messages; resolves when those taken are delivered. A service that stops waits for it within its grace. */
  close(): Promise<void>;
}

/** Bytes to be published, with what brokers want to know of them. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly kind: EnvelopeKind;
  readonly bytes: Uint8Array;
  readonly messageId: string;
  readonly correlationId: string;
  /** How long it is worth delivering, in milliseconds. */
  readonly ttlMs?: number;
  /** The very delivery that it answers. */
  readonly inReplyTo?: Delivery;
}

/**
 * Bytes that have arrived. Whoever takes a request settles it by one of `ack`, `nack` and `reject`; what comes after the
 * first does nothing. Responses need no settling, and of a broker that holds no requests only `reject` is called, where
 * it has dead letters.
 */
export interface Delivery {
  /**
   * To be read alone: they may be the very ones that were published. They stay as they are: they are read until the message
   * is answered, which may be after it was settled.
   */
  readonly bytes: Uint8Array;
  /** How long the broker held them, in milliseconds; undefined where it cannot tell. */
  readonly ageMs: number | undefined;
  /** Whether the broker may have handed them out before. */
  readonly redelivered: boolean;
  /** It is done with. Rejects where the broker has not confirmed: the message may come again. */
  ack(): Promise<void>;
  /** It goes back to the broker, for another instance or for later; where the broker holds nothing, it is gone. */
  nack(): Promise<void>;
  /** It cannot be handled: kept as it came, with the reason, on the dead letter topic where there is one. */
  reject(reason: string): Promise<void>;
}

/** The topics of an agent, of one of its tenants if it has them. */
export function topicsOf(agent: AgentAddress, tenantId: string | undefined, names: TopicNames = {}): Topics {
  const id = agentIdOf(agent);
  const prefix = tenantId === undefined ? `agents.${id}` : `agents.${id}.${tenantId}`;
  return {
    requests: names.requests ?? `${prefix}.requests`,
    responses: names.responses ?? `${prefix}.responses`,
    events: names.events ?? `${prefix}.events`,
  };
}

/** The names that a transport's configuration sets, under whichever word its broker uses. */
export function topicNamesOf(config: TransportConfig): TopicNames {
  return config.topics ?? config.subjects ?? config.queues ?? {};
}
