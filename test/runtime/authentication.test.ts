import { expect, test } from 'vitest';
import { createAuth, type HmacKey, signEnvelope, type TokenAuth } from '../../runtime/auth.js';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { type AgentRpcEnvelope, decodeEnvelope, defaultLimits, encodeEnvelope } from '../../runtime/envelope.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { settle } from '../support/manual-clock.js';
import { createPair, INBOX, inject, listen, strangersRequest, watchHops } from '../support/pair.js';
import { echoCapability, reviewerContract } from '../support/reviewer.js';

const CONCIERGE = 'agent://concierge';
const REVIEWER = 'agent://pr-reviewer';

const callers: HmacKey = { keyId: 'c1', secret: 's3cret', agent: CONCIERGE };
const receivers: HmacKey = { keyId: 'r1', secret: 'terces', agent: REVIEWER };
const keysOfBoth = [callers, receivers];
const auth = createAuth({ keys: keysOfBoth });

const envelope: AgentRpcEnvelope = {
  version: 1,
  kind: 'request',
  messageId: 'm1',
  correlationId: 'c1',
  from: CONCIERGE,
  to: REVIEWER,
  capability: 'echo',
  payload: { z: 1, '2': 'b', '1': 'a', s: 'é"\ud800' },
};

test('a message is signed and written at once, byte for byte as when it is signed first', () => {
  const { encode } = auth(CONCIERGE);
  const bytes = encode(envelope, defaultLimits);
  expect(bytes).toEqual(encodeEnvelope(signEnvelope(envelope, callers)));
  const reader = auth(REVIEWER);
  expect(reader.verify(decodeEnvelope(bytes as Uint8Array))).toBeUndefined();
});

test('the bytes of a signature count to the size of the message', () => {
  const { encode } = auth(CONCIERGE);
  const limits = { ...defaultLimits, bytes: encodeEnvelope(envelope).length };
  expect(() => encode(envelope, limits)).toThrow(/has more than/);
});

test('both legs of a call are signed, and both are verified', async () => {
  const { echo, concierge, reviewer } = await createPair({ client: { auth }, server: { auth } });
  expect(await echo({ a: [1] })).toEqual({ a: [1] });
  expect(concierge.health().refused + reviewer.health().refused).toBe(0);
});

test.each<[string, Partial<HmacKey>]>([
  ['with another secret', { secret: 'guessed' }],
  ['under a key that nobody knows', { keyId: 'c9' }],
  ['with the key of another agent', { keyId: 'r1', secret: 'terces' }],
])('a request that is signed %s is refused, and nobody is told', async (_, members) => {
  const forged = createAuth({ keys: [{ ...callers, ...members }], required: false });
  const { echo, broker, reviewer, clock } = await createPair({ client: { auth: forged }, server: { auth } });
  const heard = listen(broker, 'agents.concierge.responses');
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(reviewer.health().refused).toBe(1);
  expect(heard).toEqual([]);
});

test('why a proof was refused is told on this side', async () => {
  const { hops, stop } = watchHops();
  const { broker } = await createPair({ server: { auth } });
  inject(broker, INBOX, strangersRequest());
  await settle();
  stop();
  expect(hops.find(({ event }) => event === 'refused')).toMatchObject({
    code: 'EAGENTRPC_AUTH_FAILED',
    reason: 'The proof of who sent the message was refused. Reason: it carries no proof.',
  });
});

test('a request that is not signed is refused where proof is required', async () => {
  const { echo, reviewer, clock } = await createPair({ client: {}, server: { auth } });
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(reviewer.health().refused).toBe(1);
});

