import type { Random } from '../../runtime/clock.js';

export {
  createVirtualClock as createManualClock,
  settle,
  type VirtualClock as ManualClock,
} from '../../runtime/testing/virtual-clock.js';

/** Bytes that are the same in each run, and never the same twice in one. */
export function createCountingRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count++;
      const bytes = new Uint8Array(length);
      new DataView(bytes.buffer).setUint32(length - 4, count);
      return bytes;
    },
  };
}
