import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AgentAddress } from '../../runtime/address.js';
import { type Bus, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { ConnectionWatcher } from '../../runtime/transport.js';
import { type SqsConfig, sqs } from '../../runtime/transports/sqs.js';
import { defineCheck, defineValidator } from '../../runtime/validation.js';
import type { Broker } from '../brokers/broker.js';
import { createFaultProxy } from '../brokers/proxy.js';
import { brokerModes } from './broker-modes.js';
import { describeConformance } from './conformance.js';
import { createRealBroker, describeRealBroker, type RealBroker, type RealBrokerOptions } from './real-broker.js';

const KEYS = { accessKeyId: 'x', secretAccessKey: 'x' };
const configOf = (port: number): SqsConfig => ({
  ...{ region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, credentials: KEYS },
  visibilitySeconds: 2,
});

/** The client itself, for what is done to the broker behind the transport's back, and for strangers. */
function createRawClient(port: number) {
  const client = new SQSClient({ ...configOf(port), maxAttempts: 1 });
  const urlOf = async (QueueName: string): Promise<string> =>
    String((await client.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl);
  return {
    urlOf,
    async create(QueueName: string, tags: Record<string, string> = {}) {
      return String((await client.send(new CreateQueueCommand({ QueueName, tags }))).QueueUrl);
    },
    async names(prefix: string): Promise<string[]> {
      const { QueueUrls = [] } = await client.send(new ListQueuesCommand({ QueueNamePrefix: prefix }));
      return QueueUrls.map((url) => url.slice(url.lastIndexOf('/') + 1));
    },
    async attributesOf(QueueUrl: string) {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
      return (await client.send(command)).Attributes ?? {};
    },
    remove: (QueueUrl: string) => client.send(new DeleteQueueCommand({ QueueUrl })),
    send: (QueueUrl: string, MessageBody: string) => client.send(new SendMessageCommand({ QueueUrl, MessageBody })),
    async receive(QueueUrl: string, WaitTimeSeconds = 0): Promise<Message[]> {
      const options = { QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
      const command = new ReceiveMessageCommand({ ...options, MessageAttributeNames: ['All'] });
      return (await client.send(command)).Messages ?? [];
    },
    close: () => client.destroy(),
  };
}

const bytesOf = ({ Body = '', MessageAttributes = {} }: Message): Buffer =>
  Buffer.from(Body, MessageAttributes['x-declaragent-encoding']?.StringValue === 'base64' ? 'base64' : 'utf8');

const reasonOf = ({ MessageAttributes = {} }: Message): string =>
  MessageAttributes['x-declaragent-reason']?.StringValue ?? '';

const optionsOf = (fifo: boolean): RealBrokerOptions => ({
  ...brokerModes[fifo ? 'FIFO queues' : 'sqs'],
  createTransport: ({ port }) => sqs({ ...configOf(port), fifo }),
  abilitiesOf({ port }) {
    const raw = createRawClient(port);
    const urlOf = (topic: string, use = ''): Promise<string> =>
      raw.urlOf(`${topic.replaceAll('.', '_')}${use}${fifo ? '.fifo' : ''}`);
    return {
      deleteTopic: async (topic) => void (await raw.remove(await urlOf(topic))),
      async deadLetters(topic) {
        const letters = await raw.receive(await urlOf(topic, '_dlq'));
        return letters.map((letter) => ({ topic, bytes: bytesOf(letter), reason: reasonOf(letter) }));
      },
    };
  },
  repetitions: 20,
  // What a dead reader had is hidden for two seconds. Each call is six requests, and each message goes to a disk.
  slownessMs: 15_000,
  toleranceMs: 1_000,
});

const anything = defineValidator<unknown>(
  {},
  defineCheck(() => true),
);
const READ = { name: 'read', idempotent: true, input: anything, output: anything, errors: {} };
const WRITE = { ...READ, name: 'write', idempotent: false };

let agents = 0;
const newAgent = (role: string): AgentAddress => `agent://${role}-${agents++}`;
const nobody: ConnectionWatcher = { lost: () => {}, restored: () => {} };
const cleanups: (() => unknown)[] = [];

/** What is to be seen of SQS besides the faults that all transports share. */
function describeOwn(broker: () => Broker): void {
  let raw: ReturnType<typeof createRawClient>;
  beforeAll(() => {
    raw = createRawClient(broker().port);
  });
  afterAll(() => raw.close());
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  const start = async (agent: AgentAddress, instance?: string, config: Partial<SqsConfig> = {}): Promise<Bus> => {
    const transports = [sqs({ ...configOf(broker().port), ...config })];
    const bus = await createBus({ agent, transports, ...(instance !== undefined && { instance }) });
    cleanups.push(() => bus.stop({ graceMs: 0 }));
    return bus;
  };
  const startCallee = async (agent: AgentAddress, run: (input: unknown) => unknown, config?: Partial<SqsConfig>) => {
    const bus = await start(agent, undefined, config);
    const contract = { format: 1, agent, capabilities: { read: READ, write: WRITE } } as const;
    await serve(bus, contract, [implement(READ, run), implement(WRITE, run)], { onError: () => {} });
    return bus;
  };
  const callOf = (bus: Bus, agent: AgentAddress, capability = WRITE) =>
    createCall(bus, { format: 1, agent, capabilities: { read: READ, write: WRITE } }, capability);
  const nameOf = (agent: AgentAddress, place: string): string => `agents_${agent.slice('agent://'.length)}_${place}`;

  test('a request that nobody reads waits, and is not run once its time is up', async () => {
    const callee = newAgent('callee');
    const inputs: unknown[] = [];
    await (await startCallee(callee, () => 0)).stop();
    const call = callOf(await start(newAgent('caller')), callee);
    const late = await call.outcome('late', { timeoutMs: 200 });
    expect(late).toMatchObject({ status: 'timeout', executed: 'maybe' });
    const waiting = call('waiting', { timeoutMs: 20_000 });
    await startCallee(callee, (input) => {
      inputs.push(input);
      return input;
    });
    expect(await waiting).toBe('waiting');
    expect(inputs).toEqual(['waiting']);
  });

  test('a skill may take longer than a message is hidden', async () => {
    const callee = newAgent('callee');
    let runs = 0;
    const run = async (): Promise<number> => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return runs;
    };
    const instances = [await startCallee(callee, run), await startCallee(callee, run)];
    const call = callOf(await start(newAgent('caller')), callee, READ);
    expect(await call('x', { timeoutMs: 20_000 })).toBe(1);
    expect(instances).toHaveLength(2);
  });

  test('queues are made with a place for dead letters, and those for answers go with their bus', async () => {
    const callee = newAgent('callee');
    const bus = await startCallee(callee, (input) => input, { maxDeliveries: 3 });
    const { RedrivePolicy = '' } = await raw.attributesOf(await raw.urlOf(nameOf(callee, 'requests')));
    expect(JSON.parse(RedrivePolicy)).toMatchObject({
      deadLetterTargetArn: expect.stringMatching(new RegExp(`:${nameOf(callee, 'requests_dlq')}$`)),
    });
    expect(String(JSON.parse(RedrivePolicy).maxReceiveCount)).toBe('3');
    expect(await raw.names(nameOf(callee, 'responses'))).toEqual([nameOf(callee, `responses_${bus.instance}`)]);
    await bus.stop();
    expect(await raw.names(nameOf(callee, 'responses'))).toEqual([]);
  });

  test('a stranger with another client, who says nothing but the envelope, is answered with the bare envelope', async () => {
    const callee = newAgent('callee');
    await startCallee(callee, (input) => input);
    const stranger = newAgent('stranger');
    const replies = await raw.create(nameOf(stranger, 'responses'));
    const request = {
      ...{ version: 1, kind: 'request', messageId: 'm1', correlationId: 'c1', from: stranger, to: callee },
      ...{ capability: 'write', replyTo: `sqs://agents.${stranger.slice('agent://'.length)}.responses` },
      payload: 'héllo 😀',
    };
    await raw.send(await raw.urlOf(nameOf(callee, 'requests')), JSON.stringify(request));
    const [reply] = await raw.receive(replies, 20);
    const answer: unknown = JSON.parse(reply?.Body ?? '');
    expect(answer).toMatchObject({ kind: 'response', causedBy: 'm1', payload: { ok: true, data: 'héllo 😀' } });
    expect(reply?.Body).toBe(JSON.stringify(answer));
    expect(reply?.MessageAttributes).toBeUndefined();
  });

  test('dead letters keep bytes that are no text, and the reason', async () => {
    const callee = newAgent('callee');
    await startCallee(callee, () => 0);
    const owner = { agent: newAgent('stranger'), instance: 'i' };
    const connection = await sqs(configOf(broker().port)).connect(owner, nobody);
    cleanups.push(() => connection.close());
    const message = { kind: 'request', bytes: Buffer.from([0xff, 0xfe]), messageId: 'm', correlationId: 'c' } as const;
    await connection.publish({ ...message, topic: `agents.${callee.slice('agent://'.length)}.requests` });
    const url = await raw.urlOf(nameOf(callee, 'requests_dlq'));
    const [letter = {}] = await raw.receive(url, 20);
    expect(bytesOf(letter)).toEqual(Buffer.from([0xff, 0xfe]));
    expect(reasonOf(letter)).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
  });

  test('queues that are deleted under their reader are made again, and those for dead letters too', async () => {
    const callee = newAgent('callee');
    const bus = await startCallee(callee, (input) => input);
    const caller = await start(newAgent('caller'));
    const call = callOf(caller, callee);
    expect(await call('x')).toBe('x');
    const names = [nameOf(callee, 'requests'), nameOf(callee, 'requests_dlq')];
    for (const name of [...names, nameOf(caller.agent, `responses_${caller.instance}`)]) {
      await raw.remove(await raw.urlOf(name));
    }
    const again = async () => (await call.outcome('again', { timeoutMs: 2_000 })).status;
    // The caller's long poll ends before it sees that its own is gone.
    await expect.poll(again, { timeout: 60_000, interval: 100 }).toBe('ok');
    const { RedrivePolicy } = await raw.attributesOf(await raw.urlOf(names[0] ?? ''));
    expect(RedrivePolicy).toContain(names[1]);
    await raw.remove(await raw.urlOf(names[1] ?? ''));
    await raw.send(await raw.urlOf(names[0] ?? ''), 'no envelope');
    await expect.poll(() => bus.health().refused).toBe(1);
    await expect.poll(() => raw.names(names[1] ?? '')).toEqual([names[1]]);
    expect(await raw.receive(await raw.urlOf(names[1] ?? ''), 20)).toHaveLength(1);
  });

  test('what is larger than SQS takes is not sent, and the limit is named', async () => {
    const callee = newAgent('callee');
    let runs = 0;
    await startCallee(callee, () => ++runs);
    const caller = await start(newAgent('caller'));
    const outcome = await callOf(caller, callee).outcome('x'.repeat(262_144));
    expect(outcome).toMatchObject({ status: 'error', executed: 'no', error: { code: 'EAGENTRPC_TOO_LARGE' } });
    expect(outcome.status === 'error' && outcome.error.message).toContain('262144');
    const large = await start(newAgent('caller'), undefined, { maxBytes: 300_000 });
    const bigger = newAgent('callee');
    await startCallee(bigger, (input) => String(input).length, { maxBytes: 300_000 });
    expect(await callOf(large, bigger)('x'.repeat(262_144), { timeoutMs: 30_000 })).toBe(262_144);
    expect(runs).toBe(0);
  });

  test('an agent that nobody has ever served is no responder, and its queue is not made by its caller', async () => {
    const callee = newAgent('callee');
    const caller = await start(newAgent('caller'));
    const outcome = await callOf(caller, callee).outcome('x');
    expect(outcome).toMatchObject({ status: 'error', executed: 'no', error: { code: 'EAGENTRPC_NO_RESPONDER' } });
    expect(await raw.names(nameOf(callee, ''))).toEqual([]);
    await startCallee(callee, (input) => input);
    expect(await callOf(caller, callee)('now')).toBe('now');
  });

  test('a process that died and starts again under its name has its reply queue', async () => {
    const agent = newAgent('caller');
    const proxy = await createFaultProxy(broker().port);
    cleanups.push(() => proxy.close());
    await start(agent, 'pod-1', { endpoint: `http://127.0.0.1:${proxy.port}` });
    proxy.cut();
    const callee = newAgent('callee');
    await startCallee(callee, (input) => input);
    const again = await start(agent, 'pod-1');
    expect(await callOf(again, callee)('x', { timeoutMs: 20_000 })).toBe('x');
  });

  test('reply queues of processes that died long ago are removed by the next of their agent, and no others', async () => {
    const agent = newAgent('caller');
    const seconds = Math.floor(Date.now() / 1_000);
    const tagsOf = (owner: string, agoSeconds: number): Record<string, string> => ({
      'declaragent-agent': owner,
      'declaragent-last-seen': String(seconds - agoSeconds),
    });
    const id = agent.slice('agent://'.length);
    await raw.create(nameOf(agent, 'responses_dead'), tagsOf(id, 3_700));
    await raw.create(nameOf(agent, 'responses_silent'), tagsOf(id, 3_000));
    await raw.create(nameOf(agent, 'responses_foreign'), tagsOf('another', 3_700));
    await raw.create(nameOf(agent, 'responses_unknown'));
    await start(agent, 'alive');
    const left = ['alive', 'foreign', 'silent', 'unknown'].map((name) => nameOf(agent, `responses_${name}`));
    await expect.poll(async () => (await raw.names(nameOf(agent, ''))).sort(), { timeout: 30_000 }).toEqual(left);
  });

  test('a service that stops takes no message with it', async () => {
    const callee = newAgent('callee');
    const first = await startCallee(callee, () => 'first');
    await startCallee(callee, () => 'second');
    const call = callOf(await start(newAgent('caller')), callee);
    await call('x');
    await first.stop();
    // One by one, so that a poll which nobody waits for would have all that it is given noticed.
    for (let count = 0; count < 5; count++) expect(await call('x', { timeoutMs: 20_000 })).toBe('second');
  });

  test('a bus that waits for answers is stopped at once', async () => {
    const bus = await start(newAgent('caller'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begin = Date.now();
    await bus.stop();
    expect(Date.now() - begin).toBeLessThan(2_000);
  });

  test('a service whose time is up is stopped at once', async () => {
    const bus = await startCallee(newAgent('callee'), () => 0, { waitSeconds: 20 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const begin = Date.now();
    await bus.stop({ graceMs: 0 });
    expect(Date.now() - begin).toBeLessThan(5_000);
  });

  test('queues that somebody else has made are used as they are', async () => {
    const callee = newAgent('callee');
    const name = `own_${callee.slice('agent://'.length)}`;
    await raw.create(name);
    await startCallee(callee, (input) => input, { queues: { requests: name } });
    const transports = [sqs(configOf(broker().port))];
    const peers = [{ agent: callee, transports: [{ kind: 'sqs', topics: { requests: name } }] }] as const;
    const caller = await createBus({ agent: newAgent('caller'), transports, peers });
    cleanups.push(() => caller.stop({ graceMs: 0 }));
    expect(await callOf(caller, callee)('x')).toBe('x');
    expect(await raw.attributesOf(await raw.urlOf(name))).not.toHaveProperty('RedrivePolicy');
  });

  // ElasticMQ takes any keys: this is a server that answers as AWS does.
  test('keys that AWS refuses are said at the start, without them', async () => {
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/x-amz-json-1.0' });
      const message = 'The security token included in the request is invalid.';
      response.end(JSON.stringify({ __type: 'com.amazon.coral.service#UnrecognizedClientException', message }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const credentials = { accessKeyId: 'AKIAWRONG', secretAccessKey: 'hush-hush' };
    const { port } = server.address() as AddressInfo;
    const started = start(newAgent('caller'), undefined, { endpoint: `http://127.0.0.1:${port}`, credentials });
    await expect(started).rejects.toThrow(`SQS at 127.0.0.1:${port} cannot be used (UnrecognizedClientException).`);
  });

  test('a broker that takes connections and says nothing is given up', async () => {
    const proxy = await createFaultProxy(broker().port);
    cleanups.push(() => proxy.close());
    proxy.stall();
    const started = start(newAgent('caller'), undefined, { endpoint: `http://127.0.0.1:${proxy.port}` });
    await expect(started).rejects.toThrow(/cannot be used \(ETIMEDOUT\)/);
    await expect.poll(() => proxy.connections()).toBe(0);
  });
}

const standard = createRealBroker(optionsOf(false));
const fifo: RealBroker = createRealBroker(optionsOf(true));

describeRealBroker(standard, 'sqs', () => {
  describe('sqs by FIFO queues', () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await fifo.start();
    }, 120_000);
    afterAll(() => fifo.close());
    describeConformance('sqs by FIFO queues', fifo.harness);
    describe('and what is special', () => describeOwn(() => broker));
  });
});
