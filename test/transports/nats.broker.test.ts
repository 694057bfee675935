import { connect as connectRaw } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { Connection } from '../../runtime/transport.js';
import { type NatsConfig, nats } from '../../runtime/transports/nats.js';
import type { Broker } from '../brokers/broker.js';
import { makeCertificates } from '../brokers/certificates.js';
import { monitorOf, nats as program, startNats } from '../brokers/nats.js';
import { createFaultProxy } from '../brokers/proxy.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';
import { brokerModes } from './broker-modes.js';
import { createRealBroker, describeRealBroker, describeWithBroker } from './real-broker.js';

const serverAt = ({ port }: { readonly port: number }): Pick<NatsConfig, 'servers'> => ({
  servers: [`127.0.0.1:${port}`],
});

const USER = { name: 'agents', password: 'right' };
const certificates = makeCertificates();
/** A server that asks who connects. */
let secured: Broker;

const buses: Bus[] = [];
afterEach(async () => {
  await Promise.all(buses.splice(0).map((bus) => bus.stop()));
});

async function open(agent: BusOptions['agent'], config: NatsConfig): Promise<Bus> {
  const bus = await createBus({ agent, transports: [nats(config)] });
  buses.push(bus);
  return bus;
}

async function startReviewer(config: NatsConfig): Promise<Bus> {
  const bus = await open('agent://pr-reviewer', config);
  await serve(bus, reviewerContract, [
    implement(reviewCapability, () => ({ verdict: 'approve' })),
    implement(echoCapability, (input) => input),
  ]);
  return bus;
}

const echoOf = (bus: Bus) => createCall(bus, reviewerContract, echoCapability);

/** How many subscriptions the server has that have to do with instances called `doomed`. */
async function countSubscriptions(broker: Broker): Promise<number> {
  const answer = await fetch(`${monitorOf(broker)}/connz?subs=1`);
  const { connections } = (await answer.json()) as { connections: { subscriptions_list?: string[] }[] };
  const subjects = connections.flatMap(({ subscriptions_list = [] }) => subscriptions_list);
  return subjects.filter((subject) => subject.includes('doomed')).length;
}

const core = createRealBroker({
  ...brokerModes.nats,
  createTransport: (way) => nats(serverAt(way)),
  abilitiesOf: (broker) => ({
    leftovers: () => countSubscriptions(broker),
    refusedTransport: () => nats({ ...serverAt(secured), user: USER.name, password: 'wrong' }),
  }),
});

