import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectRaw, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, type BusOptions, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { DeadLetter } from '../../runtime/testing/index.js';
import { type NatsConfig, nats } from '../../runtime/transports/nats.js';
import type { Broker } from '../brokers/broker.js';
import { startNats } from '../brokers/nats.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';
import { brokerModes } from './broker-modes.js';
import { createRealBroker, describeRealBroker, describeWithBroker } from './real-broker.js';

/** So that what a receiver had that died comes again soon. */
const REDELIVER_AFTER_MS = 1_000;

const configOf = ({ port }: { readonly port: number }): NatsConfig => ({
  servers: [`127.0.0.1:${port}`],
  jetstream: true,
  redeliverAfterMs: REDELIVER_AFTER_MS,
});

async function manage<T>(
  broker: Broker,
  act: (manager: JetStreamManager, client: NatsConnection) => Promise<T>,
): Promise<T> {
  const client = await connectRaw({ servers: `127.0.0.1:${broker.port}` });
  try {
    return await act(await jetstreamManager(client), client);
  } finally {
    await client.close();
  }
}

/** Default subjects have no underscore, so that this is the name of their stream. */
const streamOf = (subject: string): string => subject.replaceAll('.', '_');

interface Letter extends DeadLetter {
  readonly headers: Readonly<Record<string, string>>;
}

async function readDeadLetters(broker: Broker, subject: string): Promise<Letter[]> {
  return manage(broker, async (manager) => {
    const stream = streamOf(`${subject}.dlq`);
    const letters: Letter[] = [];
    const { state } = await manager.streams.info(stream).catch(() => ({ state: { messages: 0, first_seq: 1 } }));
    for (let seq = state.first_seq; seq < state.first_seq + state.messages; seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      if (message === null) continue;
      const headers = Object.fromEntries([...message.header].map(([name, [value = '']]) => [name, value]));
      letters.push({ topic: subject, bytes: message.data, reason: headers['x-declaragent-reason'] ?? '', headers });
    }
    return letters;
  });
}

async function countHeld(broker: Broker, subject: string): Promise<number> {
  return manage(broker, async (manager) => (await manager.streams.info(streamOf(subject))).state.messages);
}

const jetstream = createRealBroker({
  ...brokerModes.JetStream,
  createTransport: (way) => nats(configOf(way)),
  slownessMs: 2 * REDELIVER_AFTER_MS,
  abilitiesOf: (broker) => ({
    deleteTopic: async (topic) => void (await manage(broker, ({ streams }) => streams.delete(streamOf(topic)))),
    deadLetters: (topic) => readDeadLetters(broker, topic),
  }),
});

