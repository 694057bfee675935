import { expect, test, vi } from 'vitest';
import { createAuth, type HmacKey, signEnvelope } from '../../runtime/auth.js';
import { decodeEnvelope } from '../../runtime/envelope.js';
import { settle } from '../support/manual-clock.js';
import {
  ask,
  createPair,
  createPlayed,
  errorOf,
  INBOX,
  inject,
  listen,
  type PairOptions,
  strangersRequest,
} from '../support/pair.js';

test.each([
  { to: 'agent://other' },
  { kind: 'response' },
  { replyTo: 'nats://agents.stranger.responses' },
  { replyTo: 'memory://agents.other.responses' },
  { version: 2 },
])('a message with %j is refused, not run and not answered', async (members) => {
  const skill = vi.fn();
  const { broker, reviewer } = await createPair({ echo: skill });
  const heard = [listen(broker, 'agents.stranger.responses'), listen(broker, 'agents.other.responses')];
  inject(broker, INBOX, strangersRequest(members));
  await settle();
  expect(heard.flat()).toEqual([]);
  expect(skill).not.toHaveBeenCalled();
  expect(reviewer.health().refused).toBe(1);
});

test('bytes that are no envelope are refused, and the next request is served', async () => {
  const { broker, echo, reviewer } = await createPair();
  for (const bytes of ['', 'null', '{', '[]', '\u0000', `${'['.repeat(100)}`])
    inject(broker, INBOX, Buffer.from(bytes));
  await settle();
  expect(reviewer.health().refused).toBe(6);
  await expect(echo('still here')).resolves.toBe('still here');
});

test.each([
  { kind: 'hmac', keyId: 'k', signature: 's' },
  { kind: 'oidc', token: 't' },
  { kind: 'oauth2-client', token: 't' },
])('auth that nobody here can verify is refused: %j', async (auth) => {
  const skill = vi.fn();
  expect(await ask({ auth }, { echo: skill })).toEqual([errorOf('EAGENTRPC_AUTH_FAILED')]);
  expect(skill).not.toHaveBeenCalled();
});

test('auth of kind internal is let in', async () => {
  expect(await ask({ auth: { kind: 'internal' } })).toEqual([{ ok: true, data: 'hello' }]);
});

test("a tenant's inbox refuses every other tenant, and none", async () => {
  const { broker, reviewer } = await createPair({ server: { tenantId: 'acme' } });
  const heard = listen(broker, 'agents.stranger.responses');
  const heardEvil = listen(broker, 'agents.stranger.evil.responses');
  const inbox = 'agents.pr-reviewer.acme.requests';
  inject(broker, inbox, strangersRequest());
  inject(broker, inbox, strangersRequest({ tenantId: 'evil', replyTo: 'memory://agents.stranger.evil.responses' }));
  await settle();
  expect([...heard, ...heardEvil].map(({ payload }) => payload)).toEqual([
    errorOf('EAGENTRPC_TENANT_MISMATCH'),
    errorOf('EAGENTRPC_TENANT_MISMATCH'),
  ]);
  expect(reviewer.health().refused).toBe(2);
});

test('buses of one tenant reach each other', async () => {
  const { echo } = await createPair({ server: { tenantId: 'acme' }, client: { tenantId: 'acme' } });
  await expect(echo('hi')).resolves.toBe('hi');
});

test.each([
  { from: 'agent://mallory' },
  { capability: 'echo' },
  { correlationId: 'other' },
  { causedBy: 'other' },
  { to: 'agent://other' },
  { kind: 'event' },
  { auth: { kind: 'hmac', keyId: 'k', signature: 's' } },
])('an answer with %j settles no call, and is counted', async (members) => {
  const { review, clock, bus } = await createPlayed({ payload: { ok: true, data: { verdict: 'x' } }, ...members });
  const outcome = review.outcome({ prUrl: 'x' });
  await clock.advance(60_000);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  const { late, refused } = bus.health();
  expect(late + refused).toBe(1);
});

test('a foreign responder may leave causedBy out', async () => {
  const { review } = await createPlayed({ causedBy: undefined, payload: { ok: true, data: { verdict: 'fine' } } });
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'fine' });
});

/** Signs for the stranger, whom a reviewer with this key asks for proof. */
const key: HmacKey = { keyId: 'k', secret: 's', agent: 'agent://stranger' };
const proving = { server: { auth: createAuth({ keys: [key, { ...key, agent: 'agent://pr-reviewer' as const }] }) } };
const signed = (members: Record<string, unknown>): Record<string, unknown> => ({
  ...signEnvelope(decodeEnvelope(Buffer.from(JSON.stringify(strangersRequest(members)))), key),
});

