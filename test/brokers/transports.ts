import type { Transport, TransportConfig } from '../../runtime/transport.js';
import type { BrokerKind } from './broker.js';

/** What a contract says of a broker of the kit that listens on a port, with nothing set that need not be. */
const CONFIGS: { readonly [Kind in BrokerKind]: (port: number) => Record<string, unknown> } = {
  kafka: (port) => ({ brokers: [`127.0.0.1:${port}`] }),
  nats: (port) => ({ servers: [`127.0.0.1:${port}`] }),
  amqp: (port) => ({ url: `amqp://127.0.0.1:${port}` }),
  mqtt: (port) => ({ url: `mqtt://127.0.0.1:${port}` }),
  sqs: (port) => ({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  }),
};

const DOORS: { readonly [Kind in BrokerKind]: () => Promise<(config: never) => Transport> } = {
  kafka: async () => (await import('../../runtime/transports/kafka.js')).kafka,
  nats: async () => (await import('../../runtime/transports/nats.js')).nats,
  amqp: async () => (await import('../../runtime/transports/amqp.js')).amqp,
  mqtt: async () => (await import('../../runtime/transports/mqtt.js')).mqtt,
  sqs: async () => (await import('../../runtime/transports/sqs.js')).sqs,
};

/** The entry under `transports:` for a broker of the kit. */
export function configOf(kind: BrokerKind, port: number): TransportConfig & { readonly kind: BrokerKind } {
  return { kind, ...CONFIGS[kind](port) };
}

/** A transport to a broker of the kit; `settings` are those of its kind. */
export async function createTransport(
  kind: BrokerKind,
  port: number,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Transport> {
  const create = (await DOORS[kind]()) as (config: unknown) => Transport;
  return create({ ...configOf(kind, port), ...settings });
}