describeWithBroker('nats', () => {
  beforeAll(async () => {
    secured = await program.start({ user: USER, certificates });
  });
  afterAll(() => secured.close());

  describeRealBroker(core, 'nats');

  describe('a server that asks who connects', () => {
    test('takes the right password over TLS, and calls go through', async () => {
      const config = { ...serverAt(secured), user: USER.name, password: USER.password, tls: { ca: certificates.ca } };
      await startReviewer(config);
      expect(await echoOf(await open('agent://concierge', config))('safe')).toBe('safe');
    });

    test.each([
      [
        'a wrong password',
        { user: USER.name, password: 'wrong' },
        /^NATS at 127\.0\.0\.1:\d+ refuses the credentials\.$/,
      ],
      ['no password', {}, /^NATS at 127\.0\.0\.1:\d+ refuses the credentials\.$/],
      ['a token', { token: 's3cret-token' }, /^NATS at 127\.0\.0\.1:\d+ refuses the credentials\.$/],
    ])('refuses %s in one sentence', async (_, credentials, sentence) => {
      const config = { ...serverAt(secured), tls: { ca: certificates.ca }, ...credentials };
      await expect(open('agent://concierge', config)).rejects.toThrow(sentence);
    });

    test('whose certificate nobody has signed that is trusted is not told the password', async () => {
      const config = { ...serverAt(secured), user: USER.name, password: USER.password, tls: true };
      await expect(open('agent://concierge', config)).rejects.toThrow(/^NATS at .* cannot be reached: .*certificate/);
    });

    test('and takes no TLS is not told the password either', async () => {
      const plain = await startNats();
      try {
        const config = { ...serverAt(plain), user: USER.name, password: USER.password, tls: true };
        await expect(open('agent://concierge', config)).rejects.toThrow(/does not support 'tls'/);
      } finally {
        await plain.close();
      }
    });
  });

  describe('a server that lets an agent do less than it wants', () => {
    const permissions = 'permissions: { publish: ["agents.concierge.>"], subscribe: ["agents.concierge.>"] }';
    let strict: Broker;
    beforeAll(async () => {
      strict = await startNats(`authorization { users: [{ user: concierge, password: right, ${permissions} }] }`);
    });
    afterAll(() => strict.close());
    const config = (): NatsConfig => ({ ...serverAt(strict), user: 'concierge', password: 'right' });

    test('refuses a call that it may not make, which has not run', async () => {
      const caller = await open('agent://concierge', config());
      expect(await echoOf(caller).outcome('x', { timeoutMs: 5_000 })).toMatchObject({
        status: 'error',
        executed: 'no',
        error: {
          code: 'EAGENTRPC_PUBLISH_FAILED',
          message: 'The NATS server does not let this agent publish to agents.pr-reviewer.requests.',
        },
      });
    });

    test('refuses an inbox that it may not read, when it is to be served', async () => {
      await expect(startReviewer(config())).rejects.toThrow(/does not let this agent (?:read|publish)/);
    });

    test('needs to allow no more than the subjects of the agent', async () => {
      const caller = await open('agent://concierge', config());
      expect(caller.health()).toMatchObject({ connected: true, ready: true });
    });
  });

  describe('a server', () => {
    let broker: Broker;
    beforeAll(async () => {
      broker = await program.start();
    });
    afterAll(() => broker.close());

    test('that is not there is said in one sentence, without what the address holds', async () => {
      const config = { servers: ['nats://name:s3cret@127.0.0.1:1'] };
      await expect(open('agent://concierge', config)).rejects.toThrow(
        /^NATS at 127\.0\.0\.1:1 cannot be reached: connection refused\.$/,
      );
    });

    test.each([
      ['nats://127.0.0.1:1?token=s3cret', /^NATS at 127\.0\.0\.1:1 cannot be reached: connection refused\.$/],
      ['nats://127.0.0.1:s3cret', /^servers\[0\] of the NATS transport is not host:port\.$/],
    ])('that is at %s is said without the secret', async (server, sentence) => {
      await expect(open('agent://concierge', { servers: [server] })).rejects.toThrow(sentence);
    });

    test('keeps a connection by which somebody is to be answered at a subject that is too long', async () => {
      const changes: string[] = [];
      const watcher = { lost: ({ message }: Error) => changes.push(message), restored: () => changes.push('restored') };
      const owner = { agent: 'agent://concierge', instance: 'one' } as const;
      const connection = await nats(serverAt(broker)).connect(owner, watcher);
      try {
        const topic = `agents.evil.responses.${'a'.repeat(20_000)}`;
        const ids = { messageId: 'm1', correlationId: 'c1' };
        const answer = { ...ids, topic, kind: 'response', bytes: Buffer.from('x') } as const;
        await expect(connection.publish(answer)).rejects.toMatchObject({ code: 'EAGENTRPC_PUBLISH_FAILED' });
        await connection.publish({ ...answer, topic: topic.slice(0, 1_024) });
        expect(changes).toEqual([]);
      } finally {
        await connection.close();
      }
    });

    test('that is one of several and is not there is passed over', async () => {
      const bus = await open('agent://concierge', { servers: ['127.0.0.1:1', ...serverAt(broker).servers] });
      expect(bus.health().connected).toBe(true);
    });

    test('lets an agent call itself', async () => {
      const bus = await startReviewer(serverAt(broker));
      expect(await echoOf(bus)('to myself')).toBe('to myself');
    });

    test('lets one read several buses of one process', async () => {
      const reviewer = await startReviewer(serverAt(broker));
      const others = await Promise.all([1, 2, 3].map(() => open('agent://concierge', serverAt(broker))));
      expect(await Promise.all(others.map((bus, index) => echoOf(bus)(index)))).toEqual([0, 1, 2]);
      expect(reviewer.health().refused).toBe(0);
    });

    test('brings the bytes of a client that knows nothing but the subject, and its answer', async () => {
      await startReviewer(serverAt(broker));
      const client = await connectRaw({ servers: serverAt(broker).servers as string[] });
      try {
        const answers = client.subscribe('agents.stranger.responses');
        const request = {
          ...{ version: 1, kind: 'request', messageId: 'm1', correlationId: 'c1', from: 'agent://stranger' },
          ...{ to: 'agent://pr-reviewer', capability: 'echo', payload: 'bare' },
        };
        client.publish('agents.pr-reviewer.requests', JSON.stringify(request));
        for await (const answer of answers) {
          expect(answer.json()).toMatchObject({ causedBy: 'm1', payload: { ok: true, data: 'bare' } });
          break;
        }
      } finally {
        await client.close();
      }
    });

    test('that an empty message comes by is refused it, and serves on', async () => {
      const reviewer = await startReviewer(serverAt(broker));
      const client = await connectRaw({ servers: serverAt(broker).servers as string[] });
      client.publish('agents.pr-reviewer.requests');
      await client.flush();
      await client.close();
      await expect.poll(() => reviewer.health().refused).toBe(1);
      expect(await echoOf(await open('agent://concierge', serverAt(broker)))('next')).toBe('next');
    });

    test('that takes less than the runtime does says so before anything is sent', async () => {
      const small = await startNats('max_payload: 1000');
      try {
        const caller = await open('agent://concierge', serverAt(small));
        expect(await echoOf(caller).outcome('x'.repeat(1_000))).toMatchObject({
          executed: 'no',
          error: { code: 'EAGENTRPC_TOO_LARGE' },
        });
      } finally {
        await small.close();
      }
    });

    test('has nothing of a bus that has stopped', async () => {
      const bus = await createBus({
        agent: 'agent://concierge',
        transports: [nats(serverAt(broker))],
        instance: 'doomed',
      });
      expect(await countSubscriptions(broker)).toBeGreaterThan(0);
      await bus.stop();
      await expect.poll(() => countSubscriptions(broker)).toBe(0);
    });

    test('that is not heard any more is noticed by its pings, and heard again', async () => {
      const proxy = await createFaultProxy(broker.port);
      const changes: string[] = [];
      let connection: Connection | undefined;
      try {
        connection = await nats(serverAt(proxy)).connect(
          { agent: 'agent://concierge', instance: 'deaf' },
          { lost: ({ message }) => changes.push(message), restored: () => changes.push('restored') },
        );
        proxy.stall();
        await expect.poll(() => changes, { timeout: 20_000 }).toEqual(['The NATS server answers no more.']);
        proxy.open();
        await expect.poll(() => changes.at(-1), { timeout: 20_000 }).toBe('restored');
        expect(changes).toHaveLength(2);
      } finally {
        await connection?.close();
        await proxy.close();
      }
    });

    test('that takes a connection and says nothing is given up, and nothing is left of it', async () => {
      const proxy = await createFaultProxy(broker.port);
      proxy.stall();
      try {
        await expect(open('agent://concierge', serverAt(proxy))).rejects.toThrow(/does not answer within \d+ ms\.$/);
        await expect.poll(() => proxy.connections()).toBe(0);
      } finally {
        await proxy.close();
      }
    });
  });
});
