import { expect, test } from 'vitest';
import {
  type ConformanceHarness,
  conformanceCases,
  createFaultyBroker,
  createVirtualClock,
} from '../../runtime/testing/index.js';
import type { Connection, Delivery, Transport } from '../../runtime/transport.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import './conformance.js';

/** A broker that holds requests, behind a connection that is not what it should be. */
function harnessOf(breakIt: (connection: Connection) => Partial<Connection>): ConformanceHarness {
  const flags = { ...createFaultyBroker().flags, holdsRequests: true };
  return {
    flags,
    abilities: ['kill', 'disconnect', 'reconnect', 'pause', 'resume'],
    toleranceMs: 10,
    repetitions: 10,
    async open() {
      const clock = createVirtualClock();
      const broker = createFaultyBroker({ clock, flags });
      const transport: Transport = {
        ...broker.transport(),
        async connect(owner, watcher) {
          const connection = await broker.transport().connect(owner, watcher);
          return { ...connection, ...breakIt(connection) };
        },
      };
      return {
        transport: () => transport,
        clock,
        pass: clock.advance,
        abilities: {
          kill: async (instance) => broker.kill(instance),
          disconnect: async (instance) => broker.disconnect(instance),
          reconnect: async (instance) => broker.reconnect(instance),
          pause: async (topic) => broker.pause(topic),
          resume: async (topic) => broker.resume(topic),
        },
        close: async () => {},
      };
    },
  };
}

/** A connection whose deliveries are not what they should be. */
const delivering =
  (change: (delivery: Delivery) => Delivery) =>
  ({ subscribe }: Connection): Partial<Connection> => ({
    subscribe: (topic, role, deliver, options) =>
      subscribe(topic, role, (delivery) => deliver(change(delivery)), options),
  });

/** What is wrong with a transport, and which faults have to show it. */
const BROKEN: Readonly<
  Record<string, readonly [(connection: Connection) => Partial<Connection>, ...faults: number[]]>
> = {
  'it never closes a subscription': [
    ({ subscribe }) => ({
      subscribe: async (...args) => {
        await subscribe(...args);
        return { close: async () => {} };
      },
    }),
    24,
  ],
  'it never closes': [() => ({ close: async () => {} }), 24],
  'it delivers while it publishes': [
    ({ subscribe, publish }) => {
      const readers = new Map<string, Parameters<Connection['subscribe']>[2]>();
      return {
        subscribe: (topic, role, deliver, options) => {
          readers.set(topic, deliver);
          return subscribe(topic, role, deliver, options);
        },
        publish: async (message) => {
          const reader = readers.get(message.topic);
          if (reader === undefined) return publish(message);
          const settle = async (): Promise<void> => {};
          const members = { ageMs: 0, redelivered: false, ack: settle, nack: settle, reject: settle };
          reader({ bytes: message.bytes, ...members });
        },
      };
    },
    30,
  ],
  'it keeps all that it delivers': [
    delivering((delivery) => {
      kept.push(delivery, new Array(10_000).fill(0.5));
      return delivery;
    }),
    30,
  ],
  'it loses answers': [
    ({ publish }) => ({ publish: async (message) => (message.kind === 'response' ? undefined : publish(message)) }),
    16,
  ],
  'it keeps quiet when nobody listens': [
    ({ publish }) => ({ publish: (message) => publish(message).catch(() => {}) }),
    1,
  ],
  'it writes bytes as text': [
    delivering((delivery) => ({ ...delivery, bytes: Buffer.from(Buffer.from(delivery.bytes).toString('latin1')) })),
    35,
  ],
  'it does not say that a message comes again': [delivering((delivery) => ({ ...delivery, redelivered: false })), 5],
  'it confirms acknowledgements that it forgets': [
    delivering((delivery) => ({ ...delivery, ack: () => Promise.resolve() })),
    5,
  ],
  'it says that what it held has no age': [delivering((delivery) => ({ ...delivery, ageMs: 0 })), 3],
  'it lets several read one reply topic': [
    ({ subscribe }) => ({
      subscribe: (topic, role, deliver) =>
        subscribe(role === 'responses' ? `${topic}.${count++}` : topic, role, deliver),
    }),
    28,
  ],
};
let count = 0;
const kept: unknown[] = [];

test.each(Object.entries(BROKEN))(
  'the suite notices a transport of which it is true that %s',
  async (_, [breakIt, ...faults]) => {
    const harness = harnessOf(breakIt);
    for (const fault of faults) {
      const cases = conformanceCases.filter((one) => one.fault === fault && one.needs(harness) === undefined);
      const results = await Promise.allSettled(cases.map(({ run }) => run(harness)));
      expect(results.map(({ status }) => status)).toContain('rejected');
    }
  },
);

test('the suite notices a transport that has requests wait without a limit', async () => {
  const harness: ConformanceHarness = {
    flags: memory().flags,
    abilities: [],
    toleranceMs: 0,
    async open() {
      const clock = createVirtualClock();
      const inner = memory({ broker: createMemoryBroker() });
      let free = 0;
      const transport: Transport = {
        ...inner,
        async connect(owner, watcher) {
          const connection = await inner.connect(owner, watcher);
          return {
            ...connection,
            subscribe: (topic, role, deliver, options) =>
              connection.subscribe(
                topic,
                role,
                (delivery) => {
                  // One each 2 ms, which is more than the receiver can do and less than comes.
                  if (role === 'responses') return deliver(delivery);
                  free = Math.max(free, clock.now()) + 2;
                  clock.setTimer(free - clock.now(), () => deliver(delivery));
                },
                options,
              ),
          };
        },
      };
      return { transport: () => transport, clock, pass: clock.advance, abilities: {}, close: async () => {} };
    },
  };
  const timed = conformanceCases.filter(({ name }) => name.includes('takes at most three times as long'));
  expect(timed.map(({ needs }) => needs(harness))).toEqual([undefined]);
  await expect(timed[0]?.run(harness)).rejects.toThrow(/ms under load/);
});

test('it has nothing against the same transport as it should be', async () => {
  const harness = harnessOf(() => ({}));
  for (const [, ...faults] of Object.values(BROKEN)) {
    for (const { fault, needs, run } of conformanceCases) {
      if (faults.includes(fault) && needs(harness) === undefined) await run(harness);
    }
  }
});
