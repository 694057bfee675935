import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerProgram } from './broker.js';
import { archivesFolder, findProgram, hasArchives } from './installed.js';
import { findFreePort, makeFolder, startServer } from './server-process.js';

const RESTORED_AFTER_MS = 300;
const isStillborn = (log: string): boolean => log.includes('Could not start server because QueueAlreadyExists');

/**
 * ElasticMQ 1.6.16 answers before it has its queues back, and ends by itself when somebody has made one of them meanwhile.
 * So it is ready when it has logged nothing of queues for a while, and is started again where that has happened.
 */
function watchRestoring(): (log: string) => boolean {
  let restored = -1;
  let since = 0;
  return (log) => {
    const count = log.match(/Creating queue|Restored \d+ messages/g)?.length ?? 0;
    if (count !== restored) since = Date.now();
    restored = count;
    return Date.now() - since >= RESTORED_AFTER_MS && !isStillborn(log);
  };
}

/**
 * ElasticMQ, which speaks the protocol of SQS. It takes any keys, and no TLS. Unless told otherwise its store writes half a second later,
 * so that a kill brings back what it has confirmed to be deleted: SQS itself does not.
 */
export const sqs: BrokerProgram = {
  kind: 'sqs',
  missing() {
    if (findProgram('java') === undefined) return 'the program java (17 or newer)';
    return hasArchives('elasticmq') ? undefined : 'the archives of ElasticMQ';
  },
  async start({ user, certificates, port: wanted } = {}) {
    if (user !== undefined || certificates !== undefined) throw new Error('ElasticMQ knows neither users nor TLS.');
    const folder = makeFolder('sqs');
    const port = wanted ?? (await findFreePort());
    const file = path.join(folder, 'elasticmq.conf');
    const isRestored = watchRestoring();
    writeFileSync(
      file,
      `include classpath("application.conf")
node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
aws { region = us-east-1, accountId = 000000000000 }
queues-storage { enabled = true, path = "${folder}/queues.conf" }
messages-storage { enabled = true, uri = "jdbc:h2:${folder}/messages;WRITE_DELAY=0", driver-class-name = "org.h2.Driver" }
`,
    );
    return startServer({
      kind: 'sqs',
      folder,
      port,
      command: findProgram('java') ?? 'java',
      args: [
        // It lives for a few minutes: compiling it well would cost more than that saves.
        ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xmx512m', '-Xshare:auto', `-Dconfig.file=${file}`],
        ...['-cp', path.join(archivesFolder('elasticmq'), '*'), 'org.elasticmq.server.Main'],
      ],
      async isReady(readLog) {
        const answer = await fetch(`http://127.0.0.1:${port}/?Action=ListQueues`);
        return answer.ok && isRestored(readLog());
      },
      isStillborn,
    });
  },
};
