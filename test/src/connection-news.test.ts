import { expect, test } from 'vitest';
import type { Transport } from '../../runtime/transport.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { placeOf, withNews } from '../../src/connection-news.js';

test.each([
  [{ kind: 'kafka', brokers: ['kafka-1:9092', 'kafka-2:9092'] }, 'kafka at kafka-1:9092, kafka-2:9092'],
  [{ kind: 'nats', servers: ['nats://name:s3cret@nats-1:4222'] }, 'nats at nats-1:4222'],
  [{ kind: 'nats', servers: 'nats-1' }, 'nats at nats-1'],
  [{ kind: 'amqp', url: 'amqps://name:s3/cr@et@rabbit:5671/vhost?heartbeat=5' }, 'amqp at rabbit:5671'],
  [{ kind: 'mqtt', url: 'mqtt://127.0.0.1:1883', password: 's3cret' }, 'mqtt at 127.0.0.1:1883'],
  [{ kind: 'sqs', region: 'eu-central-1' }, 'sqs at eu-central-1'],
  [{ kind: 'sqs', region: 'us-east-1', endpoint: 'http://127.0.0.1:9324' }, 'sqs at 127.0.0.1:9324'],
  [{ kind: 'memory' }, 'memory'],
])('the place of %j is %s', (config, place) => {
  expect(placeOf(config)).toBe(place);
});

test('what a transport knows of its broker when it is connected is known through it', async () => {
  const plain = memory({ broker: createMemoryBroker() });
  let maxBytes = 1_000;
  const transport: Transport = {
    ...plain,
    get flags() {
      return { ...plain.flags, maxBytes };
    },
    connect(owner, watcher) {
      maxBytes = 64;
      return plain.connect(owner, watcher);
    },
  };
  const news = { lost: () => {}, restored: () => {} };
  const { memory: load } = withNews({ memory: async () => () => transport }, news);
  const told = (await load?.())?.({ kind: 'memory' } as never);
  expect(told?.flags.maxBytes).toBe(1_000);
  const watcher = { lost: () => {}, restored: () => {} };
  await (await told?.connect({ agent: 'agent://a', instance: 'one' }, watcher))?.close();
  expect(told?.flags.maxBytes).toBe(64);
});
