import { expect, test } from 'vitest';
import { agentIdOf, isAgentAddress, isTenantId, parseReplyTo } from '../../runtime/address.js';

test('a replyTo comes apart into kind and topic', () => {
  expect(parseReplyTo('nats://agents.a.responses.1')).toEqual({ kind: 'nats', topic: 'agents.a.responses.1' });
  expect(parseReplyTo('agents.a.responses')).toBeUndefined();
});

test('an address is agent:// and an id, which comes back out of it', () => {
  expect(isAgentAddress('agent://pr-reviewer')).toBe(true);
  expect(agentIdOf('agent://pr-reviewer')).toBe('pr-reviewer');
  for (const value of ['pr-reviewer', 'agent://', 'agent://a.b', 'agent://a_b', 'agent://a\n', 'AGENT://a', 7, null]) {
    expect(isAgentAddress(value)).toBe(false);
  }
});

test("a tenant's id has the form of an agent's", () => {
  for (const value of ['acme', '7', 'a'.repeat(63)]) expect(isTenantId(value)).toBe(true);
  for (const value of ['', '-a', 'a.b', 'a'.repeat(64), undefined]) expect(isTenantId(value)).toBe(false);
});