test.each<[string, HmacKey | undefined]>([
  ['without a signature', undefined],
  ['with the key of another agent', { keyId: 'm1', secret: 'mallory', agent: REVIEWER }],
])('an answer with the right ids and %s is refused and counted', async (_, key) => {
  const broker = createMemoryBroker();
  const keys = [...keysOfBoth, { keyId: 'm1', secret: 'mallory', agent: 'agent://mallory' as const }];
  const bus = await createBus({
    agent: CONCIERGE,
    transports: [memory({ broker })],
    auth: createAuth({ keys }),
    instance: 'i',
  });
  const asked = listen(broker, INBOX);
  const controller = new AbortController();
  const outcome = createCall(bus, reviewerContract, echoCapability).outcome(1, { signal: controller.signal });
  await settle();
  const { messageId = '', correlationId = '' } = asked[0] ?? {};
  const response: AgentRpcEnvelope = {
    ...{ version: 1, kind: 'response', messageId: 'r', correlationId, causedBy: messageId },
    ...{ from: REVIEWER, to: CONCIERGE, capability: 'echo', payload: { ok: true, data: 'forged' } },
  };
  inject(broker, 'agents.concierge.responses.i', key === undefined ? response : signEnvelope(response, key));
  await settle();
  expect(bus.health()).toMatchObject({ refused: 1, pending: 1 });
  inject(broker, 'agents.concierge.responses.i', signEnvelope(response, receivers));
  expect(await outcome).toMatchObject({ status: 'ok' });
  controller.abort();
  await bus.stop();
});

test('keys can be changed while a bus runs: what is signed with the old one is good as long as it is there', async () => {
  let signing = [callers];
  let known = [callers];
  const { echo, clock } = await createPair({
    client: { auth: createAuth({ keys: () => [...signing, receivers] }) },
    server: { auth: createAuth({ keys: () => [...known, receivers] }) },
  });
  const next: HmacKey = { ...callers, keyId: 'c2', secret: 'next' };
  expect(await echo(1)).toBe(1);
  known = [callers, next];
  expect(await echo(2)).toBe(2);
  signing = [next];
  expect(await echo(3)).toBe(3);
  known = [next];
  expect(await echo(4)).toBe(4);
  signing = [callers];
  const old = echo.outcome(5, { timeoutMs: 10 });
  await clock.advance(10);
  expect(await old).toMatchObject({ status: 'timeout' });
});

test('proof may be required of some only; whoever has a key is held to it', async () => {
  const mixed = createAuth({ keys: [callers, receivers], required: false });
  const { broker, reviewer } = await createPair({ server: { auth: mixed } });
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, INBOX, strangersRequest());
  const asConcierge = { from: CONCIERGE, replyTo: 'memory://agents.concierge.responses' };
  inject(broker, INBOX, strangersRequest({ messageId: 'm2', ...asConcierge }));
  await settle();
  expect(heard.map(({ payload }) => payload)).toEqual([{ ok: true, data: 'hello' }]);
  expect(reviewer.health().refused).toBe(1);
});

test('a key of one tenant is good for no other, and a message of a tenant without a key is not sent', async () => {
  const { verify, encode } = createAuth({ keys: [{ ...callers, tenantId: 'acme' }, receivers] })(REVIEWER);
  const ofAcme = { ...envelope, tenantId: 'acme' };
  expect(verify(signEnvelope(ofAcme, callers))).toBeUndefined();
  expect(verify(signEnvelope(envelope, callers))).toMatchObject({ cause: 'its key belongs to another tenant' });
  expect(() => encode({ ...ofAcme, from: REVIEWER }, defaultLimits)).toThrow(/no key to sign with for the tenant acme/);
});

test('a key for one receiver signs nothing for another', () => {
  const shared: HmacKey = { ...callers, to: REVIEWER };
  const { encode } = createAuth({ keys: [shared, receivers] })(CONCIERGE);
  const read = (to: AgentRpcEnvelope['to']): AgentRpcEnvelope =>
    decodeEnvelope(encode({ ...envelope, to }, defaultLimits) as Uint8Array);
  expect(read(REVIEWER).auth).toMatchObject({ kind: 'hmac' });
  expect(read('agent://other').auth).toBeUndefined();
  const elsewhere = createAuth({ keys: [shared] })('agent://other');
  const misled = signEnvelope({ ...envelope, to: 'agent://other' }, callers);
  expect(elsewhere.verify(misled)).toMatchObject({ cause: 'its key is for another receiver' });
});

