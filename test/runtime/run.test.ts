import { afterEach, expect, test, vi } from 'vitest';
import { settle } from '../support/manual-clock.js';
import { ask, createPair, INBOX, inject, type PairOptions, strangersRequest, watchHops } from '../support/pair.js';
import type { ReviewOutput, TooLargeDetails } from '../support/reviewer.js';

let watched: ReturnType<typeof watchHops> | undefined;
afterEach(() => {
  watched?.stop();
  watched = undefined;
});

const circle: Record<string, unknown> = {};
circle['self'] = circle;

test('input is checked again before the skill sees it', async () => {
  const skill = vi.fn();
  const answers = await ask({ capability: 'review-pr', payload: { prUrl: 1 } }, { review: skill });
  expect(answers).toEqual([
    {
      ok: false,
      error: expect.objectContaining({
        code: 'EAGENTRPC_SCHEMA_VIOLATION',
        details: expect.objectContaining({ side: 'input' }),
      }),
    },
  ]);
  expect(skill).not.toHaveBeenCalled();
});

test('output is checked before it is sent', async () => {
  const { review } = await createPair({ review: () => ({ verdict: 7 }) as unknown as ReviewOutput });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    executed: 'yes',
    error: { code: 'EAGENTRPC_SCHEMA_VIOLATION', details: { side: 'output' } },
  });
});

test.each([
  ['an Error with a path', () => Promise.reject(new Error('ENOENT: /etc/secret'))],
  [
    'an Error synchronously',
    () => {
      throw new Error('/etc/secret');
    },
  ],
  [
    'a string',
    () => {
      throw '/etc/secret';
    },
  ],
  ['undefined', () => Promise.reject(undefined)],
  ['an object that is a circle', () => Promise.reject(circle)],
  [
    'an object that fights back',
    () =>
      Promise.reject(
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('no');
            },
          },
        ),
      ),
  ],
])('a skill that throws %s is a HANDLER_ERROR that says nothing of it', async (_, skill) => {
  const { echo, thrown } = await createPair({ echo: skill });
  const outcome = await echo.outcome(1);
  expect(outcome).toMatchObject({ status: 'error', executed: 'yes' });
  expect(outcome.status === 'ok' || [outcome.error.code, outcome.error.message, outcome.error.details]).toEqual([
    'EAGENTRPC_HANDLER_ERROR',
    'The skill of echo failed.',
    undefined,
  ]);
  expect(thrown).toHaveLength(1);
  expect(await createPair().then((other) => other.echo(2))).toBe(2);
});

test('an error that is not declared, or not as declared, does not go over', async () => {
  const undeclared = await createPair({ review: (_, ctx) => ctx.fail('constructor' as 'NOT_FOUND', 'x') });
  await expect(undeclared.review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR' });
  expect(undeclared.thrown).toEqual([expect.objectContaining({ message: 'review-pr declares no error constructor.' })]);
  const wrong = await createPair({
    review: (_, ctx) => ctx.fail('DIFF_TOO_LARGE', 'x', { files: 'many' } as unknown as { files: number }),
  });
  await expect(wrong.review({ prUrl: 'x' })).rejects.toMatchObject({
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    executed: 'yes',
  });
});

test('the first answer counts; later ones, and what is thrown after it, are noted only', async () => {
  const { review, concierge, thrown } = await createPair({
    review: (input, ctx) => {
      ctx.respond({ ok: true, data: { verdict: 'first' } });
      ctx.respond({ ok: true, data: { verdict: 'second' } });
      if (input.prUrl === 'throw') throw new Error('after');
      return { verdict: 'third' };
    },
  });
  watched = watchHops();
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'first' });
  expect(watched.hops.filter(({ event }) => event === 'ignored')).toHaveLength(2);
  await expect(review({ prUrl: 'throw' })).resolves.toEqual({ verdict: 'first' });
  expect(thrown).toHaveLength(1);
  expect(concierge.health().late).toBe(0);
});

