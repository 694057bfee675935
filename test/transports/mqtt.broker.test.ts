import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { ConnectionWatcher } from '../../runtime/transport.js';
import { type MqttConfig, mqtt } from '../../runtime/transports/mqtt.js';
import type { Broker } from '../brokers/broker.js';
import { makeCertificates } from '../brokers/certificates.js';
import { startMosquitto } from '../brokers/mqtt.js';
import { createFaultProxy, type FaultProxy } from '../brokers/proxy.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';
import { brokerModes } from './broker-modes.js';
import { createRealBroker, describeRealBroker, describeWithBroker } from './real-broker.js';
import { createWebSocketBridge } from './websocket-bridge.js';

const USER = { name: 'agents', password: 'r!ght/@' };
const certificates = makeCertificates();
const REQUESTS = 'agents.pr-reviewer.requests';
/** As others send it: no header of ours, and no deadline. */
const REQUEST = {
  ...{ version: 1, kind: 'request', messageId: 'm1', correlationId: 'c1', from: 'agent://stranger' },
  ...{ to: 'agent://pr-reviewer', capability: 'echo', replyTo: 'mqtt://agents.stranger.responses', payload: 'hello' },
};

const urlOf = ({ port }: { readonly port: number }): string => `mqtt://127.0.0.1:${port}`;

/** What is open, latest last. */
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function openBroker(...[options]: Parameters<typeof startMosquitto>): Promise<Broker> {
  const broker = await startMosquitto(options);
  closers.push(broker.close);
  return broker;
}

async function openProxy(broker: Broker): Promise<FaultProxy> {
  const proxy = await createFaultProxy(broker.port);
  closers.push(proxy.close);
  return proxy;
}

async function open(config: MqttConfig, options: Partial<BusOptions> = {}): Promise<Bus> {
  const bus = await createBus({ agent: 'agent://concierge', transports: [mqtt(config)], ...options });
  closers.push(() => bus.stop({ graceMs: 0 }));
  return bus;
}

async function startReviewer(config: MqttConfig, onEcho = (_input: unknown): void => {}): Promise<Bus> {
  const bus = await open(config, { agent: 'agent://pr-reviewer' });
  await serve(bus, reviewerContract, [
    implement(reviewCapability, () => ({ verdict: 'approve' })),
    implement(echoCapability, (input) => {
      onEcho(input);
      return input;
    }),
  ]);
  return bus;
}

const echoOf = (bus: Bus) => createCall(bus, reviewerContract, echoCapability);

/** A client that has nothing to do with this project. */
async function openRaw({ port }: Broker): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  closers.push(() => client.endAsync(true));
  return client;
}

/** What comes to a topic from now on, whoever else reads it. */
async function listen(broker: Broker, topic: string): Promise<IPublishPacket[]> {
  const client = await openRaw(broker);
  const packets: IPublishPacket[] = [];
  client.on('message', (_, __, packet) => packets.push(packet));
  await client.subscribeAsync(topic, { qos: 1 });
  return packets;
}

/** A connection without a bus. */
async function connectTo(config: MqttConfig, watcher: Partial<ConnectionWatcher> = {}) {
  const owner = { agent: 'agent://concierge', instance: 'one' } as const;
  const connection = await mqtt(config).connect(owner, { lost: () => {}, restored: () => {}, ...watcher });
  closers.push(connection.close);
  return connection;
}

const outgoing = (topic: string, text: string) => ({
  ...{ topic, kind: 'request' as const, bytes: Buffer.from(text), messageId: 'm', correlationId: 'c' },
});

/** How many sessions the broker keeps for clients that are gone, and how many messages for those who come later. */
async function countLeftovers(broker: Broker): Promise<number> {
  // It tells every second.
  await sleep(1_500);
  const client = await openRaw(broker);
  let sessions: number | undefined;
  let messages = 0;
  client.on('message', (topic, payload) => {
    if (topic.startsWith('$SYS')) sessions = Number(payload);
    else messages++;
  });
  // No topic of ours holds a slash.
  await client.subscribeAsync(['+', '$SYS/broker/clients/disconnected']);
  await expect.poll(() => sessions).toBeDefined();
  return messages + (sessions ?? 0);
}

