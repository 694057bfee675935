import { describe, expect, test } from 'vitest';
import type { CapabilityContract, Contract } from '../../../runtime/contract.js';
import type { Hop } from '../../../runtime/diagnostics.js';
import { createPayloadReader } from '../../../runtime/event-log/payload.js';
import { defineCheck, defineValidator, type JsonSchema, type Validator } from '../../../runtime/validation.js';
import { generated } from '../../support/contract.js';

/** A validator that wants `token`, if there is one, to be a string. */
function wantsTextToken(schema: JsonSchema): Validator<unknown> {
  return defineValidator(
    schema,
    defineCheck((value) => ['string', 'undefined'].includes(typeof value?.token)),
  );
}

const marked = wantsTextToken({ properties: { token: { type: 'string', 'x-redact': true } } });
const plain = wantsTextToken({ properties: { token: { type: 'string' } } });

const login: CapabilityContract = {
  name: 'login',
  idempotent: true,
  input: marked,
  output: marked,
  errors: { LOCKED: { details: marked }, GONE: { details: plain }, SHUT: {} } as never,
};
const look: CapabilityContract = { name: 'look', idempotent: true, input: plain, output: plain, errors: {} };
const contract: Contract = { format: 1, agent: 'agent://door', capabilities: { login, look } };

const read = createPayloadReader([contract], 100);
const ask = {
  event: 'sent',
  agent: 'agent://a',
  at: 1,
  kind: 'request',
  from: 'agent://a',
  to: 'agent://door',
} as const;
const reply = { ...ask, event: 'answered', kind: 'response', from: 'agent://door', to: 'agent://a' } as const;

/** What is shown of a payload, parsed. */
function shown(hop: Hop): unknown {
  const { json } = read(hop) ?? {};
  return json === undefined ? undefined : JSON.parse(json);
}

describe('of a payload is shown', () => {
  test('the input without what its schema marks', () => {
    expect(shown({ ...ask, capability: 'login', payload: { token: 's', b: 1 } })).toEqual({
      token: '[redacted]',
      b: 1,
    });
  });

  test('all of it where its schema marks nothing', () => {
    expect(shown({ ...ask, capability: 'look', payload: { token: 's' } })).toEqual({ token: 's' });
  });

  test('the output, whether the answer is made here or has come', () => {
    const payload = { ok: true, data: { token: 's' } };
    const without = { ok: true, data: { token: '[redacted]' } };
    expect(shown({ ...reply, capability: 'login', payload })).toEqual(without);
    expect(shown({ ...ask, event: 'settled', kind: undefined, capability: 'login', payload })).toEqual(without);
  });

  test.each([
    ['of a declared error, without what their schema marks', 'LOCKED', { token: 's' }, { token: '[redacted]' }],
    ['of a declared error whose schema marks nothing', 'GONE', { token: 's' }, { token: 's' }],
    ['of a declared error that break their schema: none', 'LOCKED', { token: ['s'] }, '[redacted]'],
    ['of an error that declares none: none', 'SHUT', { token: 's' }, '[redacted]'],
    ['of a code that nobody declares: none', 'EAGENTRPC_BUSY', { token: 's' }, '[redacted]'],
    ['of a code that is named as a member of every object: none', 'constructor', { token: 's' }, '[redacted]'],
  ])('the details %s', (_, code, details, expected) => {
    const payload = { ok: false, error: { code, message: 'No.', details } };
    expect(shown({ ...reply, capability: 'login', payload })).toEqual({
      ok: false,
      error: { code, message: 'No.', details: expected },
    });
  });

  test('what JSON makes of it, as with a toJSON', () => {
    const payload = { toJSON: () => ({ token: 's' }) };
    expect(shown({ ...ask, capability: 'login', payload })).toEqual({ token: '[redacted]' });
  });
});

describe('nothing but the size is shown', () => {
  test.each<[string, Partial<Hop>]>([
    ['of another agent', { ...ask, to: 'agent://other', capability: 'look', payload: 'secret' }],
    ['of a capability that the contract does not have', { ...ask, capability: 'leave', payload: 'secret' }],
    [
      'of a capability that is named as a member of every object',
      { ...ask, capability: 'toString', payload: 'secret' },
    ],
    ['of a hop without a capability', { ...ask, payload: 'secret' }],
  ])('%s', (_, hop) => {
    expect(read(hop as Hop)).toEqual({ size: 8 });
  });

  test('of what breaks a schema with marks, since a secret may be anywhere in it', () => {
    expect(read({ ...ask, capability: 'login', payload: { token: ['s'] } })).toEqual({ size: 15 });
    expect(read({ ...reply, capability: 'login', payload: { ok: true, data: { token: 1 } } })).toEqual({ size: 30 });
    expect(read({ ...reply, capability: 'login', payload: { token: 's' } })).toEqual({ size: 13 });
  });

  test.each([undefined, () => {}, Symbol('s')])('and not even that of what has no JSON form', (payload) => {
    expect(read({ ...ask, capability: 'look', payload })).toBeUndefined();
  });
});

test('a payload over the limit is cut, between characters', () => {
  expect(read({ ...ask, capability: 'look', payload: 'é'.repeat(49) })).toEqual({
    size: 100,
    json: `"${'é'.repeat(49)}"`,
  });
  expect(read({ ...ask, capability: 'look', payload: 'é'.repeat(50) })).toEqual({
    size: 102,
    start: `"${'é'.repeat(49)}`,
  });
});

test('a contract of another format is refused at once', () => {
  expect(() => createPayloadReader([{ ...contract, format: 2 as 1 }], 100)).toThrow('format 2');
});

test('codegen keeps a mark where the value that it marks is, through a definition too', async () => {
  const secret = { type: 'string', 'x-redact': true };
  const files = await generated({
    definitions: { Key: secret },
    capabilities: [
      {
        name: 'login',
        inputSchema: { type: 'object', properties: { token: secret, key: { $ref: '#/definitions/Key' } } },
        outputSchema: true,
      },
    ],
  });
  const module = files['generated/a/capabilities/login.gen.ts'];
  expect(module?.match(/'x-redact': true/g)).toHaveLength(2);
});