test('a skill that says nothing answers null where its output may be null', async () => {
  const { echo, review } = await createPair({ echo: () => {}, review: () => {} });
  await expect(echo(1)).resolves.toBeNull();
  await expect(review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_SCHEMA_VIOLATION', executed: 'yes' });
});

test.each([-5, 5])('a request from a clock %i minutes off is run, and expires by its time to live', async (minutes) => {
  let aborted: AbortSignal | undefined;
  const { broker, clock } = await createPair({
    echo: (_, { signal }) => {
      aborted = signal;
      return new Promise(() => {});
    },
  });
  const headers = { 'x-declaragent-ttl-ms': '300' };
  inject(broker, INBOX, strangersRequest({ headers, deadline: clock.now() + minutes * 60_000 + 300 }));
  await clock.advance(299);
  expect(aborted?.aborted).toBe(false);
  await clock.advance(1);
  expect(aborted?.aborted).toBe(true);
});

test('a result that comes after the deadline is discarded', async () => {
  const { review, clock, concierge, reviewer } = await createPair({
    review: async () => {
      await new Promise((resolve) => clock.setTimer(200, () => resolve(undefined)));
      return { verdict: 'late' };
    },
  });
  watched = watchHops();
  const outcome = review.outcome({ prUrl: 'x' }, { timeoutMs: 100 });
  await clock.advance(200);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(watched.hops.map(({ event }) => event)).toEqual(['sent', 'received', 'settled', 'expired', 'ignored']);
  expect(concierge.health().late).toBe(0);
  expect(reviewer.health().running).toBe(0);
});

test('a skill that responds with undefined answers null', async () => {
  const { echo } = await createPair({ echo: (_, ctx) => ctx.respond({ ok: true, data: undefined }) });
  await expect(echo(1)).resolves.toBeNull();
});

test('a skill that says nothing where it must is told so, as its caller is', async () => {
  const { review, thrown } = await createPair({ review: () => {} });
  const message = 'The skill of review-pr returned nothing.';
  const outcome = await review.outcome({ prUrl: 'x' });
  expect(outcome).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_SCHEMA_VIOLATION', message } });
  const { messageId, correlationId } = outcome;
  expect(thrown).toEqual([expect.objectContaining({ message, messageId, correlationId })]);
});

test.each<[string, NonNullable<PairOptions['review']>, string]>([
  ['output that is returned', () => ({ verdict: 7 }) as unknown as ReviewOutput, '/verdict must be string'],
  [
    'output that is responded',
    (_, ctx) => ctx.respond({ ok: true, data: { verdict: 7 } as unknown as ReviewOutput }),
    '/verdict must be string',
  ],
  [
    'details of a declared error',
    (_, ctx) => ctx.fail('DIFF_TOO_LARGE', 'x', {} as TooLargeDetails),
    '/files must be number',
  ],
])('whoever runs a skill learns of %s that breaks its schema', async (_, review, what) => {
  const onError = vi.fn();
  const pair = await createPair({ review, serve: { onError } });
  watched = watchHops();
  const { messageId, correlationId } = await pair.review.outcome({ prUrl: 'x' });
  const error = expect.objectContaining({
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    message: `The output of review-pr is invalid: ${what}.`,
    details: expect.objectContaining({ side: 'output' }),
  });
  const call = { capability: 'review-pr', messageId, correlationId, from: 'agent://concierge' };
  expect(onError).toHaveBeenCalledExactlyOnceWith(error, call);
  expect(watched.hops.filter(({ event }) => event === 'failed')).toMatchObject([{ messageId, error }]);
});

test('an event with invalid input is noted with the reason, since nobody is answered', async () => {
  const skill = vi.fn();
  const { broker, thrown } = await createPair({ review: skill });
  watched = watchHops();
  inject(broker, INBOX, strangersRequest({ kind: 'event', capability: 'review-pr', payload: {}, replyTo: undefined }));
  await settle();
  expect(watched.hops.map(({ event }) => event)).toEqual(['received', 'refused']);
  expect(watched.hops[1]).toMatchObject({
    messageId: 'm1',
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    reason: 'The input of review-pr is invalid: /prUrl must be string.',
  });
  expect(skill).not.toHaveBeenCalled();
  expect(thrown).toEqual([]);
});

test('an event whose skill fails as declared is noted with the code', async () => {
  const { review } = await createPair({ review: (_, ctx) => ctx.fail('NOT_FOUND', 'There is none.') });
  watched = watchHops();
  await review.notify({ prUrl: 'x' });
  await settle();
  expect(watched.hops.at(-1)).toMatchObject({ event: 'failed', code: 'NOT_FOUND', reason: 'There is none.' });
});

test('a skill that gives up when its time is up is not said to have gone wrong', async () => {
  const { review, clock, thrown } = await createPair({
    review: (_, { signal }) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())),
  });
  void review.outcome({ prUrl: 'x' }, { timeoutMs: 100 });
  await clock.advance(100);
  expect(thrown).toEqual([]);
});