describe('JetStream', () => {
  describeRealBroker(jetstream, 'nats');

  describeWithBroker('nats', () => {
    const REQUESTS = 'agents.pr-reviewer.requests';
    let broker: Broker;
    beforeAll(async () => {
      broker = await startNats('jetstream { store_dir: "jetstream" }');
    });
    afterAll(() => broker.close());

    const buses: Bus[] = [];
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.stop({ graceMs: 0 })));
      await manage(broker, async ({ streams }) => {
        for (const name of await streams.names().next()) await streams.delete(name);
      });
    });

    const open = async (agent: BusOptions['agent'], more: Partial<NatsConfig> = {}): Promise<Bus> => {
      const bus = await createBus({ agent, transports: [nats({ ...configOf(broker), ...more })] });
      buses.push(bus);
      return bus;
    };
    const startReviewer = async (
      echo: (input: unknown) => unknown = (input) => input,
      more: Partial<NatsConfig> = {},
    ): Promise<Bus> => {
      const bus = await open('agent://pr-reviewer', more);
      await serve(
        bus,
        reviewerContract,
        [implement(reviewCapability, () => ({ verdict: 'approve' })), implement(echoCapability, echo)],
        { onError: () => {} },
      );
      return bus;
    };
    const echoOf = (bus: Bus) => createCall(bus, reviewerContract, echoCapability);
    const reviewOf = (bus: Bus) => createCall(bus, reviewerContract, reviewCapability);

    test('holds a request until a receiver is there again', async () => {
      await (await startReviewer()).stop();
      const call = reviewOf(await open('agent://concierge'))({ prUrl: 'x' }, { timeoutMs: 10_000 });
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(1);
      await startReviewer();
      expect(await call).toEqual({ verdict: 'approve' });
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
    });

    test('fault 3: a request whose time is up while nobody reads never runs', async () => {
      let runs = 0;
      await (await startReviewer()).stop();
      const caller = await open('agent://concierge');
      expect(await echoOf(caller).outcome('late', { timeoutMs: 300 })).toMatchObject({ status: 'timeout' });
      await startReviewer(() => ++runs);
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
      expect(runs).toBe(0);
    });

    test('holds it through a restart of the server', async () => {
      await (await startReviewer()).stop();
      const notifier = await open('agent://concierge');
      await reviewOf(notifier).notify({ prUrl: 'x' });
      await notifier.stop();
      await broker.kill();
      await broker.restart();
      expect(await countHeld(broker, REQUESTS)).toBe(1);
      await startReviewer();
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
    });

    test('hands out nothing again of what a living receiver takes long for', async () => {
      let runs = 0;
      const slow = async (): Promise<number> => {
        runs++;
        await sleep(3 * REDELIVER_AFTER_MS);
        return runs;
      };
      const bus = await open('agent://pr-reviewer');
      const idempotent = { ...echoCapability, idempotent: true };
      await serve(bus, { ...reviewerContract, capabilities: { echo: idempotent } }, [implement(idempotent, slow)]);
      expect(await echoOf(await open('agent://concierge'))('x', { timeoutMs: 10_000 })).toBe(1);
      expect(runs).toBe(1);
    });

    test('keeps what is refused as it came, with its headers and the reason', async () => {
      await startReviewer();
      await manage(broker, async (_, client) => {
        const { headers } = await import('@nats-io/transport-node');
        const own = headers();
        own.set('x-own', 'kept');
        client.publish(REQUESTS, 'no envelope', { headers: own });
        await client.flush();
      });
      await expect.poll(() => readDeadLetters(broker, REQUESTS)).toHaveLength(1);
      const [letter] = await readDeadLetters(broker, REQUESTS);
      expect(letter && Buffer.from(letter.bytes).toString()).toBe('no envelope');
      expect(letter?.headers).toMatchObject({ 'x-own': 'kept' });
      expect(letter?.reason).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
      expect(await countHeld(broker, REQUESTS)).toBe(0);
    });

    test('keeps what is refused without the headers that servers obey', async () => {
      await startReviewer();
      await manage(broker, async (_, client) => {
        const { headers } = await import('@nats-io/transport-node');
        const own = headers();
        own.set('Nats-Expected-Stream', streamOf(REQUESTS));
        own.append('nats-ttl', 'never');
        own.set('x-own', 'kept');
        client.publish(REQUESTS, 'no envelope', { headers: own });
        await client.flush();
      });
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
      const letters = await readDeadLetters(broker, REQUESTS);
      expect(letters.map(({ headers }) => Object.keys(headers))).toEqual([['x-own', 'x-declaragent-reason']]);
    });

    test('keeps the start of what is refused and as long as the server takes', async () => {
      await startReviewer();
      const length = await manage(broker, async (_, client) => {
        const longest = Buffer.alloc(client.info?.max_payload ?? 0, 'a');
        client.publish(REQUESTS, longest);
        await client.flush();
        return longest.length;
      });
      await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
      const letters = await readDeadLetters(broker, REQUESTS);
      expect(letters.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['a'.repeat(1_024)]);
      expect(letters[0]?.reason).toContain(`(No more than 1024 of its ${length} bytes could be kept.)`);
    });

    test('keeps what is refused and has headers that nobody can read', async () => {
      await startReviewer();
      const socket = createConnection(broker.port, '127.0.0.1');
      const block = 'NATS/1.0\r\na blank: x\r\n\r\n';
      const sizes = `${block.length} ${block.length + 4}`;
      socket.write(`CONNECT {"headers":true,"verbose":false}\r\nHPUB ${REQUESTS} ${sizes}\r\n${block}junk\r\nPING\r\n`);
      try {
        await expect.poll(() => readDeadLetters(broker, REQUESTS)).toHaveLength(1);
        await expect.poll(() => countHeld(broker, REQUESTS)).toBe(0);
      } finally {
        socket.destroy();
      }
    });

    test('drops what dead letters never take, with a warning', async () => {
      const warnings: string[] = [];
      const note = ({ message }: Error): void => void warnings.push(message);
      process.on('warning', note);
      try {
        await manage(broker, async ({ streams }) => {
          const limits = { retention: 'limits', discard: 'new', max_msg_size: 10 } as const;
          await streams.add({ name: 'tiny', subjects: [`${REQUESTS}.dlq`], ...limits });
        });
        await startReviewer(undefined, { maxDeliveries: 1 });
        await manage(broker, async (_, client) => {
          client.publish(REQUESTS, 'no envelope');
          await client.flush();
        });
        await expect.poll(() => countHeld(broker, REQUESTS), { timeout: 15_000 }).toBe(0);
        const ours = warnings.filter((text) => text.startsWith('A message is dropped'));
        expect(ours).toHaveLength(1);
        expect(ours[0]).toContain(`that ${REQUESTS}.dlq does not take: The stream does not take it: `);
      } finally {
        process.off('warning', note);
      }
    });

    test('says of a call to an agent that was never served that nobody listens', async () => {
      const caller = await open('agent://concierge');
      expect(await echoOf(caller).outcome('x')).toMatchObject({ error: { code: 'EAGENTRPC_NO_RESPONDER' } });
    });

    test('says busy when the stream is full, and takes a stream as an operator has made it', async () => {
      await manage(broker, async ({ streams }) => {
        const limits = { retention: 'workqueue', discard: 'new', max_msgs: 1 } as const;
        await streams.add({ name: 'reviews', subjects: ['agents.pr-reviewer.*'], ...limits });
      });
      const caller = await open('agent://concierge');
      const held = reviewOf(caller)({ prUrl: 'x' }, { timeoutMs: 10_000 });
      await sleep(50);
      expect(await reviewOf(caller).outcome({ prUrl: 'y' })).toMatchObject({ status: 'busy', executed: 'no' });
      await startReviewer();
      expect(await held).toEqual({ verdict: 'approve' });
      expect(await manage(broker, async ({ streams }) => streams.names().next())).not.toContain(streamOf(REQUESTS));
    });

    test('takes calls from callers that know nothing of streams', async () => {
      await startReviewer();
      expect(await echoOf(await open('agent://concierge', { jetstream: false }))('plain')).toBe('plain');
    });

    test('lets an agent call itself', async () => {
      expect(await echoOf(await startReviewer())('to myself')).toBe('to myself');
    });

    test('takes another number of deliveries from an instance that is started later', async () => {
      await startReviewer();
      await startReviewer((input) => input, { maxDeliveries: 2, redeliverAfterMs: 2_000 });
      expect(await echoOf(await open('agent://concierge'))('x')).toBe('x');
    });

    test('keeps the names of streams apart where subjects differ by a dot alone', async () => {
      const subjects = ['a.b', 'a_b'];
      const served = subjects.map((requests) => startReviewer(undefined, { subjects: { requests } }));
      await Promise.all(served);
      const names = await manage(broker, async ({ streams }) => streams.names().next());
      // Each has one for requests, one for dead letters and one for what is taken.
      expect(names).toHaveLength(6);
    });

    test('needs no more permissions than are documented', async () => {
      const api = [
        '$JS.API.INFO',
        '$JS.API.STREAM.NAMES',
        '$JS.API.STREAM.CREATE.*',
        '$JS.API.STREAM.MSG.GET.*',
        '$JS.API.CONSUMER.>',
        '$JS.ACK.>',
      ];
      const userOf = (id: string, publish: readonly string[]): string => {
        const allow = JSON.stringify([`agents.${id}.>`, ...publish]);
        return `{ user: ${id}, password: right, permissions: { publish: ${allow}, subscribe: "agents.${id}.>" } }`;
      };
      const users = [
        userOf('pr-reviewer', ['agents.*.responses.>', ...api]),
        userOf('concierge', [REQUESTS, '$JS.API.INFO']),
      ];
      const strict = await startNats(
        `jetstream { store_dir: "jetstream" }\nauthorization { users: [${users.join(', ')}] }`,
      );
      try {
        const at = { ...configOf(strict), password: 'right' };
        await startReviewer(undefined, { ...at, user: 'pr-reviewer' });
        expect(await echoOf(await open('agent://concierge', { ...at, user: 'concierge' }))('x')).toBe('x');
      } finally {
        await Promise.all(buses.splice(0).map((bus) => bus.stop()));
        await strict.close();
      }
    });

    test('is missed at the start where a server has none', async () => {
      const plain = await startNats();
      try {
        await expect(createBus({ agent: 'agent://concierge', transports: [nats(configOf(plain))] })).rejects.toThrow(
          /^The NATS server has no JetStream for this agent; /,
        );
      } finally {
        await plain.close();
      }
    });
  });
});
