import { expect, test } from 'vitest';
import { createPlayed, failure } from '../support/pair.js';

test('output that breaks its schema is not handed over', async () => {
  const { review } = await createPlayed({ payload: { ok: true, data: { verdict: 1 } } });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status: 'error',
    executed: 'yes',
    error: { code: 'EAGENTRPC_SCHEMA_VIOLATION', details: { side: 'output' } },
  });
});

test('a declared error arrives with its details', async () => {
  const { review } = await createPlayed(failure('DIFF_TOO_LARGE', { files: 900 }));
  const outcome = await review.outcome({ prUrl: 'x' });
  expect(outcome).toMatchObject({ status: 'error', executed: 'yes', error: { code: 'DIFF_TOO_LARGE', message: 'no' } });
  if (outcome.status !== 'ok' && outcome.error.code === 'DIFF_TOO_LARGE') expect(outcome.error.details.files).toBe(900);
});

test('details that are not as declared are a violation', async () => {
  const { review } = await createPlayed(failure('DIFF_TOO_LARGE', { files: 'many' }));
  await expect(review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_SCHEMA_VIOLATION', executed: 'yes' });
});

test('details of an error that declares none are left out', async () => {
  const { review } = await createPlayed(failure('NOT_FOUND', { secret: 1 }));
  await expect(review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND', details: undefined });
});

test.each([
  ['EAGENTRPC_BUSY', 'busy', 'no'],
  ['EAGENTRPC_DEADLINE_EXCEEDED', 'timeout', 'no'],
  ['EAGENTRPC_HANDLER_ERROR', 'error', 'yes'],
  ['EAGENTRPC_NO_CAPABILITY', 'error', 'no'],
  ['EAGENTRPC_INTERRUPTED', 'error', 'maybe'],
])('a receiver that says %s makes the call %s, executed %s', async (code, status, executed) => {
  const { review } = await createPlayed(failure(code, { retryAfterMs: 5 }));
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status,
    executed,
    error: { code, details: { retryAfterMs: 5 } },
  });
});

test('a violation that a receiver finds says by its side whether the skill ran', async () => {
  const input = await createPlayed(failure('EAGENTRPC_SCHEMA_VIOLATION', { side: 'input' }));
  expect(await input.review.outcome({ prUrl: 'x' })).toMatchObject({ executed: 'no' });
  const output = await createPlayed(failure('EAGENTRPC_SCHEMA_VIOLATION'));
  expect(await output.review.outcome({ prUrl: 'x' })).toMatchObject({ executed: 'yes' });
});

test.each([
  'NEW_CODE',
  'EAGENTRPC_TIMEOUT',
  'EAGENTRPC_ABANDONED',
  'EAGENTRPC_FROM_THE_FUTURE',
  'constructor',
  '__proto__',
])('a receiver cannot make the call end as %s', async (code) => {
  const { review } = await createPlayed(failure(code, 1));
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status: 'error',
    executed: 'maybe',
    error: { code: 'EAGENTRPC_HANDLER_ERROR', details: { code, details: 1 } },
  });
});

test('an answer that is no result ends the call at once', async () => {
  const { review } = await createPlayed({ payload: 'approve' });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    executed: 'maybe',
    error: { code: 'EAGENTRPC_INVALID_ENVELOPE' },
  });
});
