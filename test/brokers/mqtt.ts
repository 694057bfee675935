import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Broker, BrokerOptions, BrokerProgram } from './broker.js';
import { findProgram } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** Settings of a mosquitto that the tests of other brokers have nothing like. */
export interface MosquittoOptions extends BrokerOptions {
  /** More lines of its configuration. */
  readonly settings?: readonly string[];
  /** Lines that say who may read and write what. */
  readonly permissions?: readonly string[];
}

/** mosquitto. It keeps nothing on disk: sessions end with their connections, and nothing is published to be retained. */
export const mqtt: BrokerProgram = {
  kind: 'mqtt',
  missing: () => (findProgram('mosquitto') === undefined ? 'the program mosquitto' : undefined),
  start: startMosquitto,
};

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Broker> {
  const { user, certificates, port = await findFreePort(), settings = [], permissions } = options;
  const folder = makeFolder('mqtt');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'set_tcp_nodelay true',
    'max_queued_messages 0',
    // How often it tells how many clients and subscriptions it has.
    'sys_interval 1',
    // It gives up root by itself otherwise, and cannot read its folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...settings,
  ];
  if (user === undefined) {
    lines.push('allow_anonymous true');
  } else {
    const file = path.join(folder, 'passwords');
    execFileSync('mosquitto_passwd', ['-b', '-c', file, user.name, user.password]);
    lines.push('allow_anonymous false', `password_file ${file}`);
  }
  if (certificates !== undefined) lines.push(`certfile ${certificates.cert}`, `keyfile ${certificates.key}`);
  if (permissions !== undefined) {
    const file = path.join(folder, 'permissions');
    writeFileSync(file, `${permissions.join('\n')}\n`);
    lines.push(`acl_file ${file}`);
  }
  const file = path.join(folder, 'mosquitto.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const command = findProgram('mosquitto') ?? 'mosquitto';
  return startServer({ kind: 'mqtt', folder, port, command, args: ['-c', file], isReady: () => isListening(port) });
}
