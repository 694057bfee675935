import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentAddress } from '../../runtime/address.js';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { type ServeOptions, serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { ConnectionWatcher, OutgoingMessage } from '../../runtime/transport.js';
import { type AmqpConfig, amqp } from '../../runtime/transports/amqp.js';
import { defineCheck, defineValidator } from '../../runtime/validation.js';
import { amqp as program, rabbitmqctl } from '../brokers/amqp.js';
import type { Broker } from '../brokers/broker.js';
import { makeCertificates } from '../brokers/certificates.js';
import { createFaultProxy } from '../brokers/proxy.js';
import { openChannel, opened, readLetters, retag, takeNext, urlOf } from './amqp-client.js';
import { describeWithBroker } from './real-broker.js';

/** Takes connections, and never says a word. */
async function createSilentServer(): Promise<{ readonly port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.add(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port };
}

const anything = () =>
  defineValidator<unknown>(
    {},
    defineCheck(() => true),
  );

function defineCapability(
  name: string,
  idempotent: boolean,
): CapabilityContract<unknown, unknown, Record<never, never>> {
  return { name, idempotent, input: anything(), output: anything(), errors: {} };
}

describeWithBroker('amqp', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await program.start();
  }, 120_000);
  afterAll(() => broker?.close());

  const READ = defineCapability('read', true);
  const WRITE = defineCapability('write', false);
  let agents = 0;
  /** Two agents that no other test knows. */
  const createAgents = () => {
    const number = ++agents;
    const [caller, callee] = [`agent://caller-${number}`, `agent://callee-${number}`] as const;
    return { caller, callee, queue: `agents.callee-${number}.requests` };
  };

  const startBus = async (agent: AgentAddress, config: Partial<AmqpConfig> = {}, more: Partial<BusOptions> = {}) => {
    const bus = await createBus({ agent, transports: [amqp({ url: urlOf(broker.port), ...config })], ...more });
    opened.add(() => bus.stop({ graceMs: 0 }));
    return bus;
  };
  const contractOf = (agent: AgentAddress): Contract => ({
    format: 1,
    agent,
    capabilities: { read: READ, write: WRITE },
  });
  const serveOn = (bus: Bus, run: (input: unknown) => unknown = (input) => input, more: ServeOptions = {}) =>
    serve(bus, contractOf(bus.agent), [implement(READ, run), implement(WRITE, run)], { onError: () => {}, ...more });
  const callOn = (bus: Bus, callee: AgentAddress) => createCall(bus, contractOf(callee), WRITE);

  /** A connection without a bus. */
  const connectTo = async (
    port: number,
    watcher: Partial<ConnectionWatcher> = {},
    config: Partial<AmqpConfig> = {},
  ) => {
    const watched = { lost: () => {}, restored: () => {}, ...watcher };
    const owner = { agent: 'agent://nobody', instance: 'only' } as const;
    const connection = await amqp({ url: urlOf(port), ...config }).connect(owner, watched);
    opened.add(() => connection.close());
    return connection;
  };
  const messageTo = (topic: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
    ...{ topic, kind: 'request', bytes: Buffer.from('{}'), messageId: 'm', correlationId: 'c', ...more },
  });

  test('what is published has its ids, its time to live and its kind in native properties too', async () => {
    const { channel } = await openChannel(broker);
    const queue = 'seen-from-outside';
    await channel.assertQueue(queue);
    const connection = await connectTo(broker.port);
    const bytes = Buffer.from('{"as":"it is"}');
    await connection.publish(messageTo(queue, { bytes, messageId: 'm1', correlationId: 'c1', ttlMs: 59_999.5 }));
    const message = await takeNext(channel, queue);
    expect(message.content.equals(bytes)).toBe(true);
    expect(message.properties).toMatchObject({
      ...{ messageId: 'm1', correlationId: 'c1', expiration: '60000', type: 'request' },
      ...{ contentType: 'application/json', deliveryMode: 2 },
    });
  });

  test('an id that is too long for a native property stands in the envelope alone', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('long-ids');
    const connection = await connectTo(broker.port);
    await connection.publish(messageTo('long-ids', { correlationId: '\u20ac'.repeat(128) }));
    const message = await takeNext(channel, 'long-ids');
    expect(message.properties.correlationId).toBeUndefined();
    expect(message.properties.messageId).toBe('m');
  });

  test('a request that some other client publishes, without any native property, is answered', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    const replies: unknown[] = [];
    await channel.assertQueue('agents.by-hand.responses', { autoDelete: true });
    await channel.consume('agents.by-hand.responses', (message) => {
      replies.push(JSON.parse(String(message?.content)));
    });
    const request = {
      ...{ version: 1, kind: 'request', messageId: 'h1', correlationId: 'hand', from: 'agent://by-hand', to: callee },
      ...{ capability: 'read', replyTo: 'amqp://agents.by-hand.responses', payload: 'hello' },
    };
    channel.publish('', queue, Buffer.from(JSON.stringify(request)));
    await expect.poll(() => replies).toMatchObject([{ causedBy: 'h1', payload: { ok: true, data: 'hello' } }]);
  });

  /** Arrays in arrays, as the bytes of the outermost one. */
  const nest = (levels: number): Buffer => {
    const bytes = Buffer.alloc(5 * levels, 'A');
    for (let level = 0; level < levels; level++) bytes.writeUInt32BE(5 * (levels - level - 1), 5 * level + 1);
    return bytes;
  };
  const undecodable = [
    { what: 'a tag that the driver does not know', value: { '!': 'long', value: 1 }, from: 'l', to: 'L' },
    { what: 'arrays nested 12,000 deep', value: nest(12_000), from: 'x', to: 'A' },
  ];

  test.each(undecodable)('a message with $what in a header costs its reader nothing', async ({ value, from, to }) => {
    const { callee, caller, queue } = createAgents();
    const events: string[] = [];
    const on = { lost: () => events.push('lost'), restored: () => events.push('restored') };
    const came: string[] = [];
    const replies = 'agents.poisoned.responses.only';
    const reader = await connectTo(broker.port, on);
    await reader.subscribe(replies, 'responses', ({ bytes }) => came.push(String(bytes)));
    const bus = await startBus(callee);
    await serveOn(bus);
    const { channel } = await openChannel(broker);
    retag(channel, from, to);
    const headers = { a: value };
    channel.publish('', queue, Buffer.from('poison'), { headers, messageId: 'gone' });
    channel.publish('', replies, Buffer.from('poison'), { headers });
    channel.publish('', replies, Buffer.alloc(0), { headers });
    channel.publish('', replies, Buffer.alloc(200_000, 'x'), { headers });
    channel.publish('', replies, Buffer.from('after'));
    await expect.poll(() => came).toEqual(['poison', '', 'x'.repeat(200_000), 'after']);
    await expect.poll(async () => (await readLetters(broker, queue)).length).toBe(1);
    expect((await readLetters(broker, queue))[0]?.reason).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
    const request = {
      ...{ version: 1, kind: 'request', messageId: 'p1', correlationId: 'hand', from: 'agent://poisoned', to: callee },
      ...{ capability: 'read', replyTo: `amqp://${replies}`, payload: 'good all the same' },
    };
    channel.publish('', queue, Buffer.from(JSON.stringify(request)), { headers });
    await expect.poll(() => came[4]).toContain('"data":"good all the same"');
    expect(await callOn(await startBus(caller), callee)('another')).toBe('another');
    expect(events).toEqual([]);
    expect(bus.health().connected).toBe(true);
  });

  test('a dead letter has the reason in a header, and what it had', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    channel.publish('', queue, Buffer.from('no envelope'), { messageId: 'x1', contentType: 'text/plain' });
    await expect.poll(async () => (await channel.checkQueue(`${queue}.dlq`)).messageCount).toBe(1);
    const letter = await takeNext(channel, `${queue}.dlq`);
    expect(String(letter.content)).toBe('no envelope');
    expect(letter.properties).toMatchObject({ messageId: 'x1', contentType: 'text/plain', deliveryMode: 2 });
    expect(letter.properties.headers?.['x-declaragent-reason']).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
  });

  test('a quorum queue counts, and the one that has had enough is kept with that reason', async () => {
    const queue = 'agents.counted.requests';
    const config = { quorum: true, maxDeliveries: 2 };
    let deliveries = 0;
    await (await connectTo(broker.port, {}, config)).subscribe(queue, 'requests', ({ nack }) => {
      deliveries++;
      void nack();
    });
    await (await connectTo(broker.port)).publish(messageTo(queue));
    await expect.poll(async () => (await readLetters(broker, queue)).length, { timeout: 5_000 }).toBe(1);
    expect(deliveries).toBe(2);
    expect((await readLetters(broker, queue))[0]?.reason).toBe('It was handed out 2 times and never settled.');
  });

  test('what another version of the broker counts counts too', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    channel.publish('', queue, Buffer.from('{}'), { headers: { 'x-acquired-count': 5 } });
    await expect.poll(async () => (await readLetters(broker, queue)).length, { timeout: 5_000 }).toBe(1);
    expect((await readLetters(broker, queue))[0]?.reason).toBe('It was handed out 5 times and never settled.');
  });

  test('a queue that is full answers busy', async () => {
    const queue = 'full-queue';
    await rabbitmqctl(broker, 'set_policy', 'full', '^full-', '{"max-length":1,"overflow":"reject-publish"}');
    const { channel } = await openChannel(broker);
    await channel.assertQueue(queue);
    const connection = await connectTo(broker.port);
    await connection.publish(messageTo(queue));
    const refusal = await connection.publish(messageTo(queue)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'EAGENTRPC_BUSY', executed: 'no', details: { retryAfterMs: 100 } });
  });

  test('a broker that is short of memory answers busy, and is not lost', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('in-need');
    let isLost = false;
    const connection = await connectTo(broker.port, { lost: () => (isLost = true) });
    await rabbitmqctl(broker, 'set_vm_memory_high_watermark', 'absolute', '1MB');
    // The broker tells a connection that it is blocked when that publishes.
    const first = connection.publish(messageTo('in-need'));
    const tryAgain = () => connection.publish(messageTo('in-need')).then(String, (error) => error.code);
    await expect.poll(() => Promise.race([tryAgain(), sleep(100)]), { timeout: 10_000 }).toBe('EAGENTRPC_BUSY');
    const late = await connectTo(broker.port);
    await expect(late.publish(messageTo('in-need'))).rejects.toMatchObject({ code: 'EAGENTRPC_BUSY' });
    await rabbitmqctl(broker, 'set_vm_memory_high_watermark', '0.9');
    await first;
    await expect.poll(() => connection.publish(messageTo('in-need')).then(() => 'taken', String)).toBe('taken');
    expect(isLost).toBe(false);
  });

  test('a message that is too large for the broker costs its sender no other', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('small');
    await rabbitmqctl(broker, 'eval', 'application:set_env(rabbit, max_message_size, 1000).');
    let isLost = false;
    const connection = await connectTo(broker.port, { lost: () => (isLost = true) });
    const large = connection.publish(messageTo('small', { bytes: Buffer.alloc(1_001) }));
    await expect(large).rejects.toMatchObject({
      ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'maybe' },
      message: expect.stringMatching(/larger than configured max size 1000/),
    });
    await rabbitmqctl(broker, 'eval', 'application:set_env(rabbit, max_message_size, 134217728).');
    await expect.poll(() => connection.publish(messageTo('small')).then(() => 'taken', String)).toBe('taken');
    expect(isLost).toBe(false);
  });

  test('a queue that is there with other arguments is said in one sentence', async () => {
    const { callee, queue } = createAgents();
    const { channel } = await openChannel(broker);
    await channel.assertQueue(queue, { arguments: { 'x-max-length': 5 } });
    const bus = await startBus(callee);
    await expect(serveOn(bus)).rejects.toThrow(
      `The queue ${queue} is there already, with another x-max-length than it is declared with; ` +
        'delete it, or set quorum as it was, and limit it by a policy rather than by arguments.',
    );
    expect(bus.health().connected).toBe(true);
  });

  test('a connection comes back when the broker has noticed that the old one is gone', async () => {
    const proxy = await createFaultProxy(broker.port);
    opened.add(() => proxy.close());
    const events: string[] = [];
    const watcher = { lost: () => events.push('lost'), restored: () => events.push('restored') };
    const connection = await connectTo(proxy.port, watcher);
    const topic = 'agents.locked.responses.only';
    const came: string[] = [];
    await connection.subscribe(topic, 'responses', ({ bytes }) => came.push(String(bytes)));
    proxy.cut();
    await expect.poll(() => events).toEqual(['lost']);
    await expect(connection.publish(messageTo(topic))).rejects.toMatchObject({
      ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' },
    });
    const { channel, close } = await openChannel(broker);
    await channel.assertQueue(topic, { exclusive: true });
    proxy.open();
    await sleep(1_000);
    expect(events).toEqual(['lost']);
    await expect(connection.publish(messageTo(topic))).rejects.toThrow(`Another bus reads ${topic}`);
    await close();
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(['lost', 'restored']);
    await connection.publish(messageTo(topic, { kind: 'response', bytes: Buffer.from('after') }));
    await expect.poll(() => came).toEqual(['after']);
  });

  test('a connection that carries nothing is noticed within three heartbeats', async () => {
    const proxy = await createFaultProxy(broker.port);
    opened.add(() => proxy.close());
    const lost: string[] = [];
    const url = `${urlOf(proxy.port)}?heartbeat=1`;
    await connectTo(proxy.port, { lost: ({ message }) => lost.push(message) }, { url });
    proxy.stall();
    const end = `The connection to the AMQP broker at 127.0.0.1:${proxy.port} is lost: Heartbeat timeout.`;
    await expect.poll(() => lost, { timeout: 4_000 }).toEqual([end]);
  });

  test('closing a connection that carries nothing leaves no socket', async () => {
    const proxy = await createFaultProxy(broker.port);
    opened.add(() => proxy.close());
    const connection = await connectTo(proxy.port);
    await connection.subscribe('agents.stalled.requests', 'requests', () => {});
    proxy.stall();
    const start = Date.now();
    await connection.close();
    expect(Date.now() - start).toBeLessThan(4_000);
    await expect.poll(() => proxy.connections()).toBe(0);
  });

  test('services that start and stop on one bus leave no channel', async () => {
    const { callee, caller } = createAgents();
    const bus = await startBus(callee);
    const call = callOn(await startBus(caller), callee);
    const channels = async () => (await rabbitmqctl(broker, 'list_channels', 'pid')).trim().split('\n').length;
    await (await serveOn(bus)).stop();
    await expect.poll(channels).toBe(5);
    for (let round = 0; round < 5; round++) {
      const service = await serveOn(bus);
      expect(await call(round)).toBe(round);
      await service.stop();
    }
    await expect.poll(channels).toBe(5);
  });

  test('credentials, virtual hosts and addresses that are wrong are said in one sentence, without them', async () => {
    const refusal = async (url: string): Promise<string> => {
      const refused = startBus('agent://refused', { url });
      return refused.then(String, (error: Error) => error.message);
    };
    const place = `127.0.0.1:${broker.port}`;
    expect(await refusal(`amqp://guest:s3cret@${place}`)).toBe(
      `The AMQP broker at ${place} refuses the user name or the password.`,
    );
    expect(await refusal(`amqp://guest:guest@${place}/a%2Fb`)).toBe(
      `The AMQP broker at ${place} has no virtual host "a/b" for this user; create it, or set another in the url.`,
    );
    expect(await refusal('amqp://guest:s3cret@127.0.0.1:1')).toBe(
      'The AMQP broker at 127.0.0.1:1 cannot be reached (ECONNREFUSED).',
    );
    expect(await refusal(`amqps://guest:s3cret@${place}`)).toMatch(/^The AMQP broker at .* does not speak TLS/);
    const cut = ['/', '?', '#'].map((sign) => `amqp://s3cret:12${sign}34@host`);
    for (const url of ['guest:s3cret', 'http://guest:s3cret@host', 'amqp://guest:s3cret%@host', ...cut]) {
      const message = await refusal(url);
      expect(message).toMatch(/^The url of the amqp transport must be like /);
      expect(message).not.toContain('s3cret');
    }
  });

  test('permissions that are missing are said at the start', async () => {
    const url = `amqp://limited:secret@127.0.0.1:${broker.port}`;
    await rabbitmqctl(broker, 'add_user', 'limited', 'secret');
    await rabbitmqctl(broker, 'set_permissions', 'limited', '^agents\\.', '^$', '^agents\\.');
    await expect(startBus('agent://limited', { url })).rejects.toThrow(
      `The AMQP broker at 127.0.0.1:${broker.port} does not let this user publish; grant it write on amq.default.`,
    );
    await rabbitmqctl(broker, 'set_permissions', 'limited', '^$', '^amq\\.default$', '^agents\\.');
    await expect(startBus('agent://limited', { url })).rejects.toThrow(
      /^The broker refuses the queue agents\.limited\.responses\.\w+; let the user configure it, and read it\.$/,
    );
    const { callee, caller } = createAgents();
    await rabbitmqctl(broker, 'set_permissions', 'limited', '^agents\\.', '^amq\\.default$', '^agents\\.');
    await serveOn(await startBus(callee, { url }));
    expect(await callOn(await startBus(caller, { url }), callee)('enough')).toBe('enough');
  });

  test('a broker that takes the connection and says nothing is given up', async () => {
    const { port } = await createSilentServer();
    const start = Date.now();
    await expect(connectTo(port)).rejects.toThrow(
      `The AMQP broker at 127.0.0.1:${port} does not answer within 10000 ms.`,
    );
    expect(Date.now() - start).toBeLessThan(12_000);
  });
});

