import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Broker, BrokerOptions, BrokerProgram } from './broker.js';
import { findProgram } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** Larger than the largest envelope, so that tests can send one that is too large. */
const MAX_PAYLOAD = 4 * 2 ** 20;

/** A nats-server whose configuration has `settings` besides what the kit needs. */
export async function startNats(settings = '', options: BrokerOptions = {}): Promise<Broker> {
  const { user, certificates, port = await findFreePort() } = options;
  const folder = makeFolder('nats');
  const monitorPort = await findFreePort();
  const file = path.join(folder, 'server.conf');
  writeFileSync(file, `max_payload: ${MAX_PAYLOAD}\nhttp: "127.0.0.1:${monitorPort}"\n${settings}\n`);
  const args = ['-c', file, '-a', '127.0.0.1', '-p', String(port)];
  if (user !== undefined) args.push('--user', user.name, '--pass', user.password);
  if (certificates !== undefined) args.push('--tls', '--tlscert', certificates.cert, '--tlskey', certificates.key);
  const command = findProgram('nats-server') ?? 'nats-server';
  return startServer({ kind: 'nats', folder, port, command, args, isReady: () => isListening(port) });
}

/** Where a server tells how it is. */
export function monitorOf({ folder }: Broker): string {
  const [, address] = /^http: "(.*)"$/m.exec(readFileSync(path.join(folder, 'server.conf'), 'utf8')) ?? [];
  return `http://${address}`;
}

/** nats-server, with JetStream. */
export const nats: BrokerProgram = {
  kind: 'nats',
  missing: () => (findProgram('nats-server') === undefined ? 'the program nats-server' : undefined),
  start: (options) => startNats('jetstream { store_dir: "jetstream" }', options),
};
