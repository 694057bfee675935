import { describe, expect, it } from 'vitest';
import { capability, problemsIn, problemsOf } from '../support/contract.js';
import { createScratch } from '../support/scratch.js';

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

describe('what is written wrongly', () => {
  const textOf = (transport: string) =>
    `version: 1\nagent: agent://a\ntransports:\n  - ${transport}\ncapabilities: []\n`;
  const problemsOfText = (transport: string) => problemsIn(createScratch({ 'capabilities.yaml': textOf(transport) }));

  it('a variable without quotes in a flow collection is told to need them', async () => {
    const [problem] = await problemsOfText(`{ kind: amqp, url: \${env:AMQP_URL} }`);
    expect(problem).toMatchObject({ code: 'yaml-syntax', place: { line: 4 }, fix: expect.stringContaining('"${env:') });
    const [other] = await problemsOfText('{ kind: amqp, url: [ }');
    expect(other).toMatchObject({ code: 'yaml-syntax', fix: 'Correct the YAML at the marked place.' });
    expect(await problemsOfText(`{ kind: amqp, url: "\${env:AMQP_URL}" }`)).toEqual([]);
  });

  it('a list of no addresses is empty', async () => {
    expect(await problemsOfText('{ kind: nats, servers: [] }')).toMatchObject([
      { code: 'wrong-value', message: 'transports[0].servers is empty.', fix: 'Write at least one item.' },
    ]);
  });
});
