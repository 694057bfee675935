export {
  type ConformanceAbilities,
  type ConformanceAbility,
  type ConformanceBroker,
  type ConformanceCase,
  type ConformanceHarness,
  conformanceCases,
} from './conformance.js';
export {
  type FakeMessage,
  type FakeMessagesApi,
  type FakeMessagesApiOptions,
  type FakeRequest,
  type FakeRequestBody,
  type FakeScript,
  type FakeToolUse,
  type FakeTurn,
  startFakeMessagesApi,
} from './fake-messages-api.js';
export {
  type FakeAnswer,
  type FakeAnswers,
  type FakeCall,
  type FakePeer,
  type FakePeerOptions,
  fakePeer,
} from './fake-peer.js';
export { type FaultRates, NO_FAULTS } from './fault-rates.js';
export {
  type BrokerCounts,
  type BrokerEvent,
  createFaultyBroker,
  type DeadLetter,
  type FaultyBroker,
  type FaultyBrokerOptions,
} from './faulty-broker.js';
export { createSeededRandom, type SeededRandom } from './seeded-random.js';
export { createVirtualClock, settle, type VirtualClock } from './virtual-clock.js';