/** A broker that asks who connects. */
let secured: Broker;

const realBroker = createRealBroker({
  ...brokerModes.mqtt,
  createTransport: (way) => mqtt({ url: urlOf(way) }),
  abilitiesOf: (broker) => ({
    leftovers: () => countLeftovers(broker),
    refusedTransport: () => mqtt({ url: urlOf(secured), username: USER.name, password: 'wrong', tls: certificates }),
  }),
});

describeWithBroker('mqtt', () => {
  beforeAll(async () => {
    secured = await startMosquitto({ user: USER, certificates });
  });
  afterAll(() => secured.close());

  describeRealBroker(realBroker, 'mqtt');

  describe('a broker that asks who connects', () => {
    const tls = { ca: certificates.ca };
    const who = { username: USER.name, password: USER.password };

    test('takes the right password over TLS, and calls go through', async () => {
      const config = { url: `mqtts://localhost:${secured.port}`, ...who, tls };
      await startReviewer(config);
      expect(await echoOf(await open(config))('safe')).toBe('safe');
    });

    test('takes the password that stands in the url', async () => {
      const password = encodeURIComponent(USER.password);
      const bus = await open({ url: `mqtt://${USER.name}:${password}@127.0.0.1:${secured.port}`, tls });
      expect(bus.health().connected).toBe(true);
    });

    test('refuses a wrong password, and the reason does not hold it', async () => {
      const refused = open({ url: urlOf(secured), ...who, password: 'wr0ng', tls });
      await expect(refused).rejects.toThrow(
        `There is no connection to the MQTT broker at mqtt://127.0.0.1:${secured.port}: the broker said Not authorized (135).`,
      );
      await expect(refused).rejects.not.toThrow(/wr0ng/);
    });

    test('is not trusted where its authority is not', async () => {
      await expect(open({ url: urlOf(secured), ...who, tls: true })).rejects.toThrow(
        /^There is no connection.*certificate/,
      );
    });

    test('is not trusted under another name', async () => {
      const named = { ...tls, servername: 'elsewhere.example' };
      await expect(open({ url: urlOf(secured), ...who, tls: named })).rejects.toThrow(/elsewhere\.example/);
    });

    test('is said to be lost where it is spoken to without TLS', async () => {
      await expect(open({ url: urlOf(secured), ...who })).rejects.toThrow(/(?:it was closed|ECONNRESET)\.$/);
    });

    test('is told who the client is by a certificate', async () => {
      const settings = [`cafile ${certificates.ca}`, 'require_certificate true'];
      const broker = await openBroker({ certificates, settings });
      await expect(open({ url: urlOf(broker), tls })).rejects.toThrow(/^There is no connection/);
      expect((await open({ url: urlOf(broker), tls: certificates })).health().ready).toBe(true);
    });
  });

  describe('permissions', () => {
    test('that are missing to publish are said by the call, which has not run', async () => {
      const permissions = [`user ${USER.name}`, 'topic readwrite agents.concierge.responses.one'];
      // Where it is unlimited, this version ends the connection of those whom it denies something.
      const broker = await openBroker({ user: USER, permissions, settings: ['max_queued_messages 1000'] });
      const config = { url: urlOf(broker), username: USER.name, password: USER.password };
      const bus = await open(config, { instance: 'one' });
      expect(await echoOf(bus).outcome('x')).toMatchObject({
        ...{ status: 'error', executed: 'no' },
        error: { code: 'EAGENTRPC_PUBLISH_FAILED', message: expect.stringContaining('Not authorized (135)') },
      });
      expect(bus.health().connected).toBe(true);
    });
  });

  describe('WebSockets', () => {
    test.each(['ws', 'wss'])('carry calls, a frame for what is sent at once: %s', async (scheme) => {
      const broker = await openBroker();
      const bridge = await createWebSocketBridge(broker.port, scheme === 'wss' ? certificates : undefined);
      closers.push(bridge.close);
      const url = `${scheme}://localhost:${bridge.port}/mqtt`;
      const config = { url, ...(scheme === 'wss' && { tls: { ca: certificates.ca } }) };
      await startReviewer(config);
      const bus = await open(config);
      const before = bridge.frames();
      expect(await echoOf(bus)('x'.repeat(100_000))).toHaveLength(100_000);
      // A request, its confirmation with the answer, and the confirmation of that.
      expect(bridge.frames() - before).toBeLessThan(20);
    });

    test('that nobody answers are said at the start', async () => {
      const broker = await openBroker();
      await expect(open({ url: `ws://127.0.0.1:${broker.port}` })).rejects.toThrow(
        /^There is no connection to the MQTT/,
      );
    });
  });

  describe('a message', () => {
    test('is the envelope and nothing else, and says in properties what brokers know', async () => {
      const broker = await openBroker();
      const seen = await listen(broker, REQUESTS);
      await startReviewer({ url: urlOf(broker) });
      const bus = await open({ url: urlOf(broker) }, { instance: 'one' });
      const answers = await listen(broker, 'agents.concierge.responses.one');
      await echoOf(bus)('hello', { correlationId: 'c1', timeoutMs: 1_200 });
      const [request] = seen;
      const envelope = JSON.parse(String(request?.payload));
      expect(envelope).toMatchObject({ capability: 'echo', correlationId: 'c1', payload: 'hello' });
      expect(`mqtt://${request?.properties?.responseTopic}`).toBe(envelope.replyTo);
      expect(String(request?.properties?.correlationData)).toBe('c1');
      expect(request?.properties?.messageExpiryInterval).toBe(2);
      await expect.poll(() => answers.length).toBe(1);
      expect(String(answers[0]?.properties?.correlationData)).toBe('c1');
    });

    test('of a stranger needs no properties', async () => {
      const broker = await openBroker();
      const answers = await listen(broker, 'agents.stranger.responses');
      await startReviewer({ url: urlOf(broker) });
      const args = ['-h', '127.0.0.1', '-p', String(broker.port), '-t', REQUESTS];
      execFileSync('mosquitto_pub', [...args, '-q', '0', '-m', JSON.stringify(REQUEST)]);
      await expect.poll(() => answers.length).toBe(1);
      expect(JSON.parse(String(answers[0]?.payload)).payload).toEqual({ ok: true, data: 'hello' });
    });

    test('that the broker has held for longer than it was good for does not run', async () => {
      const broker = await openBroker();
      const answers = await listen(broker, 'agents.stranger.responses');
      const inputs: unknown[] = [];
      await startReviewer({ url: urlOf(broker) }, (input) => inputs.push(input));
      const raw = await openRaw(broker);
      for (const [left, input] of [[3, 'late'] as const, [9, 'early'] as const]) {
        const request = { ...REQUEST, messageId: input, headers: { 'x-declaragent-ttl-ms': '5000' }, payload: input };
        await raw.publishAsync(REQUESTS, JSON.stringify(request), {
          qos: 1,
          properties: { messageExpiryInterval: left, userProperties: { 'x-declaragent-expiry-s': '10' } },
        });
      }
      await expect.poll(() => answers.length).toBe(2);
      expect(inputs).toEqual(['early']);
      expect(JSON.parse(String(answers[0]?.payload)).payload.error.code).toBe('EAGENTRPC_DEADLINE_EXCEEDED');
    });

    test('that the broker has kept does not run at each start', async () => {
      const broker = await openBroker();
      const raw = await openRaw(broker);
      await raw.publishAsync(REQUESTS, JSON.stringify(REQUEST), { qos: 1, retain: true });
      await raw.publishAsync('agents.concierge.responses.one', 'kept', { qos: 1, retain: true });
      const inputs: unknown[] = [];
      const reviewer = await startReviewer({ url: urlOf(broker) }, (input) => inputs.push(input));
      const bus = await open({ url: urlOf(broker) }, { instance: 'one' });
      expect(await echoOf(bus)('call')).toBe('call');
      expect(inputs).toEqual(['call']);
      expect([bus.health().refused, reviewer.health().refused]).toEqual([0, 0]);
    });

    test('that is larger than what the broker takes is refused before it is sent', async () => {
      const broker = await openBroker({ settings: ['max_packet_size 20000'] });
      await startReviewer({ url: urlOf(broker) });
      const bus = await open({ url: urlOf(broker) });
      expect(await echoOf(bus).outcome('x'.repeat(30_000))).toMatchObject({
        executed: 'no',
        error: { code: 'EAGENTRPC_TOO_LARGE', details: { limit: 'bytes', max: 20_000 } },
      });
      const fits = 'x'.repeat(19_000);
      expect(await echoOf(bus)(fits)).toBe(fits);
    });
  });

  describe('a connection', () => {
    test('makes calls wait where the broker takes one message at a time', async () => {
      const broker = await openBroker({ settings: ['max_inflight_messages 1'] });
      await startReviewer({ url: urlOf(broker) });
      const echo = echoOf(await open({ url: urlOf(broker) }));
      const inputs = Array.from({ length: 200 }, (_, index) => index);
      expect(await Promise.all(inputs.map((input) => echo(input)))).toEqual(inputs);
    });

    test('that is lost sends nothing again of what was not confirmed', async () => {
      const broker = await openBroker();
      const proxy = await openProxy(broker);
      const seen = await listen(broker, REQUESTS);
      let restored = 0;
      const connection = await connectTo({ url: urlOf(proxy) }, { restored: () => restored++ });
      proxy.stall('toBroker');
      const ends = [1, 2, 3].map((number) => connection.publish(outgoing(REQUESTS, `held ${number}`)).catch(String));
      await sleep(50);
      proxy.cut();
      for (const end of await Promise.all(ends)) expect(end).toMatch(/before the broker had confirmed/);
      await expect(connection.publish(outgoing(REQUESTS, 'lost'))).rejects.toMatchObject({ executed: 'no' });
      proxy.open();
      await expect.poll(() => restored, { timeout: 5_000 }).toBe(1);
      await connection.publish(outgoing(REQUESTS, 'again'));
      await expect.poll(() => seen.length).toBe(1);
      await sleep(100);
      expect(seen.map(({ payload }) => String(payload))).toEqual(['again']);
    });

    test('that is half open is noticed within two heartbeats, and comes back', async () => {
      const broker = await openBroker();
      const proxy = await openProxy(broker);
      const seen: string[] = [];
      const watcher = { lost: (error: Error) => seen.push(error.message), restored: () => seen.push('restored') };
      await connectTo({ url: urlOf(proxy) }, watcher);
      proxy.stall();
      await expect.poll(() => seen.length, { timeout: 11_000 }).toBe(1);
      expect(seen[0]).toMatch(/is lost: the broker does not answer any more\.$/);
      proxy.open();
      await expect.poll(() => seen[1], { timeout: 15_000 }).toBe('restored');
    });

    test('closes within a second or two where the broker is deaf', async () => {
      const broker = await openBroker();
      const proxy = await openProxy(broker);
      const connection = await connectTo({ url: urlOf(proxy) });
      await connection.subscribe('agents.concierge.responses.one', 'responses', () => {});
      proxy.stall();
      const end = connection.publish(outgoing(REQUESTS, 'held')).catch(String);
      const start = Date.now();
      await connection.close();
      expect(Date.now() - start).toBeLessThan(3_000);
      expect(await end).toMatch(/before the broker had confirmed/);
      await expect(connection.publish(outgoing(REQUESTS, 'x'))).rejects.toThrow('The mqtt connection is closed.');
    });

    test('of a name that is taken is refused, and the one that has the name goes on', async () => {
      const broker = await openBroker();
      await startReviewer({ url: urlOf(broker) });
      const bus = await open({ url: urlOf(broker) }, { instance: 'one' });
      await expect(open({ url: urlOf(broker) }, { instance: 'one' })).rejects.toThrow(/instance name of its own/);
      expect(await echoOf(bus)('still here')).toBe('still here');
      expect(bus.health()).toMatchObject({ connected: true, late: 0, refused: 0 });
      await bus.stop();
      expect(await echoOf(await open({ url: urlOf(broker) }, { instance: 'one' }))('next')).toBe('next');
    });
  });
});
