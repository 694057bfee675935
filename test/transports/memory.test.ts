import { createVirtualClock } from '../../runtime/testing/index.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { describeConformance } from './conformance.js';

describeConformance('memory', {
  flags: memory().flags,
  abilities: [],
  toleranceMs: 0,
  async open() {
    const broker = createMemoryBroker();
    const clock = createVirtualClock();
    return {
      transport: () => memory({ broker }),
      clock,
      pass: clock.advance,
      abilities: {},
      close: async () => {},
    };
  },
});
