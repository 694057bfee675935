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
  const door = (await import(`../../runtime/transports/${kind}.js`)) as Record<string, (config: unknown) => Transport>;
  const create = door[kind];
  if (create === undefined) throw new Error(`The door of ${kind} exports no ${kind}().`);
  return create({ ...configOf(kind, port), ...settings });
}
