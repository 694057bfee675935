import { randomFillSync } from 'node:crypto';

/** Where a bus gets the time from, so that a test can hold it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once after `delayMs`, however long that is, unless the returned function is called before. */
  setTimer(delayMs: number, run: () => void): () => void;
}

/** Where a bus gets its ids from, so that a test can repeat them. */
export interface Random {
  /** `count` bytes, which the caller reads before it asks for more. */
  bytes(count: number): Uint8Array;
}

/** Node fires a longer timer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, run) {
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      timer =
        leftMs > LONGEST_TIMER_MS
          ? setTimeout(() => wait(leftMs - LONGEST_TIMER_MS), LONGEST_TIMER_MS)
          : setTimeout(run, leftMs);
    };
    wait(delayMs);
    return () => clearTimeout(timer);
  },
};

// One call into the kernel costs more than a whole envelope, so bytes are fetched by the page.
const pool: Buffer = Buffer.allocUnsafeSlow(4096);
let poolUsed: number = pool.length;

/** Random bytes fit for keys. */
export const systemRandom: Random = {
  bytes(count) {
    if (count > pool.length) return randomFillSync(Buffer.allocUnsafe(count));
    if (poolUsed + count > pool.length) {
      randomFillSync(pool);
      poolUsed = 0;
    }
    poolUsed += count;
    return pool.subarray(poolUsed - count, poolUsed);
  },
};

/** Makes a UUIDv7: ids made later sort after those made a millisecond before. */
export function createUuid(clock: Clock, random: Random): string {
  const time = clock.now().toString(16).padStart(12, '0');
  const bytes = random.bytes(10);
  const version = 0x7000 | (readUint16(bytes, 0) & 0x0fff);
  const variant = 0x8000 | (readUint16(bytes, 2) & 0x3fff);
  const tail = toHex(bytes.subarray(4, 10));
  return `${time.slice(0, 8)}-${time.slice(8)}-${version.toString(16)}-${variant.toString(16)}-${tail}`;
}

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function readUint16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}
