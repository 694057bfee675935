import type { Broker, BrokerKind } from './broker.js';
import { brokerPrograms } from './programs.js';
import { isFree } from './server-process.js';
import { configOf } from './transports.js';

/** Where each broker listens unless it is told otherwise. The README, docs/brokers/ and compose.yaml name the same. */
export const USUAL_PORTS: { readonly [Kind in BrokerKind]: number } = {
  kafka: 9092,
  nats: 4222,
  amqp: 5672,
  mqtt: 1883,
  sqs: 9324,
};

/** The variables by which the starters' blocks name a broker; that of SQS names the region alone. */
const VARIABLES: { readonly [Kind in BrokerKind]: ((port: number) => string) | undefined } = {
  kafka: (port) => `KAFKA_BROKERS=127.0.0.1:${port}`,
  nats: (port) => `NATS_SERVERS=127.0.0.1:${port}`,
  amqp: (port) => `AMQP_URL=amqp://127.0.0.1:${port}`,
  mqtt: (port) => `MQTT_URL=mqtt://127.0.0.1:${port}`,
  sqs: undefined,
};

/** Starts a broker for somebody who has read where it listens: there, or on any free port where that one is taken. */
export async function startAtUsualPort(kind: BrokerKind, usual = USUAL_PORTS[kind]): Promise<Broker> {
  const port = (await isFree(usual)) ? { port: usual } : {};
  return brokerPrograms[kind].start(port);
}

/** What to copy: the block of the contract, and the line of `.env` for one that names a variable. */
export function describeBroker({ kind, port }: Pick<Broker, 'kind' | 'port'>, usual = USUAL_PORTS[kind]): string[] {
  const { kind: _, ...settings } = configOf(kind, port);
  const pairs = Object.entries(settings).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`);
  const variable = VARIABLES[kind]?.(port);
  return [
    ...(port === usual ? [] : [`# Port ${usual} is taken, so it is ${port}.`]),
    `- kind: ${kind}`,
    ...pairs,
    ...(variable === undefined
      ? ['# There is no line for .env: the block says where it is.']
      : ['# In .env, for a block that names a variable:', variable]),
  ];
}
