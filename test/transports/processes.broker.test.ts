import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, createBus } from '../../runtime/bus.js';
import { type Call, createCall } from '../../runtime/client.js';
import type { TransportFlags } from '../../runtime/transport.js';
import { BROKER_KINDS, type Broker, type BrokerKind } from '../brokers/broker.js';
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

/** Each broker, and each of its modes that hands out again what a dead receiver had. */
const MODES: readonly [name: string, kind: BrokerKind, settings: Record<string, unknown>][] = [
  ...BROKER_KINDS.map((kind): [string, BrokerKind, Record<string, unknown>] => [kind, kind, {}]),
  ['nats with JetStream', 'nats', { jetstream: true }],
  ['amqp with a quorum queue', 'amqp', { quorum: true }],
];

/** Kafka gives a member that is silent ten seconds, SQS a message that is not deleted half a minute. */
const HANDED_OUT_AGAIN_WITHIN_MS = 45_000;

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
    });

    const startReceiver = async (folder: string): Promise<ChildProcess> => {
      const order: Order = {
        ...{ kind, port: broker.port, settings, folder },
        ...{ calls: 0, inFlight: 0, timeoutMs: 0, seed: 0 },
      };
      const program = path.join(repository, 'dist/soak/test/soak/receiver.js');
      const child = fork(program, [JSON.stringify(order)]);
      children.push(child);
      const [message] = (await once(child, 'message')) as [unknown];
      expect(message).toBe('ready');
      return child;
    };
    const createCaller = async (name: CapabilityName): Promise<Call<Errand, Receipt, NoErrors>> => {
      const bus = await createBus({ agent: CALLER, transports: [await createTransport(kind, broker.port, settings)] });
      buses.push(bus);
      return createCall(bus, contractOf(AGENTS[0]), CAPABILITIES[name]);
    };
    const runsIn = (folder: string): number => readAccounts(folder).filter(({ what }) => what === 'ran').length;

    test.each(['look', 'book'] as const)(
      'faults 4 and 5: a receiver that is killed while it runs %s',
      async (name) => {
        const folder = createScratch();
        const first = await startReceiver(folder);
        const call = await createCaller(name);
        const outcome = call.outcome({ token: 't', workMs: 3_000 }, { timeoutMs: HANDED_OUT_AGAIN_WITHIN_MS });
        await expect.poll(() => runsIn(folder), { timeout: 10_000 }).toBe(1);
        await startReceiver(folder);
        first.kill('SIGKILL');
        if (name === 'look' && flags.holdsRequests) {
          expect(await outcome).toMatchObject({ status: 'ok', data: { token: 't' } });
          expect(runsIn(folder)).toBe(2);
        } else if (flags.holdsRequests) {
          // Not run again: the one who gets it says so, or nobody does, where the broker knows that it was taken for good.
          await sleep(15_000);
          expect(runsIn(folder)).toBe(1);
        } else {
          await sleep(2_000);
          expect(runsIn(folder)).toBe(1);
        }
      },
      90_000,
    );

    test.each(['look', 'book'] as const)(
      'fault 6: a receiver that dies when %s is done and not answered',
      async (name) => {
        const folder = createScratch();
        await startReceiver(folder);
        await startReceiver(folder);
        const call = await createCaller(name);
        const errand = { token: 't', workMs: 0, dies: true };
        const handedOutWithinMs = name === 'look' ? HANDED_OUT_AGAIN_WITHIN_MS : 15_000;
        const timeoutMs = flags.holdsRequests ? handedOutWithinMs : 3_000;
        // Each run kills its process, so that two are the most that there can be.
        const outcome = await call.outcome(errand, { timeoutMs });
        expect(outcome).toMatchObject({ executed: 'maybe' });
        expect(runsIn(folder)).toBe(name === 'look' && flags.holdsRequests ? 2 : 1);
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
