import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWithBroker } from '../transports/real-broker.js';
import { brokerPrograms } from './programs.js';

const NAMES = Array.from({ length: 50 }, (_, index) => `queue-${index}`);

describeWithBroker('sqs', () => {
  test('a server whose queues are made by others while it has them back is started again until it stays', async () => {
    const broker = await brokerPrograms.sqs.start();
    const create = (name: string, more = '') =>
      fetch(`http://127.0.0.1:${broker.port}/?Action=CreateQueue&QueueName=${name}${more}`);
    try {
      for (const name of NAMES) expect((await create(name)).ok).toBe(true);
      await broker.kill();
      const restarted = { isDone: false };
      const others = (async () => {
        while (!restarted.isDone) {
          const attribute = '&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=77';
          await Promise.all(NAMES.slice(-5).map((name) => create(name, attribute).catch(() => {})));
          await sleep(5);
        }
      })();
      await broker.restart();
      restarted.isDone = true;
      await others;
      const [, ...starts] = readFileSync(path.join(broker.folder, 'server.log'), 'utf8').split('Starting ElasticMQ');
      expect(starts.length).toBeGreaterThan(1);
      expect(starts.at(-1)).not.toContain('Could not start server');
      expect((await create('another')).ok).toBe(true);
    } finally {
      await broker.close();
    }
  }, 120_000);
});
