import {
  type ConformanceAbilities,
  type ConformanceHarness,
  createFaultyBroker,
  createVirtualClock,
  type FaultyBroker,
  type FaultyBrokerOptions,
} from '../../runtime/testing/index.js';
import { memory } from '../../runtime/transports/memory.js';
import { describeConformance } from './conformance.js';

/** All that can be done to a faulty broker. */
function abilitiesOf(broker: FaultyBroker): Partial<ConformanceAbilities> {
  return {
    kill: async (instance) => broker.kill(instance),
    disconnect: async (instance) => broker.disconnect(instance),
    reconnect: async (instance) => broker.reconnect(instance),
    partition: async (instance) => broker.partition(instance),
    heal: async (instance) => broker.heal(instance),
    stopBroker: async () => broker.stop(),
    restartBroker: async () => broker.restart(),
    pause: async (topic) => broker.pause(topic),
    resume: async (topic) => broker.resume(topic),
    cutConfirmations: async () => {
      broker.rates.cut = 1;
    },
    deadLetters: async (topic) => broker.deadLetters.filter((letter) => letter.topic === topic),
    leftovers: async () => broker.counts().waiting + broker.counts().unsettled,
    refusedTransport: () => ({ ...memory(), connect: () => Promise.reject(new Error('The password is wrong.')) }),
  };
}

function harnessOf(options: FaultyBrokerOptions): ConformanceHarness {
  const { flags } = createFaultyBroker(options);
  return {
    flags,
    abilities: Object.keys(abilitiesOf(createFaultyBroker(options))) as (keyof ConformanceAbilities)[],
    toleranceMs: 10,
    repetitions: 200,
    async open() {
      const clock = createVirtualClock();
      const broker = createFaultyBroker({ ...options, clock });
      return {
        transport: () => broker.transport(),
        clock,
        pass: clock.advance,
        abilities: abilitiesOf(broker),
        close: async () => {},
      };
    },
  };
}

describeConformance('a broker that holds nothing', harnessOf({}));

describeConformance(
  'a broker that holds nothing and tells nothing',
  harnessOf({ flags: { noResponder: false, tellsAge: false, losesRepliesWithConnection: false }, latencyMs: [1, 3] }),
);

describeConformance(
  'a broker that holds requests',
  harnessOf({ flags: { holdsRequests: true, deadLetters: true }, latencyMs: [1, 3] }),
);

describeConformance(
  'a broker that holds requests and replies',
  harnessOf({
    flags: {
      ...{ holdsRequests: true, deadLetters: true, losesRepliesWithConnection: false },
      ...{ noResponder: false, tellsAge: false },
    },
    latencyMs: [1, 3],
  }),
);
