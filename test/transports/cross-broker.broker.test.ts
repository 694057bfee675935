import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Bus, createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { serve } from '../../runtime/server.js';
import { implement, type Skill } from '../../runtime/skill.js';
import { defineCheck, defineValidator } from '../../runtime/validation.js';
import type { Broker, BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createTransport } from '../brokers/transports.js';
import { openLog, readAll } from '../support/event-log.js';
import { createScratch } from '../support/scratch.js';
import { describeWithBroker } from './real-broker.js';

type NoErrors = Record<never, never>;
const anything = () =>
  defineValidator<unknown>(
    {},
    defineCheck(() => true),
  );
const ASK: CapabilityContract<unknown, unknown, NoErrors> = {
  ...{ name: 'ask', idempotent: true, input: anything(), output: anything(), errors: {} },
};
const contractOf = (agent: Contract['agent']): Contract => ({ format: 1, agent, capabilities: { ask: ASK } });
const [A, B, C] = ['agent://a', 'agent://b', 'agent://c'] as const;

/** How exactly the far broker tells how long it has held a message: SQS and MQTT speak of whole seconds. */
const PAIRS: readonly (readonly [near: BrokerKind, far: BrokerKind, toleranceMs: number])[] = [
  ['kafka', 'nats', 50],
  ['amqp', 'mqtt', 1_050],
  ['nats', 'sqs', 1_050],
];

describe.each(PAIRS)('a chain from %s to %s and back', (near, far, toleranceMs) => {
  describeWithBroker(near, () =>
    describeWithBroker(far, () => {
      let brokers: readonly [near: Broker, far: Broker];
      const buses: Bus[] = [];
      beforeAll(async () => {
        brokers = await Promise.all([brokerPrograms[near].start(), brokerPrograms[far].start()]);
      });
      afterEach(async () => {
        await Promise.all(buses.splice(0).map((bus) => bus.stop()));
      });
      afterAll(() => Promise.all(brokers.map((broker) => broker.close())));

      test('has one correlationId and one deadline, in the event logs of all', async () => {
        const directory = createScratch();
        const log = openLog({ directory });
        const nearOf = () => createTransport(near, brokers[0].port);
        const farOf = () => createTransport(far, brokers[1].port);
        const deadlines: number[] = [];
        const open = async (options: Parameters<typeof createBus>[0]): Promise<Bus> => {
          const bus = await createBus(options);
          buses.push(bus);
          return bus;
        };
        const serveAs = async (bus: Bus, agent: Contract['agent'], skill: Skill<unknown, unknown, NoErrors>) =>
          serve(bus, contractOf(agent), [implement(ASK, skill)]);

        await serveAs(await open({ agent: C, transports: [await farOf()] }), C, (input, ctx) => {
          deadlines.push(ctx.deadline);
          return { heard: input, correlationId: ctx.correlationId };
        });
        const farTransport = await farOf();
        const between = await open({
          agent: B,
          transports: [await nearOf(), farTransport],
          peers: [{ agent: C, transports: [{ kind: far, via: farTransport }] }],
        });
        await serveAs(between, B, (input, ctx) => {
          deadlines.push(ctx.deadline);
          return createCall(ctx.bus, contractOf(C), ASK)(input);
        });

        const caller = await open({ agent: A, transports: [await nearOf()] });
        const start = Date.now();
        const outcome = await createCall(caller, contractOf(B), ASK).outcome('hello', { timeoutMs: 20_000 });
        expect(outcome).toMatchObject({
          status: 'ok',
          data: { heard: 'hello', correlationId: outcome.correlationId },
        });

        // What is left of the caller's time, and no more: each clock read adds no more than it takes to get there.
        const [ofB = 0, ofC = 0] = deadlines;
        expect(ofC).toBeLessThanOrEqual(ofB + toleranceMs);
        expect(ofB).toBeLessThanOrEqual(start + 20_000 + (Date.now() - start));

        await log.flush();
        const { events } = await readAll(directory, { correlationId: outcome.correlationId });
        const hops = events.map(({ agent, event }) => `${agent.slice('agent://'.length)} ${event}`).sort();
        expect(hops).toEqual(
          ['a sent', 'a settled', 'b answered', 'b received', 'b sent', 'b settled', 'c answered', 'c received'].sort(),
        );
      });
    }),
  );
});
