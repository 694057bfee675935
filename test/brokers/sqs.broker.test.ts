import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWithBroker } from '../transports/real-broker.js';
import type { Broker } from './broker.js';
import { brokerPrograms } from './programs.js';

const NAMES = Array.from({ length: 100 }, (_, index) => `queue-${index}`);
/** How often a server is killed until somebody is in time to make a queue that it is about to restore. */
const MOST_KILLS = 5;
const OTHERWISE = '&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=77';

describeWithBroker('sqs', () => {
  let broker: Broker;
  beforeEach(async () => {
    broker = await brokerPrograms.sqs.start();
    for (const name of NAMES) await create(name);
  }, 120_000);
  afterEach(() => broker.close());

  const ask = async (query: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${broker.port}/?Action=${query}`)).text();
  const create = (name: string, attribute = '') => ask(`CreateQueue&QueueName=${name}${attribute}`);
  const countQueues = async () => (await ask('ListQueues')).match(/<QueueUrl>/g)?.length;
  const starts = (): string[] =>
    readFileSync(path.join(broker.folder, 'server.log'), 'utf8').split('Starting ElasticMQ').slice(1);

  test('a server that was killed has its queues when it serves again', async () => {
    for (let kill = 0; kill < 3; kill++) {
      await broker.kill();
      await broker.restart();
      expect(await countQueues()).toBe(NAMES.length);
    }
  }, 120_000);

  test('one that has failed to restore its queues, since somebody was faster, is started again', async () => {
    let kills = 0;
    while (starts().length === kills + 1 && kills < MOST_KILLS) {
      await broker.kill();
      kills++;
      const restarted = { isDone: false };
      const others = (async () => {
        while (!restarted.isDone) {
          await Promise.all(NAMES.slice(-10).map((name) => create(name, OTHERWISE).catch(() => {})));
          await sleep(1);
        }
      })();
      await broker.restart();
      restarted.isDone = true;
      await others;
    }
    expect(starts().length).toBeGreaterThan(kills + 1);
    expect(starts().some((log) => log.includes('Could not start server'))).toBe(true);
    expect(starts().at(-1)).not.toContain('Could not start server');
    expect(await countQueues()).toBe(NAMES.length);
  }, 120_000);
});
