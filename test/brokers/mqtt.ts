import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerProgram } from './broker.js';
import { findProgram } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** mosquitto. What it keeps it writes to disk at each change, so that a kill loses nothing that was confirmed. */
export const mqtt: BrokerProgram = {
  kind: 'mqtt',
  missing: () => (findProgram('mosquitto') === undefined ? 'the program mosquitto' : undefined),
  async start({ user, certificates } = {}) {
    const folder = makeFolder('mqtt');
    const port = await findFreePort();
    const lines = [
      `listener ${port} 127.0.0.1`,
      'set_tcp_nodelay true',
      'persistence true',
      `persistence_location ${folder}/`,
      'autosave_on_changes true',
      'autosave_interval 1',
      'max_queued_messages 0',
      // It gives up root by itself otherwise, and cannot read its folder.
      ...(process.getuid?.() === 0 ? ['user root'] : []),
    ];
    if (user === undefined) {
      lines.push('allow_anonymous true');
    } else {
      const file = path.join(folder, 'passwords');
      execFileSync('mosquitto_passwd', ['-b', '-c', file, user.name, user.password]);
      lines.push('allow_anonymous false', `password_file ${file}`);
    }
    if (certificates !== undefined) lines.push(`certfile ${certificates.cert}`, `keyfile ${certificates.key}`);
    const file = path.join(folder, 'mosquitto.conf');
    writeFileSync(file, `${lines.join('\n')}\n`);
    const command = findProgram('mosquitto') ?? 'mosquitto';
    return startServer({ kind: 'mqtt', folder, port, command, args: ['-c', file], isReady: () => isListening(port) });
  },
};