describeWithBroker('amqp', () => {
  let broker: Broker;
  const certificates = makeCertificates();
  beforeAll(async () => {
    broker = await program.start({ user: { name: 'us er', password: 'p@ss/word' }, certificates });
  }, 120_000);
  afterAll(() => broker?.close());

  const connectBy = async (config: Omit<AmqpConfig, 'url'>, user = 'us%20er:p%40ss%2Fword', scheme = 'amqps') => {
    const transport = amqp({ ...config, url: `${scheme}://${user}@127.0.0.1:${broker.port}` });
    const connection = await transport.connect(
      { agent: 'agent://secured', instance: 'only' },
      { lost: () => {}, restored: () => {} },
    );
    await connection.close();
    return 'connected';
  };

  test('TLS and credentials come from the configuration', async () => {
    const tls = { ca: certificates.ca };
    expect(await connectBy({ tls })).toBe('connected');
    expect(await connectBy({ tls: { ca: readFileSync(certificates.ca, 'utf8') } }, undefined, 'amqp')).toBe(
      'connected',
    );
    await expect(connectBy({ tls }, 'us%20er:wrong')).rejects.toThrow(/refuses the user name or the password\.$/);
    await expect(connectBy({})).rejects.toThrow(/has a certificate that is not trusted \([A-Z_]+\); set tls\.ca\.$/);
    await expect(connectBy({}, undefined, 'amqp')).rejects.toThrow(/ends the connection before it is open/);
  });
});
