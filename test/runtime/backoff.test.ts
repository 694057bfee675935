import { expect, test } from 'vitest';
import { createBackoff } from '../../runtime/backoff.js';
import { createVirtualClock } from '../../runtime/testing/index.js';

/** Pauses that are as long as can be, or as short, and a clock to measure them with. */
function createMeasured(byte: number) {
  const clock = createVirtualClock();
  const random = { bytes: (count: number) => new Uint8Array(count).fill(byte) };
  const backoff = createBackoff({ firstMs: 100, mostMs: 400, clock, random });
  const measure = async (): Promise<number> => {
    const start = clock.now();
    let hasEnded = false;
    void backoff.pause().then(() => {
      hasEnded = true;
    });
    while (!hasEnded) await clock.advance(1);
    return clock.now() - start;
  };
  return { backoff, measure };
}

test.each([
  ['longest', 255, [100, 200, 400, 400]],
  ['shortest', 0, [50, 100, 200, 200]],
])('the %s pauses double up to a limit', async (_, byte, expected) => {
  const { measure } = createMeasured(byte);
  for (const ms of expected) expect(await measure()).toBe(ms);
});

test('after a success the next pause is a short one', async () => {
  const { backoff, measure } = createMeasured(255);
  await measure();
  await measure();
  backoff.reset();
  expect(await measure()).toBe(100);
});

test('the end of it ends the pause that is on, and leaves none to come', async () => {
  const { backoff } = createMeasured(255);
  const pause = backoff.pause();
  backoff.end();
  await expect(pause).resolves.toBeUndefined();
  await expect(backoff.pause()).resolves.toBeUndefined();
});
