import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { type AgentRpcEnvelope, decodeEnvelope, encodeEnvelope } from '../../runtime/envelope.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createCountingRandom, createManualClock, settle } from '../support/manual-clock.js';
import { createPlayed, inject, listen } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/);
const address = name.map((id) => `agent://${id}` as const);
const auth = fc.oneof(
  fc.constant({ kind: 'internal' as const }),
  fc.record({ kind: fc.constant('hmac' as const), keyId: text, signature: text }),
  fc.record({ kind: fc.constant('oidc' as const), token: text, keyId: text }, { requiredKeys: ['kind', 'token'] }),
  fc.record(
    { kind: fc.constant('oauth2-client' as const), token: text, scope: text },
    { requiredKeys: ['kind', 'token'] },
  ),
);

/** Every envelope that version 1 allows, within its limits. */
const envelopes: fc.Arbitrary<AgentRpcEnvelope> = fc.record(
  {
    version: fc.constant(1 as const),
    kind: fc.constantFrom('request' as const, 'response' as const, 'event' as const),
    ...{ messageId: text, correlationId: text, causedBy: text, from: address, to: address, capability: text },
    replyTo: fc.stringMatching(/^(memory|kafka|nats|sqs|amqp|mqtt):\/\/[A-Za-z0-9._/-]{1,40}$/),
    deadline: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    tenantId: name,
    headers: fc.dictionary(text, text),
    payload: fc.jsonValue(),
    auth,
  },
  {
    requiredKeys: ['version', 'kind', 'messageId', 'correlationId', 'from', 'to', 'capability'],
    noNullPrototype: true,
  },
);

const shuffled = envelopes.chain((envelope) =>
  fc
    .tuple(
      fc.shuffledSubarray(Object.entries(envelope), { minLength: Object.keys(envelope).length }),
      fc.nat(4),
      fc.boolean(),
    )
    .map(([members, space, isEscaped]) => {
      const json = JSON.stringify(Object.fromEntries(members), null, space);
      const toEscape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
      // An implementation may write what is not ASCII as escapes; what is within a string is all that can be.
      return { envelope, written: isEscaped ? json.replace(/[\u007f-\uffff]/g, toEscape) : json };
    }),
);

test('an envelope is the same in whatever order, layout or escapes it is written', () => {
  fc.assert(
    fc.property(shuffled, ({ envelope, written }) => {
      const decoded = decodeEnvelope(Buffer.from(written));
      expect(decoded).toEqual(JSON.parse(JSON.stringify(envelope)));
      expect(Buffer.from(encodeEnvelope(decoded))).toEqual(Buffer.from(encodeEnvelope(envelope)));
    }),
    { numRuns: 300 },
  );
});

const ORDER = ['version', 'kind', 'messageId', 'correlationId', 'causedBy', 'from', 'to', 'capability', 'replyTo'];
const REST = ['deadline', 'tenantId', 'headers', 'payload', 'auth'];

test('every envelope is written with its keys in one order and no white space', () => {
  fc.assert(
    fc.property(shuffled, ({ envelope, written }) => {
      const bytes = Buffer.from(encodeEnvelope(decodeEnvelope(Buffer.from(written)))).toString();
      expect(Object.keys(JSON.parse(bytes))).toEqual([...ORDER, ...REST].filter((key) => Object.hasOwn(envelope, key)));
      expect(JSON.stringify(JSON.parse(bytes))).toBe(bytes);
    }),
    { numRuns: 200 },
  );
});

