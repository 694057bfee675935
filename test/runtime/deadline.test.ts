import { expect, test, vi } from 'vitest';
import { assertTimeout, createDeadline, createGrace, TTL_HEADER, timeLeft, watch } from '../../runtime/deadline.js';
import type { AgentRpcEnvelope } from '../../runtime/envelope.js';
import { createManualClock } from '../support/manual-clock.js';

const envelope: AgentRpcEnvelope = {
  version: 1,
  kind: 'request',
  messageId: 'm1',
  correlationId: 'c1',
  from: 'agent://a',
  to: 'agent://b',
  capability: 'c',
};
const now = 1_000_000;
const options = { now, ageMs: 0, clockSkewMs: 5000, fallbackMs: 30_000 };
const ttl = (text: string): AgentRpcEnvelope => ({ ...envelope, deadline: now + 10, headers: { [TTL_HEADER]: text } });

test('a timeout is a whole number from 1 to 600,000', () => {
  for (const timeoutMs of [1, 30_000, 600_000]) expect(() => assertTimeout(timeoutMs)).not.toThrow();
  for (const timeoutMs of [0, -1, 1.5, 600_001, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => assertTimeout(timeoutMs)).toThrow(RangeError);
  }
});

test('the time to live counts, whatever the clocks say, where the broker knows the age', () => {
  for (const minutes of [-5, 5]) {
    expect(timeLeft({ ...ttl('300'), deadline: now + minutes * 60_000 }, { ...options, ageMs: 100 })).toBe(200);
  }
  expect(timeLeft(ttl('300'), { ...options, ageMs: 300 })).toBe(0);
});

test('the deadline counts, with the tolerance, where the broker cannot tell the age', () => {
  const unknown = { ...options, ageMs: undefined };
  expect(timeLeft({ ...envelope, deadline: now + 100 }, unknown)).toBe(5100);
  expect(timeLeft({ ...envelope, deadline: now - 4999 }, unknown)).toBe(1);
  expect(timeLeft({ ...envelope, deadline: now - 5001 }, unknown)).toBeLessThan(0);
});

test('the tolerance never gives more time than the sender gave', () => {
  expect(timeLeft({ ...ttl('300'), deadline: now + 300 }, { ...options, ageMs: undefined })).toBe(300);
});

test('a message that says nothing gets what the capability gives, and none gets more than ten minutes', () => {
  expect(timeLeft(envelope, options)).toBe(30_000);
  expect(timeLeft({ ...envelope, deadline: Number.MAX_SAFE_INTEGER }, options)).toBe(600_000);
  expect(timeLeft(ttl('999999999'), options)).toBe(600_000);
});

test('a time to live that is no number is as good as none', () => {
  for (const text of ['', '-1', '1e3', 'x', '1.5', '0x10']) expect(timeLeft(ttl(text), options)).toBe(5010);
});

test('a signal is aborted at the deadline, with the reason', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 100, () => 'over');
  const { signal } = deadline;
  await clock.advance(99);
  expect(signal.aborted).toBe(false);
  await clock.advance(1);
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBe('over');
  expect(deadline.ended).toBe(true);
});

test('a signal that is asked for after the deadline is aborted already', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 100, () => 'over');
  await clock.advance(100);
  expect(deadline.signal.reason).toBe('over');
  expect(deadline.signal).toBe(deadline.signal);
});

test('a deadline ends once, and leaves no timer', async () => {
  const clock = createManualClock();
  const onEnd = vi.fn();
  const deadline = createDeadline(clock, 100, onEnd);
  deadline.abort('early');
  expect(clock.timers()).toBe(0);
  deadline.abort('again');
  expect(deadline.signal.reason).toBe('early');
  expect(onEnd).not.toHaveBeenCalled();
});

test('a wait ends by its time or its signal, and then has neither timer nor listener', async () => {
  const clock = createManualClock();
  const controller = new AbortController();
  const onEnd = vi.fn();
  const unwatch = watch(clock, 100, controller.signal, onEnd);
  controller.abort();
  expect(onEnd).toHaveBeenCalledExactlyOnceWith('aborted');
  unwatch();
  await clock.advance(200);
  expect(onEnd).toHaveBeenCalledOnce();
  expect(clock.timers()).toBe(0);
});

test('the time to live counts where there is nothing else to go by', () => {
  expect(timeLeft({ ...envelope, headers: { [TTL_HEADER]: '300' } }, { ...options, ageMs: undefined })).toBe(300);
  expect(timeLeft({ ...envelope, headers: { [TTL_HEADER]: '60000' } }, { ...options, ageMs: undefined })).toBe(60_000);
});

test('a grace ends with the work, which may fail, and then has no timer', async () => {
  const clock = createManualClock();
  await expect(createGrace(clock, 100).wait(Promise.resolve('done'))).resolves.toBe('done');
  await expect(createGrace(clock, 100).wait(Promise.reject(new Error('x')))).rejects.toThrow('x');
  expect(clock.timers()).toBe(0);
});

test('a grace ends at the earliest of its limits', async () => {
  const clock = createManualClock();
  const onEnd = vi.fn();
  const grace = createGrace(clock, 1000);
  grace.wait(new Promise(() => {})).catch(onEnd);
  await clock.advance(100);
  grace.limit(200);
  grace.limit(5000);
  await clock.advance(199);
  expect(onEnd).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(onEnd).toHaveBeenCalledOnce();
  grace.limit(0);
  expect(clock.timers()).toBe(0);
});
