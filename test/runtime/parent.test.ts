import { expect, test } from 'vitest';
import { createHeaders, HOPS_HEADER, hopsOf, MAX_HOPS, type ParentCall } from '../../runtime/parent.js';
import { createCountingRandom } from '../support/manual-clock.js';

const random = createCountingRandom();
const parent: ParentCall = {
  correlationId: 'c',
  messageId: 'm',
  deadline: 0,
  hops: 3,
  traceparent: undefined,
  tenantId: undefined,
};
const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';

test('a call that nothing led to starts a trace', () => {
  const headers = createHeaders({ own: undefined, parent: undefined, timeoutMs: 5, random });
  expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(headers['x-declaragent-ttl-ms']).toBe('5');
  expect(Object.hasOwn(headers, HOPS_HEADER)).toBe(false);
});

test('a nested call goes on with the trace and is one deeper', () => {
  const headers = createHeaders({ own: undefined, parent: { ...parent, traceparent }, timeoutMs: 5, random });
  expect(headers).toMatchObject({ traceparent, [HOPS_HEADER]: '4' });
});

test("a caller's own headers go along, but for those that the runtime answers for", () => {
  const own = { 'x-user': 'u', traceparent, 'x-declaragent-ttl-ms': '999999', [HOPS_HEADER]: '0' };
  expect(createHeaders({ own, parent, timeoutMs: 5, random })).toEqual({
    'x-user': 'u',
    traceparent,
    'x-declaragent-ttl-ms': '5',
    [HOPS_HEADER]: '4',
  });
});

test.each(['x', `${traceparent}\r\nx-evil: 1`, `${traceparent}x`])(
  'a traceparent that is none, %j, is not passed on',
  (text) => {
    const headers = createHeaders({ own: { traceparent: text }, parent: undefined, timeoutMs: 5, random });
    expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  },
);

test('a traceparent of a later version may have more', () => {
  const later = `01${traceparent.slice(2)}-more`;
  const headers = createHeaders({ own: { traceparent: later }, parent: undefined, timeoutMs: 5, random });
  expect(headers['traceparent']).toBe(later);
});

test('a depth that is no number is more than the limit', () => {
  expect(hopsOf(undefined)).toBe(0);
  expect(hopsOf({ [HOPS_HEADER]: '16' })).toBe(16);
  for (const text of ['', '-1', 'x', '1e9', '99999']) expect(hopsOf({ [HOPS_HEADER]: text })).toBeGreaterThan(MAX_HOPS);
});
