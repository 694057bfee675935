import { expect, test, vi } from 'vitest';
import { settle } from '../support/manual-clock.js';
import { ask, createPair, createPlayed, errorOf, INBOX, inject, listen, strangersRequest } from '../support/pair.js';

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