async function askWithProof(message: (now: number) => Record<string, unknown>, options: PairOptions = {}) {
  const skill = vi.fn((input: unknown) => input);
  const pair = await createPair({ echo: skill, ...proving, ...options });
  const heard = listen(pair.broker, 'agents.stranger.responses');
  const send = async (): Promise<void> => {
    inject(pair.broker, INBOX, message(pair.clock.now()));
    await settle();
  };
  await send();
  return { ...pair, send, skill, heard };
}

test('a message that is proved is let in, and answered', async () => {
  const { skill, heard } = await askWithProof((now) => signed({ deadline: now + 30_000 }));
  expect(skill).toHaveBeenCalledOnce();
  expect(heard).toMatchObject([{ payload: { ok: true, data: 'hello' }, auth: { kind: 'hmac' } }]);
});

test.each<[string, (now: number) => Record<string, unknown>]>([
  ['carries no proof', (now) => strangersRequest({ deadline: now + 30_000 })],
  ['was changed on its way', (now) => ({ ...signed({ deadline: now + 30_000 }), payload: 'other' })],
  ['has no deadline', () => signed({})],
  ['is past its deadline', (now) => signed({ deadline: now - 5_001, headers: { 'x-declaragent-ttl-ms': '30000' } })],
  ['is more than 15 minutes ahead', (now) => signed({ deadline: now + 900_001 })],
])('where proof is asked for, a message that %s is refused and not answered', async (_, message) => {
  const { skill, heard, reviewer } = await askWithProof(message);
  expect(skill).not.toHaveBeenCalled();
  expect(heard).toEqual([]);
  expect(reviewer.health().refused).toBe(1);
});

test('a message that is sent again as it is never runs twice, however long somebody waits', async () => {
  let message: Record<string, unknown> | undefined;
  const { skill, send, clock } = await askWithProof((now) => {
    message ??= signed({ deadline: now + 600_000, headers: { 'x-declaragent-ttl-ms': '1000' } });
    return message;
  });
  for (let minutes = 0; minutes < 20; minutes++) {
    await clock.advance(60_000);
    await send();
  }
  expect(skill).toHaveBeenCalledOnce();
});

test('whose tenant is wrong is told so only where the sender is proved', async () => {
  const ofEvil = { ...key, tenantId: 'evil' };
  const options = {
    server: {
      tenantId: 'acme',
      auth: createAuth({ keys: [ofEvil, { ...ofEvil, agent: 'agent://pr-reviewer' as const }] }),
    },
  };
  const { broker, clock, reviewer } = await createPair(options);
  const heard = listen(broker, 'agents.stranger.evil.responses');
  const members = {
    tenantId: 'evil',
    replyTo: 'memory://agents.stranger.evil.responses',
    deadline: clock.now() + 30_000,
  };
  const plain = strangersRequest(members);
  inject(broker, 'agents.pr-reviewer.acme.requests', plain);
  await settle();
  expect(heard).toEqual([]);
  inject(broker, 'agents.pr-reviewer.acme.requests', {
    ...signEnvelope(decodeEnvelope(Buffer.from(JSON.stringify(plain))), ofEvil),
  });
  await settle();
  expect(heard.map(({ payload }) => payload)).toEqual([errorOf('EAGENTRPC_TENANT_MISMATCH')]);
  expect(reviewer.health().refused).toBe(2);
});

test('a proof that takes time is waited for, and only so many at once', async () => {
  let prove = (): void => {};
  const proof = new Promise<boolean>((resolve) => {
    prove = () => resolve(true);
  });
  const skill = vi.fn((input: unknown) => input);
  const { broker, clock, reviewer } = await createPair({
    echo: skill,
    server: { auth: createAuth({ verifiers: { oidc: () => proof } }) },
    serve: { concurrency: 2_000 },
  });
  const auth = { kind: 'oidc', token: 't' };
  for (let id = 0; id < 1_100; id++) {
    inject(broker, INBOX, strangersRequest({ messageId: `m${id}`, deadline: clock.now() + 30_000, auth }));
  }
  await settle();
  expect(skill).not.toHaveBeenCalled();
  expect(reviewer.health().refused).toBe(100);
  prove();
  await settle();
  expect(skill).toHaveBeenCalledTimes(1_000);
});
