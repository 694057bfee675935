import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createUuid, systemClock, systemRandom, toHex } from '../../runtime/clock.js';
import { createCountingRandom, createManualClock } from '../support/manual-clock.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a uuid is of version 7 and starts with the time', () => {
  const uuid = createUuid(createManualClock(0x0123456789ab), systemRandom);
  expect(uuid).toMatch(UUID_V7);
  expect(uuid).toMatch(/^01234567-89ab-7/);
});

test('uuids differ, and sort by time', async () => {
  const clock = { ...systemClock, now: () => 1000 };
  const later = { ...systemClock, now: () => 1001 };
  const uuids = new Set(Array.from({ length: 2000 }, () => createUuid(clock, systemRandom)));
  expect(uuids.size).toBe(2000);
  const last = [...uuids].sort().at(-1) ?? '';
  expect(createUuid(later, systemRandom) > last).toBe(true);
});

test('the same clock and the same random bytes make the same uuid', () => {
  const make = () => createUuid(createManualClock(5), createCountingRandom());
  expect(make()).toBe(make());
});

test('random bytes do not repeat across the pages they are fetched by, and may be more than a page', () => {
  const seen = new Set(Array.from({ length: 1000 }, () => toHex(systemRandom.bytes(16))));
  expect(seen.size).toBe(1000);
  expect(new Set(systemRandom.bytes(10_000)).size).toBeGreaterThan(200);
});

test('a timer fires once, after its time', () => {
  const run = vi.fn();
  systemClock.setTimer(50, run);
  vi.advanceTimersByTime(49);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(run).toHaveBeenCalledOnce();
});

test('a timer longer than Node can hold does not fire at once', () => {
  const run = vi.fn();
  const delay = 2 ** 31 + 1000;
  systemClock.setTimer(delay, run);
  vi.advanceTimersByTime(delay - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledOnce();
});

test('a long timer can be cancelled in any of its parts', () => {
  const run = vi.fn();
  const cancel = systemClock.setTimer(2 ** 31 + 1000, run);
  vi.advanceTimersByTime(2 ** 31);
  cancel();
  vi.advanceTimersByTime(2 ** 31);
  expect(run).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