const bearer: TokenAuth = { kind: 'oidc', token: 'jwt' };

test.each<[string, () => boolean | Promise<boolean>]>([
  ['at once', () => true],
  ['later', () => Promise.resolve(true)],
])('a token is checked by a verifier that says so %s', async (_, verdict) => {
  const tokens = createAuth({ token: async () => bearer, verifiers: { oidc: verdict } });
  const { echo } = await createPair({ client: { auth: tokens }, server: { auth: tokens } });
  expect(await echo('proved')).toBe('proved');
});

test.each<[string, () => unknown]>([
  ['false', () => false],
  ['what is no boolean', () => 'yes'],
  ['a promise of what is no boolean', () => Promise.resolve(1)],
  [
    'nothing but an error',
    () => {
      throw new Error('expired');
    },
  ],
  ['a promise that rejects', () => Promise.reject(new Error('unreachable'))],
])('a verifier that gives %s lets nothing in', async (_, verdict) => {
  const verifiers = { oidc: verdict as () => boolean };
  const { echo, reviewer, clock } = await createPair({
    client: { auth: createAuth({ token: () => bearer, required: false }) },
    server: { auth: createAuth({ verifiers }) },
  });
  const outcome = echo.outcome(1, { timeoutMs: 10 });
  await clock.advance(10);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(reviewer.health().refused).toBe(1);
});

test.each(['oidc', 'oauth2-client'] as const)(
  'a token of kind %s is refused where nothing verifies it',
  async (kind) => {
    const { verify } = createAuth({ keys: [callers], required: false })(REVIEWER);
    expect(verify({ ...envelope, auth: { kind, token: 'jwt' } })).toMatchObject({
      code: 'EAGENTRPC_AUTH_FAILED',
      message: `agent://pr-reviewer cannot verify auth of kind ${kind}.`,
    });
  },
);

test('a call whose token cannot be had is not sent', async () => {
  const cause = new Error('the identity provider is down');
  const heard: AgentRpcEnvelope[] = [];
  for (const token of [
    () => Promise.reject(cause),
    (): TokenAuth => {
      throw cause;
    },
  ]) {
    const { echo, broker } = await createPair({ client: { auth: createAuth({ token, required: false }) } });
    heard.push(...listen(broker, INBOX));
    expect(await echo.outcome(1)).toMatchObject({
      executed: 'no',
      error: {
        code: 'EAGENTRPC_AUTH_FAILED',
        message: 'agent://concierge has no token to send with the message.',
        cause,
      },
    });
  }
  expect(heard).toEqual([]);
});

test('a call that is over by the time its token comes is not sent', async () => {
  let give = (_: TokenAuth): void => {};
  const token = (): Promise<TokenAuth> =>
    new Promise((resolve) => {
      give = resolve;
    });
  const { echo, clock, reviewer } = await createPair({ client: { auth: createAuth({ token, required: false }) } });
  const outcome = echo.outcome(1, { timeoutMs: 10 });
  await clock.advance(10);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  give(bearer);
  await settle();
  expect(reviewer.health().refused).toBe(0);
});

test('a bus that could let nothing in is not made', async () => {
  const transports = [memory({ broker: createMemoryBroker() })];
  for (const wrong of [{}, { keys: [] }, { keys: [callers] }, { required: true, token: () => bearer }]) {
    await expect(createBus({ agent: CONCIERGE, transports, auth: createAuth(wrong) })).rejects.toThrow(
      /no verifier to check a proof/,
    );
  }
});

test('a bus is not made with options where it takes what createAuth makes of them', async () => {
  const transports = [memory({ broker: createMemoryBroker() })];
  const options = { keys: keysOfBoth } as never;
  await expect(createBus({ agent: CONCIERGE, transports, auth: options })).rejects.toThrow(TypeError);
});
