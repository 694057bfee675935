import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Broker, BrokerProgram } from './broker.js';
import { findProgram } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** rabbitmq-server. Each is a node of its own name, and has a port mapper (epmd) of its own. */
export const amqp: BrokerProgram = {
  kind: 'amqp',
  missing: () => (findProgram('rabbitmq-server') === undefined ? 'the program rabbitmq-server' : undefined),
  async start({ user, certificates, port: wanted } = {}) {
    const folder = makeFolder('amqp');
    const port = wanted ?? (await findFreePort());
    const [epmdPort, distributionPort] = [await findFreePort(), await findFreePort()];
    const lines = [
      'loopback_users = none',
      'log.console = true',
      'log.file = false',
      // It is killed again and again; a machine with little memory left is no reason to block publishers.
      'vm_memory_high_watermark.relative = 0.9',
      'disk_free_limit.absolute = 50MB',
    ];
    if (user !== undefined) lines.push(`default_user = ${user.name}`, `default_pass = ${user.password}`);
    if (certificates === undefined) {
      lines.push(`listeners.tcp.1 = 127.0.0.1:${port}`);
    } else {
      lines.push('listeners.tcp = none', `listeners.ssl.1 = 127.0.0.1:${port}`);
      lines.push(`ssl_options.cacertfile = ${certificates.ca}`, `ssl_options.certfile = ${certificates.cert}`);
      lines.push(`ssl_options.keyfile = ${certificates.key}`);
    }
    writeFileSync(path.join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
    writeFileSync(path.join(folder, 'plugins'), '[].\n');
    mkdirSync(path.join(folder, 'data'));
    const env = {
      HOME: folder,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `declaragent-${port}@localhost`,
      RABBITMQ_CONFIG_FILE: path.join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, 'plugins'),
      RABBITMQ_MNESIA_BASE: path.join(folder, 'data'),
      RABBITMQ_LOG_BASE: path.join(folder, 'log'),
      RABBITMQ_PID_FILE: path.join(folder, 'pid'),
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 1:1',
    };
    writeFileSync(path.join(folder, ENVIRONMENT), JSON.stringify(env));
    // The port mapper is a daemon where RabbitMQ starts it; here it is one of the process group that is killed. Debian's own
    // script in /usr/sbin gives up root and knows one node only.
    const script = `epmd -port ${epmdPort} -address 127.0.0.1 & exec /usr/lib/rabbitmq/bin/rabbitmq-server`;
    const args = ['-c', script];
    return startServer({ kind: 'amqp', folder, port, command: 'sh', args, env, isReady: () => isListening(port) });
  },
};

/** What its own tools need to find it. */
const ENVIRONMENT = 'environment.json';

/** Has a broker's own tool do something to it; returns what that prints. */
export async function rabbitmqctl({ folder }: Broker, ...args: string[]): Promise<string> {
  const own = JSON.parse(readFileSync(path.join(folder, ENVIRONMENT), 'utf8')) as Record<string, string>;
  const options = { cwd: folder, env: { ...process.env, ...own } };
  const { stdout } = await promisify(execFile)('/usr/lib/rabbitmq/bin/rabbitmqctl', ['--quiet', ...args], options);
  return stdout;
}
