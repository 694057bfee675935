import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithBroker } from '../transports/real-broker.js';
import type { Broker } from './broker.js';
import { brokerPrograms } from './programs.js';

const NAMES = Array.from({ length: 100 }, (_, index) => `queue-${index}`);
/** A queue is written down some time after the client is told that it is there. */
const WRITTEN_AFTER_MS = 3_000;
/** How often a server is killed until somebody is in time to make a queue that it is about to restore. */
const MOST_KILLS = 5;
const OTHERWISE = '&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=77';

describeWithBroker('sqs', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await brokerPrograms.sqs.start();
    for (const name of NAMES) await create(name);
    await sleep(WRITTEN_AFTER_MS);
  }, 120_000);
  afterAll(() => broker.close());

  const ask = async (query: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${broker.port}/?Action=${query}`)).text();
  const create = (name: string, attribute = '') => ask(`CreateQueue&QueueName=${name}${attribute}`);
  const countQueues = async () => (await ask('ListQueues')).match(/<QueueUrl>/g)?.length;
  const starts = (): string[] =>
    readFileSync(path.join(broker.folder, 'server.log'), 'utf8').split('Starting ElasticMQ').slice(1);

  test('a server that was killed has its queues when it serves again', async () => {
    for (let kill = 0; kill < 2; kill++) {
      await broker.kill();
      await broker.restart();
      expect(await countQueues()).toBe(NAMES.length);
    }
  }, 120_000);

  test('one that has failed to restore its queues, since somebody was faster, is started again', async () => {
    const startsBefore = starts().length;
    let kills = 0;
    while (starts().length === startsBefore + kills && kills < MOST_KILLS) {
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
    expect(starts().length).toBeGreaterThan(startsBefore + kills);
    expect(starts().some((log) => log.includes('Could not start server'))).toBe(true);
    expect(starts().at(-1)).not.toContain('Could not start server');
    expect(await countQueues()).toBe(NAMES.length);
  }, 120_000);
});
