import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AmqpConfig, amqp } from '../../runtime/transports/amqp.js';
import { amqp as program, rabbitmqctl } from '../brokers/amqp.js';
import type { Broker } from '../brokers/broker.js';
import { makeCertificates } from '../brokers/certificates.js';
import { createFaultProxy } from '../brokers/proxy.js';
import { openChannel, opened, urlOf } from './amqp-client.js';
import { createAmqpStage } from './amqp-stage.js';
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

describeWithBroker('amqp', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await program.start();
  }, 120_000);
  afterAll(() => broker?.close());
  const { createAgents, startBus, serveOn, callOn, connectTo, messageTo } = createAmqpStage(() => broker);

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

  test('a connection that is lost while a queue is to be read is what is said', async () => {
    const proxy = await createFaultProxy(broker.port);
    opened.add(() => proxy.close());
    const connection = await connectTo(proxy.port);
    proxy.stall('toClient');
    const subscribed = connection.subscribe('agents.lost.requests', 'requests', () => {});
    setTimeout(() => proxy.cut(), 100);
    await expect(subscribed).rejects.toThrow(/^The connection to the AMQP broker at 127\.0\.0\.1:\d+ is lost: .*\S\.$/);
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
    await expect(connectBy({ tls: { ...tls, servername: 'another.internal' } })).rejects.toThrow(
      /has a certificate for another name \(ERR_TLS_CERT_ALTNAME_INVALID\); set tls\.servername to that\.$/,
    );
    await expect(connectBy({}, undefined, 'amqp')).rejects.toThrow(/ends the connection before it is open/);
  });
});
