import { CALL_CASES } from './conformance/calls.js';
import { CONNECTION_CASES } from './conformance/connections.js';
import { GROWTH_CASES } from './conformance/growth.js';
import type { ConformanceCase } from './conformance/harness.js';
import { LOAD_CASES } from './conformance/load.js';
import { MESSAGE_CASES } from './conformance/messages.js';

export type {
  ConformanceAbilities,
  ConformanceAbility,
  ConformanceBroker,
  ConformanceCase,
  ConformanceHarness,
} from './conformance/harness.js';

/**
 * What a transport has to survive: every fault, and what must be seen. They run under any test runner, on any transport
 * for which there is a harness. With `node:test`:
 *
 * ```js
 * import { test } from 'node:test';
 * import { systemClock } from '@declaragent/runtime';
 * import { createMemoryBroker, memory } from '@declaragent/runtime/memory';
 * import { conformanceCases } from '@declaragent/runtime/testing';
 *
 * const harness = {
 *   flags: memory().flags,
 *   abilities: [],
 *   repetitions: 10,
 *   async open() {
 *     const broker = createMemoryBroker();
 *     return {
 *       transport: () => memory({ broker }),
 *       clock: systemClock,
 *       pass: (ms) => new Promise((resolve) => systemClock.setTimer(ms, resolve)),
 *       abilities: {},
 *       close: async () => {},
 *     };
 *   },
 * };
 *
 * for (const { fault, name, needs, run } of conformanceCases) {
 *   test(`fault ${fault}: ${name}`, { skip: needs(harness) }, () => run(harness));
 * }
 * ```
 */
export const conformanceCases: readonly ConformanceCase[] = [
  ...CALL_CASES,
  ...MESSAGE_CASES,
  ...CONNECTION_CASES,
  ...LOAD_CASES,
  ...GROWTH_CASES,
].sort((one, other) => one.fault - other.fault);
