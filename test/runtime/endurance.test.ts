import { expect, test } from 'vitest';
import { createAuth } from '../../runtime/auth.js';
import { chainInterceptors, type Interceptor } from '../../runtime/interceptors.js';
import { settle } from '../support/manual-clock.js';
import { createPair, createPlayed } from '../support/pair.js';

const auth = createAuth({
  keys: [
    { keyId: 'c', secret: 's3cret', agent: 'agent://concierge' },
    { keyId: 'r', secret: 'terces', agent: 'agent://pr-reviewer' },
  ],
});
const through: Interceptor = (_, next) => next();

test('calls with all that can be asked for leave nothing behind', async () => {
  const { echo, clock, concierge, reviewer } = await createPair({
    client: { auth, interceptors: chainInterceptors(through, through) },
    server: { auth },
    serve: { interceptors: chainInterceptors(through) },
  });
  const { signal } = new AbortController();
  for (let count = 0; count < 1_000; count++) {
    expect(await echo(count, { signal, retry: { attempts: 3 } })).toBe(count);
  }
  await settle();
  expect(clock.timers()).toBe(0);
  expect(concierge.health()).toMatchObject({ pending: 0, late: 0, refused: 0 });
  expect(reviewer.health()).toMatchObject({ running: 0, refused: 0 });
});

test('many calls with one correlationId get each its own answer', async () => {
  const { echo } = await createPair();
  const inputs = Array.from({ length: 200 }, (_, index) => index);
  const outputs = await Promise.all(inputs.map((input) => echo(input, { correlationId: 'shared' })));
  expect(outputs).toEqual(inputs);
});

test('an answer that guesses the correlationId alone settles none of several calls that share it', async () => {
  const { review, bus, clock } = await createPlayed({
    causedBy: undefined,
    payload: { ok: true, data: { verdict: 'x' } },
  });
  const calls = [1, 2].map(() => review.outcome({ prUrl: 'x' }, { correlationId: 'shared', timeoutMs: 10 }));
  await clock.advance(10);
  for (const outcome of await Promise.all(calls)) expect(outcome).toMatchObject({ status: 'timeout' });
  expect(bus.health().late).toBe(2);
});

test('an empty correlationId is refused before anything is sent', async () => {
  const { echo } = await createPair();
  expect(await echo.outcome(1, { correlationId: '' })).toMatchObject({
    executed: 'no',
    error: { code: 'EAGENTRPC_INVALID_ENVELOPE', details: { problems: [{ path: '/correlationId' }] } },
  });
});
