import { expect, test } from 'vitest';
import { createBus } from '../../../runtime/bus.js';
import { refuseAddresses } from '../../../runtime/transports/kafka/addresses.js';
import { kafka } from '../../../runtime/transports/kafka.js';

test.each([
  ...['u:SECRET@host:9092', 'SASL_PLAINTEXT://u:SECRET@host:9092', 'PLAINTEXT://SECRET:9092', 'SECRET', 'SECRET:'],
  ...['SECRET:0', 'SECRET:65536', 'SECRET:9092/', 'SECRET:9092,b:9092', '[SECRET]:9092', ' SECRET:9092', ''],
])('a broker that is not host:port is refused and not quoted: %j', async (broker) => {
  const bus = createBus({ agent: 'agent://a', transports: [kafka({ brokers: ['a:9092', broker] })] });
  const error: unknown = await bus.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toMatch(/brokers\[1\] is not host:port/);
  expect((error as Error).stack).not.toContain('SECRET');
  expect((error as Error).cause).toBeUndefined();
});

test('a host and a port are let in', () => {
  expect(() => refuseAddresses(['kafka-1.example.com:9092', '127.0.0.1:1', 'kafka_1:65535'])).not.toThrow();
});
