import type { Random } from '../clock.js';

/** Randomness that a seed repeats. */
export interface SeededRandom extends Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  /** True with the given probability; asks for no randomness where that is 0. */
  chance(probability: number): boolean;
  /** One of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** Makes a sequence of its own: the same seed gives the same, for ever. It is not fit for keys. */
export function createSeededRandom(seed: number): SeededRandom {
  // sfc32 by Chris Doty-Humphrey: three words that are mixed, and a counter that keeps them from a short circle.
  let a = seed | 0;
  let b = Math.floor(seed / 2 ** 32) | 0;
  let c = 0x9e3779b9 | 0;
  let counter = 1;

  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  const next = (): number => word() / 2 ** 32;
  // Seeds that are neighbours start alike.
  for (let round = 0; round < 12; round++) word();

  return {
    next,
    integer: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => probability > 0 && next() < probability,
    pick: <T>(list: readonly [T, ...T[]]): T => list[Math.floor(next() * list.length)] ?? list[0],
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let index = 0; index < count; index += 4) {
        const drawn = word();
        for (let at = index; at < Math.min(index + 4, count); at++) bytes[at] = drawn >>> (8 * (at - index));
      }
      return bytes;
    },
  };
}
