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
    if (delayMs <= LONGEST_TIMER_MS) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    }
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

/** Each byte as two digits: for the few bytes of an id a table is four times as fast as a Buffer. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The part of a UUID that tells the time is that of all which are made within a millisecond. */
let timePart = '';
let timePartAt = Number.NaN;

/** Makes a UUIDv7: ids made later sort after those made a millisecond before. */
export function createUuid(clock: Clock, random: Random): string {
  const now = clock.now();
  if (now !== timePartAt) {
    const time = now.toString(16).padStart(12, '0');
    timePart = `${time.slice(0, 8)}-${time.slice(8)}-`;
    timePartAt = now;
  }
  const bytes = random.bytes(10);
  const version = HEX[0x70 | (at(bytes, 0) & 0x0f)];
  const variant = HEX[0x80 | (at(bytes, 2) & 0x3f)];
  return `${timePart}${version}${toHex(bytes, 1, 2)}-${variant}${toHex(bytes, 3, 4)}-${toHex(bytes, 4)}`;
}

/** Lower-case hex of `bytes`, of those from `start` to `end`. */
export function toHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let hex = '';
  for (let index = start; index < end; index++) hex += HEX[at(bytes, index)];
  return hex;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
