import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerProgram } from './broker.js';
import { findProgram } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** Larger than the largest envelope, so that tests can send one that is too large. */
const MAX_PAYLOAD = 4 * 2 ** 20;

/** nats-server, with JetStream. */
export const nats: BrokerProgram = {
  kind: 'nats',
  missing: () => (findProgram('nats-server') === undefined ? 'the program nats-server' : undefined),
  async start({ user, certificates } = {}) {
    const folder = makeFolder('nats');
    const port = await findFreePort();
    const settings = path.join(folder, 'server.conf');
    writeFileSync(settings, `max_payload: ${MAX_PAYLOAD}\n`);
    const args = ['-c', settings, '-a', '127.0.0.1', '-p', String(port), '-js', '-sd', path.join(folder, 'jetstream')];
    if (user !== undefined) args.push('--user', user.name, '--pass', user.password);
    if (certificates !== undefined) args.push('--tls', '--tlscert', certificates.cert, '--tlskey', certificates.key);
    const command = findProgram('nats-server') ?? 'nats-server';
    return startServer({ kind: 'nats', folder, port, command, args, isReady: () => isListening(port) });
  },
};
