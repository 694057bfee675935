import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AgentRpcEnvelope, decodeEnvelope, defaultLimits, encodeEnvelope } from '../../runtime/envelope.js';
import { isAgentRpcError } from '../../runtime/errors.js';

const minimal: AgentRpcEnvelope = {
  version: 1,
  kind: 'request',
  messageId: 'm1',
  correlationId: 'c1',
  from: 'agent://concierge',
  to: 'agent://pr-reviewer',
  capability: 'review-pr',
};

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

function refusal(bytes: Uint8Array): { code: string; details: unknown } {
  try {
    decodeEnvelope(bytes);
  } catch (error) {
    if (isAgentRpcError(error)) return { code: error.code, details: error.details };
    throw error;
  }
  throw new Error('It was let in.');
}

function problemsOf(members: Record<string, unknown>): unknown {
  return refusal(bytesOf({ ...minimal, ...members })).details;
}

test('keys are written in the order of the wire, absent ones left out', () => {
  const envelope: AgentRpcEnvelope = {
    auth: { kind: 'internal' },
    payload: null,
    headers: { b: '1', a: '2' },
    tenantId: 'acme',
    deadline: 5,
    replyTo: 'memory://agents.concierge.responses',
    causedBy: 'm0',
    ...minimal,
  };
  expect(Buffer.from(encodeEnvelope(envelope)).toString()).toBe(
    '{"version":1,"kind":"request","messageId":"m1","correlationId":"c1","causedBy":"m0","from":"agent://concierge",' +
      '"to":"agent://pr-reviewer","capability":"review-pr","replyTo":"memory://agents.concierge.responses",' +
      '"deadline":5,"tenantId":"acme","headers":{"b":"1","a":"2"},"payload":null,"auth":{"kind":"internal"}}',
  );
  expect(Buffer.from(encodeEnvelope(minimal)).toString()).not.toContain('causedBy');
});

test('a missing payload stays missing, and null stays null', () => {
  expect(Object.hasOwn(decodeEnvelope(encodeEnvelope(minimal)), 'payload')).toBe(false);
  expect(decodeEnvelope(encodeEnvelope({ ...minimal, payload: null })).payload).toBeNull();
});

const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 128 });
const agent = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/).map((name) => `agent://${name}` as const);
const envelopes: fc.Arbitrary<AgentRpcEnvelope> = fc.record(
  {
    version: fc.constant(1 as const),
    kind: fc.constantFrom('request' as const, 'response' as const, 'event' as const),
    messageId: id,
    correlationId: id,
    causedBy: id,
    from: agent,
    to: agent,
    capability: id,
    replyTo: fc.stringMatching(/^(memory|kafka|nats|sqs|amqp|mqtt):\/\/[a-z.]{1,20}$/),
    deadline: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    tenantId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/),
    headers: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    payload: fc.jsonValue(),
    auth: fc.constantFrom(
      { kind: 'internal' as const },
      { kind: 'hmac' as const, keyId: 'k', signature: 's' },
      { kind: 'oidc' as const, token: 't' },
      { kind: 'oauth2-client' as const, token: 't', scope: 's' },
    ),
  },
  {
    requiredKeys: ['version', 'kind', 'messageId', 'correlationId', 'from', 'to', 'capability'],
    noNullPrototype: true,
  },
);

test('every envelope survives the wire, and its bytes are the same the second time', () => {
  fc.assert(
    fc.property(envelopes, (envelope) => {
      const bytes = encodeEnvelope(envelope);
      const decoded = decodeEnvelope(bytes);
      expect(decoded).toEqual(JSON.parse(JSON.stringify(envelope)));
      expect(Buffer.compare(encodeEnvelope(decoded), bytes)).toBe(0);
    }),
  );
});

test('bytes of any kind are either an envelope or refused with a code', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.tuple(envelopes, fc.nat(), fc.nat(255)).map(([envelope, index, byte]) => {
      const bytes = encodeEnvelope(envelope);
      bytes[index % bytes.length] = byte;
      return bytes;
    }),
    fc.dictionary(fc.constantFrom(...Object.keys(minimal), 'replyTo', 'auth'), fc.jsonValue()).map(bytesOf),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      try {
        decodeEnvelope(bytes);
      } catch (error) {
        expect(isAgentRpcError(error)).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('every problem is listed, with its path', () => {
  const { code, details } = refusal(
    bytesOf({ ...minimal, version: '1', from: 'concierge', causedBy: null, headers: { a: 1 }, extra: 1 }),
  );
  expect(code).toBe('EAGENTRPC_INVALID_ENVELOPE');
  expect(details).toEqual({
    problems: [
      { path: '/version', message: 'must be the number 1' },
      { path: '/causedBy', message: 'must be a string of 1 to 128 characters' },
      { path: '/from', message: 'must be agent:// and 1 to 63 letters, digits or -' },
      { path: '/headers/a', message: 'must be a string' },
      { path: '/extra', message: 'is not a key of an envelope' },
    ],
  });
});

test('every required key is missed', () => {
  const { details } = refusal(bytesOf({}));
  const missing = ['version', 'kind', 'messageId', 'correlationId', 'from', 'to', 'capability'];
  expect(details).toEqual({ problems: missing.map((name) => ({ path: `/${name}`, message: 'is required' })) });
});

test('no more than a hundred problems are listed', () => {
  const headers = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`h${index}`, index]));
  expect(problemsOf({ headers })).toMatchObject({ problems: { length: 100 } });
});

