import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerProgram } from './broker.js';
import { archivesFolder, findProgram, hasArchives } from './installed.js';
import { findFreePort, isListening, makeFolder, startServer } from './server-process.js';

/** Apache Kafka, one node that is its own controller. */
export const kafka: BrokerProgram = {
  kind: 'kafka',
  missing() {
    if (findProgram('java') === undefined) return 'the program java (17 or newer)';
    return hasArchives('kafka') ? undefined : 'the archives of Apache Kafka';
  },
  async start({ user, certificates, port: wanted } = {}) {
    const folder = makeFolder('kafka');
    const port = wanted ?? (await findFreePort());
    const controllerPort = await findFreePort();
    const protocol = `${user === undefined ? '' : 'SASL_'}${certificates === undefined ? 'PLAINTEXT' : 'SSL'}`;
    const settings: Record<string, string | number> = {
      'process.roles': 'broker,controller',
      'node.id': 1,
      'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
      listeners: `CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
      'advertised.listeners': `CLIENTS://127.0.0.1:${port}`,
      'listener.security.protocol.map': `CLIENTS:${protocol},CONTROLLER:PLAINTEXT,BROKERS:PLAINTEXT`,
      'inter.broker.listener.name': 'CLIENTS',
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': path.join(folder, 'data'),
      'offsets.topic.replication.factor': 1,
      'offsets.topic.num.partitions': 1,
      'transaction.state.log.replication.factor': 1,
      'transaction.state.log.min.isr': 1,
      'share.coordinator.state.topic.replication.factor': 1,
      'share.coordinator.state.topic.min.isr': 1,
      'group.initial.rebalance.delay.ms': 0,
      'auto.create.topics.enable': 'false',
      'num.network.threads': 2,
      'num.io.threads': 2,
      'log.cleaner.enable': 'false',
      // How soon a group is forgotten that has neither members nor offsets.
      'offsets.retention.check.interval.ms': 2_000,
    };
    if (user !== undefined) {
      settings['sasl.enabled.mechanisms'] = 'PLAIN';
      settings['sasl.mechanism.inter.broker.protocol'] = 'PLAIN';
      const { name, password } = user;
      settings['listener.name.clients.plain.sasl.jaas.config'] =
        `org.apache.kafka.common.security.plain.PlainLoginModule required username="${name}" password="${password}" user_${name}="${password}";`;
    }
    if (certificates !== undefined) {
      // Kafka wants the key and its certificate in one file.
      const { cert, key, ca } = certificates;
      const store = path.join(folder, 'broker.p12');
      const secret = 'declaragent';
      execFileSync('openssl', [
        'pkcs12',
        '-export',
        '-in',
        cert,
        '-inkey',
        key,
        '-certfile',
        ca,
        '-out',
        store,
        '-passout',
        `pass:${secret}`,
      ]);
      Object.assign(settings, {
        'ssl.keystore.location': store,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.password': secret,
      });
      Object.assign(settings, { 'ssl.truststore.location': ca, 'ssl.truststore.type': 'PEM' });
    }
    const file = path.join(folder, 'server.properties');
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const java = findProgram('java') ?? 'java';
    const classPath = ['-cp', path.join(archivesFolder('kafka'), '*'), '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
    const cheap = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto'];
    execFileSync(
      java,
      [...cheap, ...classPath, 'kafka.tools.StorageTool', 'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c', file],
      {
        stdio: 'ignore',
      },
    );
    return startServer({
      kind: 'kafka',
      folder,
      port,
      command: java,
      args: [...cheap.slice(1), '-Xmx512m', ...classPath, 'kafka.Kafka', file],
      isReady: () => isListening(port),
    });
  },
};
