import { amqp } from './amqp.js';
import type { BrokerKind, BrokerProgram } from './broker.js';
import { kafka } from './kafka.js';
import { mqtt } from './mqtt.js';
import { nats } from './nats.js';
import { sqs } from './sqs.js';

/** How to start each broker. */
export const brokerPrograms: { readonly [Kind in BrokerKind]: BrokerProgram } = { kafka, nats, amqp, mqtt, sqs };
