import { expect, test } from 'vitest';
import { placeOf } from '../../src/connection-news.js';

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