test('the bytes of a request and of its response are those that the format says', async () => {
  const broker = createMemoryBroker();
  const transports = [memory({ broker })];
  const clock = createManualClock(1_767_225_600_000);
  const heard: string[] = [];
  const spy = (topic: string): void => {
    broker.subscribe(topic, 'requests', ({ bytes }) => heard.push(Buffer.from(bytes).toString()));
  };
  const caller = await createBus({
    ...{
      agent: 'agent://concierge',
      transports,
      clock,
      random: createCountingRandom(),
      instance: 'i',
      tenantId: 'acme',
    },
  });
  spy('agents.pr-reviewer.acme.requests');
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const options = { correlationId: 'c1', timeoutMs: 1_000, headers: { 'x-b': 'b', traceparent } };
  void createCall(caller, reviewerContract, reviewCapability).outcome({ prUrl: 'é"' }, options);
  await settle();
  expect(heard).toHaveLength(1);
  const { messageId } = JSON.parse(heard[0] ?? '');
  expect(heard[0]).toBe(
    `{"version":1,"kind":"request","messageId":"${messageId}","correlationId":"c1","from":"agent://concierge",` +
      '"to":"agent://pr-reviewer","capability":"review-pr","replyTo":"memory://agents.concierge.acme.responses.i",' +
      '"deadline":1767225601000,"tenantId":"acme","headers":{"x-b":"b",' +
      `"traceparent":"${traceparent}","x-declaragent-ttl-ms":"1000"},"payload":{"prUrl":"é\\""}}`,
  );
  expect(messageId).toMatch(/^019b76da-a800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

  const reviewer = await createBus({ agent: 'agent://pr-reviewer', transports, clock, random: createCountingRandom() });
  await serve(reviewer, reviewerContract, [
    implement(reviewCapability, () => ({ verdict: 'ok' })),
    implement(echoCapability, (input) => input),
  ]);
  spy('agents.stranger.responses');
  inject(broker, 'agents.pr-reviewer.requests', {
    ...{ payload: null, capability: 'echo', to: 'agent://pr-reviewer', from: 'agent://stranger', correlationId: 'c2' },
    ...{ messageId: 'foreign id, any text', kind: 'request', version: 1 },
  });
  await settle();
  const response = JSON.parse(heard[1] ?? '');
  expect(heard[1]).toBe(
    `{"version":1,"kind":"response","messageId":"${response.messageId}","correlationId":"c2",` +
      '"causedBy":"foreign id, any text","from":"agent://pr-reviewer","to":"agent://stranger","capability":"echo",' +
      '"payload":{"ok":true,"data":null}}',
  );
});

test.each([
  ['with ids of their own', { messageId: '42', headers: { 'x-framework': 'other' } }],
  ['without causedBy', { causedBy: undefined }],
  ['with a replyTo and a deadline of their own', { replyTo: 'nats://somewhere', deadline: 1 }],
  ['with auth of kind internal', { auth: { kind: 'internal' } }],
])('a response is understood %s', async (_, members) => {
  const { review } = await createPlayed({ payload: { ok: true, data: { verdict: 'fine' } }, ...members });
  expect(await review({ prUrl: 'x' })).toEqual({ verdict: 'fine' });
});

test('of several responses to one call the first counts', async () => {
  const broker = createMemoryBroker();
  const bus = await createBus({ agent: 'agent://concierge', transports: [memory({ broker })], instance: 'i' });
  broker.subscribe('agents.pr-reviewer.requests', 'requests', ({ bytes }) => {
    const { messageId, correlationId, capability, from, to } = decodeEnvelope(bytes);
    const ids = { version: 1, kind: 'response', correlationId, causedBy: messageId, from: to, to: from, capability };
    for (const data of ['first', 'second', 'third']) {
      inject(broker, 'agents.concierge.responses.i', { messageId: data, ...ids, payload: { ok: true, data } });
    }
  });
  expect(await createCall(bus, reviewerContract, echoCapability)(1)).toBe('first');
  await settle();
  expect(bus.health()).toMatchObject({ late: 2, refused: 0, pending: 0 });
  await bus.stop();
});

test('a request that has only what is required is answered at the default place', async () => {
  const broker = createMemoryBroker();
  const bus = await createBus({ agent: 'agent://pr-reviewer', transports: [memory({ broker })] });
  await serve(bus, reviewerContract, [
    implement(reviewCapability, () => ({ verdict: 'ok' })),
    implement(echoCapability, (input) => input ?? 'nothing'),
  ]);
  const heard = listen(broker, 'agents.stranger.responses');
  const required = { messageId: 'm', correlationId: 'c', from: 'agent://stranger', to: 'agent://pr-reviewer' };
  inject(broker, 'agents.pr-reviewer.requests', { capability: 'echo', ...required, kind: 'request', version: 1 });
  await settle();
  expect(heard).toMatchObject([{ causedBy: 'm', correlationId: 'c', payload: { ok: true, data: 'nothing' } }]);
  await bus.stop();
});
