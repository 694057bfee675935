import type { ConformanceAbilities } from '../../runtime/testing/index.js';
import type { BrokerKind } from '../brokers/broker.js';
import type { OwnAbilities } from './real-broker.js';

/** A broker in one of its modes, as the conformance suite meets it. */
export interface BrokerMode {
  readonly kind: BrokerKind;
  /** What is set besides where the broker is. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What can be done to it, besides what can be done to every broker by its process and by a proxy. */
  readonly ownAbilities: readonly (keyof OwnAbilities)[];
  /** Why the rest makes no sense for it. */
  readonly without: { readonly [Ability in keyof ConformanceAbilities]?: string };
}

const SQS: BrokerMode = {
  kind: 'sqs',
  settings: {},
  ownAbilities: ['deleteTopic', 'deadLetters'],
  without: {
    pause: 'SQS hands out whatever it has, and knows no readers that it could pause',
    resume: 'as pause',
    leftovers: 'the reply queue of a process that has died is removed by the next of its agent, an hour later',
    refusedTransport: 'ElasticMQ takes any keys',
  },
};

const AMQP: BrokerMode = {
  kind: 'amqp',
  settings: {},
  ownAbilities: ['pause', 'resume', 'deleteTopic', 'deadLetters', 'leftovers', 'refusedTransport'],
  without: {},
};

/** Every mode that runs the conformance suite, by the name that docs/faults.md has. */
export const brokerModes = {
  kafka: {
    kind: 'kafka',
    settings: {},
    ownAbilities: ['deleteTopic', 'deadLetters', 'leftovers', 'refusedTransport'],
    without: {
      pause:
        'Kafka holds back nothing from who reads a topic; a case of its own has a request wait for its first reader',
      resume: 'as pause',
    },
  },
  nats: {
    kind: 'nats',
    settings: {},
    ownAbilities: ['leftovers', 'refusedTransport'],
    without: {
      pause: 'NATS holds nothing for readers that are not there',
      resume: 'as pause',
      deleteTopic: 'a subject of NATS is nothing that can be deleted',
      deadLetters: 'NATS keeps nothing that nobody reads',
    },
  },
  JetStream: {
    kind: 'nats',
    settings: { jetstream: true },
    ownAbilities: ['deleteTopic', 'deadLetters'],
    without: {
      pause: 'nats-server before 2.11 cannot be told to hand out nothing; a case of its own has a reader that is away',
      resume: 'as pause',
      leftovers: 'what an instance leaves is its subscriptions, which are looked at without JetStream',
      refusedTransport: 'streams have no credentials of their own',
    },
  },
  amqp: AMQP,
  'quorum queues': { ...AMQP, settings: { quorum: true } },
  mqtt: {
    kind: 'mqtt',
    settings: {},
    ownAbilities: ['leftovers', 'refusedTransport'],
    without: {
      pause: 'a broker of MQTT holds nothing for readers that are not there',
      resume: 'as pause',
      deleteTopic: 'a topic of MQTT is a name, and nothing that can be deleted',
      deadLetters: 'a broker of MQTT keeps nothing that nobody reads',
    },
  },
  sqs: SQS,
  'FIFO queues': { ...SQS, settings: { fifo: true } },
} as const satisfies Readonly<Record<string, BrokerMode>>;
