import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../../../runtime/testing/index.js';

test('timers run at their own moments, and those of one moment in the order in which they were set', async () => {
  const delays = fc.array(fc.integer({ min: -1, max: 50 }), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(delays, fc.func(fc.boolean()), async (times, isCancelled) => {
      const clock = createVirtualClock(0);
      const ran: { readonly at: number; readonly index: number }[] = [];
      const cancels = times.map((delay, index) => clock.setTimer(delay, () => ran.push({ at: clock.now(), index })));
      const kept = times.flatMap((delay, index) => (isCancelled(index) ? [] : [{ at: Math.max(0, delay), index }]));
      cancels.forEach((cancel, index) => {
        if (isCancelled(index)) cancel();
      });
      expect(clock.timers()).toBe(kept.length);
      await clock.advance(50);
      expect(ran).toEqual(kept.sort((one, other) => one.at - other.at || one.index - other.index));
      expect(clock.timers()).toBe(0);
    }),
    { numRuns: 50 },
  );
});

test('what a timer sets off settles before the next one', async () => {
  const clock = createVirtualClock(0);
  const log: string[] = [];
  clock.setTimer(1, async () => {
    await null;
    await null;
    log.push('one');
    clock.setTimer(1, () => log.push(`nested at ${clock.now()}`));
  });
  clock.setTimer(2, () => log.push('two'));
  await clock.advance(2);
  expect(log).toEqual(['one', 'two', 'nested at 2']);
});

test('it runs until a promise is settled, and says why one is not', async () => {
  const clock = createVirtualClock(0);
  const promise = new Promise((resolve) => clock.setTimer(1_000, () => resolve('done')));
  await clock.runUntil(promise);
  expect(clock.now()).toBe(1_000);
  await expect(clock.runUntil(new Promise(() => {}))).rejects.toThrow(/no timer is left/);
  clock.setTimer(10_000, () => {});
  await expect(clock.runUntil(() => false, 5_000)).rejects.toThrow(/5000 ms have passed/);
  await clock.runUntil(Promise.reject(new Error('That is the business of who awaits it.')));
});

test('ten thousand cancelled timers leave nothing to wait for', async () => {
  const clock = createVirtualClock(0);
  for (let count = 0; count < 10_000; count++) clock.setTimer(count, () => {})();
  expect(clock.timers()).toBe(0);
  expect(await clock.step()).toBe(false);
});
