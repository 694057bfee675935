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
    let cancel = systemClock.setTimer(LONGEST_TIMER_MS, () => {
      cancel = systemClock.setTimer(delayMs - LONGEST_TIMER_MS, run);
    });
    return () => cancel();
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

const DIGITS: Buffer = Buffer.from('0123456789abcdef');

/** Digits are put here one by one: a string joined of many parts costs twice as much, and again when it is collected. */
const hex: Buffer = Buffer.alloc(128);
const uuid: Buffer = Buffer.from('00000000-0000-7000-8000-000000000000');

/** The time that the UUID above tells: that of all which are made within a millisecond. */
let uuidAt = 0;

/** Makes a UUIDv7: ids made later sort after those made a millisecond before. */
export function createUuid(clock: Clock, random: Random): string {
  const now = clock.now();
  if (now !== uuidAt) {
    uuid.write(now.toString(16).padStart(12, '0').replace(/.{8}/, '$&-'));
    uuidAt = now;
  }
  const bytes = random.bytes(10);
  writeHex(uuid, 14, bytes, 0, 2);
  writeHex(uuid, 19, bytes, 2, 4);
  writeHex(uuid, 24, bytes, 4, 10);
  // Its version, and the two bits of its variant.
  uuid[14] = 0x37;
  uuid[19] = at(DIGITS, 8 | ((at(bytes, 2) >> 4) & 3));
  return uuid.toString('latin1');
}

/** Lower-case hex of `bytes`, of those from `start` to `end`, which are 64 at most. */
export function toHex(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return hex.toString('latin1', 0, writeHex(hex, 0, bytes, start, end));
}

/** Returns where the digits end. */
function writeHex(target: Buffer, position: number, bytes: Uint8Array, start: number, end: number): number {
  let next = position;
  for (let index = start; index < end; index++) {
    const byte = at(bytes, index);
    target[next++] = at(DIGITS, byte >> 4);
    target[next++] = at(DIGITS, byte & 15);
  }
  return next;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
