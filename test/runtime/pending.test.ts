import { expect, test, vi } from 'vitest';
import type { AgentRpcEnvelope } from '../../runtime/envelope.js';
import { createPendingCalls, type PendingCall } from '../../runtime/pending.js';

function callOf(messageId: string, members: Partial<PendingCall> = {}): PendingCall {
  const ids = { messageId, correlationId: 'c1', to: 'agent://b' as const, capability: 'x', tenantId: undefined };
  return { ...ids, take: vi.fn(), settle: vi.fn(), ...members };
}

const response: AgentRpcEnvelope = {
  version: 1,
  kind: 'response',
  messageId: 'r1',
  correlationId: 'c1',
  causedBy: 'm1',
  from: 'agent://b',
  to: 'agent://a',
  capability: 'x',
};
const { causedBy: _, ...foreign } = response;

test('a response belongs to the call that it says it was caused by', () => {
  const calls = createPendingCalls();
  const [first, second] = [callOf('m1'), callOf('m2')];
  calls.add(first);
  calls.add(second);
  expect(calls.match(response)).toBe(first);
  expect(calls.match({ ...response, causedBy: 'm2' })).toBe(second);
});

test('a response without causedBy belongs to the one call with its correlationId', () => {
  const calls = createPendingCalls();
  const call = callOf('m1');
  calls.add(call);
  calls.add(callOf('m2', { correlationId: 'c2' }));
  expect(calls.match(foreign)).toBe(call);
});

test('a response without causedBy belongs to none of several calls with its correlationId', () => {
  const calls = createPendingCalls();
  calls.add(callOf('m1'));
  calls.add(callOf('m2'));
  expect(calls.match(foreign)).toBe('late');
});

test('a response that no call waits for is late', () => {
  const calls = createPendingCalls();
  const call = callOf('m1');
  calls.add(call);
  calls.remove(call);
  expect(calls.match(response)).toBe('late');
  expect(calls.size).toBe(0);
});

test.each([{ from: 'agent://mallory' as const }, { capability: 'y' }, { correlationId: 'c2' }])(
  'a response with the right causedBy and %j is a stranger',
  (members) => {
    const calls = createPendingCalls();
    calls.add(callOf('m1'));
    expect(calls.match({ ...response, ...members })).toBe('stranger');
  },
);

test('a full table turns the newcomer away', () => {
  const calls = createPendingCalls(2);
  expect([callOf('m1'), callOf('m2'), callOf('m3')].map((call) => calls.add(call))).toEqual([true, true, false]);
  expect(calls.all().map(({ messageId }) => messageId)).toEqual(['m1', 'm2']);
});

test('an answer for another tenant is no answer', () => {
  const calls = createPendingCalls();
  const call = callOf('m1', { tenantId: 'acme' });
  calls.add(call);
  expect(calls.match({ ...response, tenantId: 'other' })).toBe('stranger');
  expect(calls.match(response)).toBe('stranger');
  expect(calls.match({ ...response, tenantId: 'acme' })).toBe(call);
});
