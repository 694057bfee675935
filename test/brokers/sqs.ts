import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokerProgram } from './broker.js';
import { readRestoring } from './elasticmq-log.js';
import { archivesFolder, findProgram, hasArchives } from './installed.js';
import { findFreePort, makeFolder, startServer } from './server-process.js';

/** One that takes longer is asked again. */
const ANSWERS_WITHIN_MS = 5_000;
/** A queue that was made within moments of a kill may be lost, and is waited for no longer. */
const RESTORES_WITHIN_MS = 10_000;
/** When all queues are there, it is known by then whether one of them keeps the server from restoring it. */
const FAILS_WITHIN_MS = 1_000;

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
      async isReady({ forMs, readLog }) {
        const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
        const { ok } = await fetch(`http://127.0.0.1:${port}/?Action=ListQueues`, { signal });
        if (readRestoring(...readLog()) === 'maybe') await sleep(FAILS_WITHIN_MS);
        const restoring = readRestoring(...readLog());
        if (restoring === 'failed') return 'start again';
        return ok && (restoring !== 'under way' || forMs > RESTORES_WITHIN_MS);
      },
    });
  },
};
