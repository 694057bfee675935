import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, createBus } from '../../runtime/bus.js';
import { type Call, createCall } from '../../runtime/client.js';
import type { TransportFlags } from '../../runtime/transport.js';
import type { Broker, BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createTransport } from '../brokers/transports.js';
import { readAccounts } from '../soak/account.js';
import {
  AGENTS,
  CALLER,
  CAPABILITIES,
  type CapabilityName,
  contractOf,
  type Errand,
  type NoErrors,
  type Receipt,
} from '../soak/contract.js';
import type { Order } from '../soak/order.js';
import { createScratch, repository } from '../support/scratch.js';
import { describeWithBroker } from './real-broker.js';

/** Each broker, and each of its modes that hands out again what a dead receiver had, told to do so soon. */
const MODES: readonly [name: string, kind: BrokerKind, settings: Record<string, unknown>][] = [
  ['kafka', 'kafka', { sessionTimeoutMs: 6_000 }],
  ['nats', 'nats', {}],
  ['nats with JetStream', 'nats', { jetstream: true, redeliverAfterMs: 2_000 }],
  ['amqp', 'amqp', {}],
  ['amqp with a quorum queue', 'amqp', { quorum: true }],
  ['mqtt', 'mqtt', {}],
  ['sqs', 'sqs', { visibilitySeconds: 2 }],
];

/** By then each of them has handed out again what a dead receiver had, or never will. */
const HANDED_OUT_AGAIN_WITHIN_MS = 12_000;

beforeAll(() => {
  execFileSync(process.execPath, [path.join(repository, 'node_modules/typescript/bin/tsc'), '-p', 'test/soak'], {
    cwd: repository,
  });
}, 120_000);

describe.each(MODES)('receivers that are processes, on %s:', (_, kind, settings) => {
  describeWithBroker(kind, () => {
    let broker: Broker;
    let flags: TransportFlags;
    beforeAll(async () => {
      broker = await brokerPrograms[kind].start();
      flags = (await createTransport(kind, broker.port, settings)).flags;
    });
    afterAll(() => broker.close());

    const children: ChildProcess[] = [];
    const buses: Bus[] = [];
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await Promise.all(buses.splice(0).map((bus) => bus.stop()));
      // ElasticMQ goes on handing out to the poll of a reader that is gone until that poll would have ended.
      if (kind === 'sqs') await sleep(2_500);
    });

    const startReceiver = async (folder: string, diesOf?: string): Promise<ChildProcess> => {
      const order: Order = {
        ...{ kind, port: broker.port, settings, folder },
        ...{ calls: 0, inFlight: 0, timeoutMs: 0, seed: 0 },
        ...(diesOf !== undefined && { diesOf }),
      };
      const program = path.join(repository, 'dist/soak/test/soak/receiver.js');
      const child = fork(program, [JSON.stringify(order)]);
      children.push(child);
      const ended = once(child, 'exit').then(([status, signal]) => [`it ended: ${status ?? signal}`]);
      expect(await Promise.race([once(child, 'message'), ended])).toEqual(['ready', undefined]);
      return child;
    };
    const createCaller = async (name: CapabilityName): Promise<Call<Errand, Receipt, NoErrors>> => {
      const bus = await createBus({ agent: CALLER, transports: [await createTransport(kind, broker.port, settings)] });
      buses.push(bus);
      return createCall(bus, contractOf(AGENTS[0]), CAPABILITIES[name]);
    };
    /** A receiver that was killed may leave another message to be handed out again, of an earlier case. */
    const runsOf = (folder: string, id: string): number =>
      readAccounts(folder).filter((entry) => entry.what === 'ran' && entry.id === id).length;

    test.each(['look', 'book'] as const)(
      'faults 4 and 5: a receiver that is killed while it runs %s',
      async (name) => {
        const folder = createScratch();
        const first = await startReceiver(folder);
        const call = await createCaller(name);
        const timeoutMs = 3 * HANDED_OUT_AGAIN_WITHIN_MS;
        const { messageId, outcome } = await call.start({ token: 't', workMs: 3_000 }, { timeoutMs });
        await expect.poll(() => runsOf(folder, messageId), { timeout: 10_000 }).toBe(1);
        await startReceiver(folder);
        first.kill('SIGKILL');
        if (name === 'look' && flags.holdsRequests) {
          expect(await outcome).toMatchObject({ status: 'ok', data: { token: 't' } });
          expect(runsOf(folder, messageId)).toBe(2);
        } else if (flags.holdsRequests) {
          // Not run again: the one who gets it says so, or nobody does, where the broker knows that it was taken for good.
          await sleep(HANDED_OUT_AGAIN_WITHIN_MS);
          expect(runsOf(folder, messageId)).toBe(1);
        } else {
          await sleep(2_000);
          expect(runsOf(folder, messageId)).toBe(1);
        }
      },
      90_000,
    );

    test.each(['look', 'book'] as const)(
      'fault 6: a receiver that dies when %s is done and not answered',
      async (name) => {
        const folder = createScratch();
        // What an earlier receiver has answered may be handed out again, and none is to die of that.
        const token = randomUUID();
        await startReceiver(folder, token);
        const call = await createCaller(name);
        const again = flags.holdsRequests && name === 'look';
        const timeoutMs = again ? 3 * HANDED_OUT_AGAIN_WITHIN_MS : HANDED_OUT_AGAIN_WITHIN_MS;
        const { messageId, outcome } = await call.start({ token, workMs: 0 }, { timeoutMs });
        await expect.poll(() => runsOf(folder, messageId), { timeout: 10_000 }).toBe(1);
        await startReceiver(folder);
        expect(await outcome).toMatchObject(again ? { status: 'ok', data: { token } } : { executed: 'maybe' });
        expect(runsOf(folder, messageId)).toBe(again ? 2 : 1);
      },
      90_000,
    );

    test('fault 27: the first call of each of ten fresh callers is answered', async () => {
      await startReceiver(createScratch());
      const first = async (_: unknown, index: number): Promise<string> => {
        const call = await createCaller('book');
        return (await call({ token: `t${index}`, workMs: 0 }, { timeoutMs: 20_000 })).token;
      };
      const tokens = await Promise.all(Array.from({ length: 10 }, first));
      expect(tokens).toEqual(Array.from({ length: 10 }, (__, index) => `t${index}`));
    });

    test('a receiver that is told to stop leaves nothing open: its process ends by itself', async () => {
      const receiver = await startReceiver(createScratch());
      const exited = once(receiver, 'exit');
      receiver.send('stop');
      expect(await exited).toEqual([0, null]);
    });
  });
});
