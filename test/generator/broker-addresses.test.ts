import { describe, expect, it } from 'vitest';
import { capability, problemsOf } from '../support/contract.js';

const SECRET = 's3cret';
const problemsWith = (transport: Readonly<Record<string, unknown>>) =>
  problemsOf({ transports: [transport], capabilities: [capability('a', { type: 'object' })] });

describe('the address of a broker', () => {
  it.each([
    { kind: 'kafka', brokers: ['kafka-1:9092', '10.0.0.1:9093', `\${env:BROKER}`, `\${env:HOST}:9092`] },
    { kind: 'nats', servers: ['nats-1', 'nats-1:4222', 'nats://nats-1:4222', '[::1]:4222', '::1', `\${env:A}`] },
    { kind: 'amqp', url: 'amqp://127.0.0.1' },
    { kind: 'amqp', url: `amqps://me:\${env:PASSWORD}@rabbit.internal:5671/agents?heartbeat=10` },
    { kind: 'amqp', url: `\${env:AMQP_URL:-amqp://127.0.0.1:5672}` },
    { kind: 'amqp', url: 'AMQPS://rabbit/v host\n' },
    { kind: 'nats', servers: ['nats://me:pa,ss@nats-1:4222/'] },
    { kind: 'mqtt', url: 'mqtts://broker:8883' },
    { kind: 'mqtt', url: 'wss://broker/mqtt' },
    { kind: 'sqs', region: 'eu-central-1', endpoint: 'http://127.0.0.1:9324' },
  ])('is taken as it is: %j', async (transport) => {
    expect(await problemsWith(transport)).toEqual([]);
  });

  it.each([
    [{ kind: 'kafka', brokers: ['kafka-1'] }, 'transports[0].brokers[0]', 'host:port'],
    [{ kind: 'kafka', brokers: ['a:1', `me:${SECRET}@a:1`] }, 'transports[0].brokers[1]', 'host:port'],
    [{ kind: 'nats', servers: ['ws://nats-1:8080'] }, 'transports[0].servers[0]', 'host:port'],
    [{ kind: 'nats', servers: ['nats-1:4222,nats-2:4222'] }, 'transports[0].servers[0]', 'host:port'],
    [{ kind: 'amqp', url: `rabbit://me:${SECRET}@a` }, 'transports[0].url', 'amqp:// or amqps://'],
    [{ kind: 'amqp', url: 'rabbit.internal:5672' }, 'transports[0].url', 'amqp:// or amqps://'],
    [{ kind: 'mqtt', url: '127.0.0.1:1883' }, 'transports[0].url', 'mqtt://'],
    [{ kind: 'sqs', region: 'us-east-1', endpoint: '127.0.0.1:9324' }, 'transports[0].endpoint', 'http://'],
  ])('is refused where its transport would not take it, and not quoted: %j', async (transport, name, form) => {
    const [problem, ...more] = await problemsWith(transport);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      ...{ code: 'bad-name', message: `${name} is no address that this transport takes.` },
      expected: expect.stringContaining(form),
    });
    expect(JSON.stringify(problem)).not.toContain(SECRET);
  });
});