test.each([
  ['version', 2],
  ['kind', 'reply'],
  ['messageId', ''],
  ['messageId', 'x'.repeat(129)],
  ['correlationId', 7],
  ['to', 'agent://a.b'],
  ['to', 'agent://a_b'],
  ['to', 'agent://-a'],
  ['to', `agent://${'a'.repeat(64)}`],
  ['to', 'agent://a\n'],
  ['replyTo', 'redis://x'],
  ['replyTo', 'memory://'],
  ['replyTo', 'memory://a b'],
  ['replyTo', 'memory://a\u202eb'],
  ['deadline', 0],
  ['deadline', 1.5],
  ['deadline', '5'],
  ['tenantId', 'a.b'],
  ['headers', ['a']],
  ['headers', null],
  ['auth', { kind: 'basic' }],
  ['auth', { kind: 'hmac', keyId: 'k' }],
  ['auth', { kind: 'internal', extra: 'x' }],
  ['auth', { kind: 'oidc', token: 1 }],
  ['auth', null],
])('a %s of %j is refused', (name, value) => {
  expect(problemsOf({ [name]: value })).toMatchObject({
    problems: [{ path: expect.stringMatching(new RegExp(`^/${name}`)) }],
  });
});

test('an id may have 128 characters outside the basic plane', () => {
  expect(decodeEnvelope(bytesOf({ ...minimal, messageId: '😀'.repeat(128) })).messageId).toHaveLength(256);
  expect(problemsOf({ messageId: '😀'.repeat(129) })).toBeDefined();
});

test('a number too large for JavaScript is no deadline', () => {
  const bytes = Buffer.from(JSON.stringify({ ...minimal, deadline: 7 }).replace('7}', '1e400}'));
  expect(refusal(bytes).code).toBe('EAGENTRPC_INVALID_ENVELOPE');
});

test('bytes that are not UTF-8, not JSON or begin with a byte order mark are refused', () => {
  const good = bytesOf({ ...minimal, payload: 'x' });
  const bad = Buffer.from(good);
  bad[bad.length - 3] = 0xff;
  for (const bytes of [bad, good.subarray(0, 50), Buffer.from([0xef, 0xbb, 0xbf, ...good]), new Uint8Array()]) {
    expect(refusal(bytes).code).toBe('EAGENTRPC_INVALID_ENVELOPE');
  }
});

test('too many bytes, levels or keys are refused before anything is parsed', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const wide = `{${Array.from({ length: 10_001 }, (_, index) => `"k${index}":1`).join(',')}}`;
  const long = Buffer.alloc(defaultLimits.bytes + 1, 0x20);
  expect(refusal(Buffer.from(deep))).toEqual({ code: 'EAGENTRPC_TOO_LARGE', details: { limit: 'depth', max: 64 } });
  expect(refusal(Buffer.from(wide))).toEqual({ code: 'EAGENTRPC_TOO_LARGE', details: { limit: 'keys', max: 10_000 } });
  expect(refusal(long)).toEqual({ code: 'EAGENTRPC_TOO_LARGE', details: { limit: 'bytes', max: defaultLimits.bytes } });
});

test('exactly 64 levels are let in, and brackets and colons within strings count for nothing', () => {
  const levels = 64 - 1;
  const payload: unknown = JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
  expect(decodeEnvelope(encodeEnvelope({ ...minimal, payload })).payload).toEqual(payload);
  const text = '[{:"\\'.repeat(20_000);
  expect(decodeEnvelope(encodeEnvelope({ ...minimal, payload: text })).payload).toBe(text);
});

test('what would be refused is not sent', () => {
  const nested: unknown = JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`);
  expect(() => encodeEnvelope({ ...minimal, payload: nested })).toThrow(/more than 64 levels/);
  expect(() => encodeEnvelope({ ...minimal, payload: 'x'.repeat(2 ** 20) })).toThrow(/more than 1048576 bytes/);
  expect(() => encodeEnvelope({ ...minimal, correlationId: '' })).toThrow(/correlationId must be/);
});

test('a payload that has no JSON form is refused with a sentence', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => encodeEnvelope({ ...minimal, payload: circle })).toThrow('/payload has no JSON form.');
  expect(() => encodeEnvelope({ ...minimal, payload: 1n })).toThrow('/payload has no JSON form.');
});

test('magic keys in a payload are carried as data and reach no prototype', () => {
  const json = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  const bytes = Buffer.from(`${JSON.stringify(minimal).slice(0, -1)},"payload":${json}}`);
  const { payload } = decodeEnvelope(bytes);
  expect(JSON.stringify(payload)).toBe(json);
  expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
  expect(Reflect.get({}, 'polluted')).toBeUndefined();
  expect(refusal(Buffer.from(`${JSON.stringify(minimal).slice(0, -1)},"__proto__":{}}`)).code).toBe(
    'EAGENTRPC_INVALID_ENVELOPE',
  );
});

test('lone surrogates survive', () => {
  expect(decodeEnvelope(encodeEnvelope({ ...minimal, payload: '\ud800' })).payload).toBe('\ud800');
});
