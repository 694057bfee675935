import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalBytes, type HmacKey, signEnvelope, verifyEnvelope } from '../../runtime/auth.js';
import { type AgentRpcEnvelope, decodeEnvelope, encodeEnvelope } from '../../runtime/envelope.js';

const plain =
  '{"version":1,"kind":"request","messageId":"m1","correlationId":"c1","from":"agent://concierge",' +
  '"to":"agent://pr-reviewer","capability":"review-pr","payload":{"pr":"x"}}';
const full =
  '{"version":1,"kind":"request","messageId":"m1","correlationId":"c1","causedBy":"m0","from":"agent://concierge",' +
  '"to":"agent://pr-reviewer","capability":"review-pr","replyTo":"memory://agents.concierge.responses",' +
  '"deadline":1767225600000,"tenantId":"acme","headers":{"x-b":"b","x-a":"a"},' +
  '"payload":{"z":1,"a":[true,null,1.5],"s":"é\\""}}';

const key: HmacKey = { keyId: 'k1', secret: 's3cret', agent: 'agent://concierge' };
const tenantKey: HmacKey = { ...key, tenantId: 'acme' };
const read = (json: string): AgentRpcEnvelope => decodeEnvelope(Buffer.from(json));
const signed = signEnvelope(read(plain), key);

function reasonOf(envelope: AgentRpcEnvelope, keys: readonly HmacKey[]): unknown {
  try {
    verifyEnvelope(envelope, keys);
  } catch (error) {
    expect(error).toMatchObject({
      code: 'EAGENTRPC_AUTH_FAILED',
      message: 'The signature of the message was refused.',
    });
    return (error as Error).cause;
  }
  return 'verified';
}

test.each([
  ['a short envelope', plain, key, '4a18621b85ca00b9310e5b2fe467a9d31339732df1f39614895abeb218b70a83'],
  ['a full envelope', full, tenantKey, 'cd82a44e1bb8b3075d5cb198ce038d3c129feeceb6a38e2fd4b7ceb2cf24407b'],
])('the signature of %s is that of other implementations', (_, json, signer, signature) => {
  expect(Buffer.from(canonicalBytes(read(json))).toString()).toBe(json);
  expect(signEnvelope(read(json), signer).auth).toEqual({ kind: 'hmac', keyId: 'k1', signature });
});

test('a signature survives the wire', () => {
  expect(reasonOf(decodeEnvelope(encodeEnvelope(signed)), [key])).toBe('verified');
});

test('the order in which the keys of the envelope came does not count', () => {
  const shuffled = Object.fromEntries(Object.entries(signed).reverse());
  expect(reasonOf(read(JSON.stringify(shuffled)), [key])).toBe('verified');
});

test('while keys are changed each of them is good for what it signed', () => {
  const next: HmacKey = { ...key, keyId: 'k2', secret: 'next' };
  expect(reasonOf(signed, [next, key])).toBe('verified');
  expect(reasonOf(signEnvelope(read(plain), next), [key, next])).toBe('verified');
  expect(reasonOf(signed, [next])).toBe('its keyId is not known');
});

test('a key signs for no other agent and no other tenant', () => {
  expect(reasonOf(signed, [{ ...key, agent: 'agent://other' }])).toBe('its key belongs to another agent');
  expect(reasonOf(signed, [tenantKey])).toBe('its key belongs to another tenant');
  expect(reasonOf(signEnvelope(read(full), key), [key])).toBe('its key belongs to another tenant');
});

test('whatever is changed in a signed envelope, the signature no longer fits', () => {
  const changed: AgentRpcEnvelope[] = [
    { ...signed, payload: { pr: 'y' } },
    { ...signed, to: 'agent://other' },
    { ...signed, causedBy: 'm0' },
    { ...signed, deadline: 5 },
    { ...signed, headers: {} },
  ];
  for (const envelope of changed) expect(reasonOf(envelope, [key])).toBe('its signature does not fit');
});

test('a signature of any form but the right one is refused, and none makes the check throw', () => {
  const signature = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f]{64}$/), fc.stringMatching(/^[0-9A-F]{64}$/));
  fc.assert(
    fc.property(signature, (text) => {
      const envelope = { ...signed, auth: { kind: 'hmac' as const, keyId: 'k1', signature: text } };
      expect(reasonOf(envelope, [key])).toMatch(/^its signature /);
    }),
  );
});

test('an envelope that is not signed is refused', () => {
  expect(reasonOf(read(plain), [key])).toBe('it is not signed');
  expect(reasonOf({ ...read(plain), auth: { kind: 'internal' } }, [key])).toBe('it is not signed');
});
