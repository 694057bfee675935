import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readDetails } from '../../runtime/details.js';
import { createPlayed, failure } from '../support/pair.js';

const violation = { path: '/a', keyword: 'type', message: 'must be string' };

test.each<[string, unknown, unknown]>([
  ['EAGENTRPC_BUSY', { retryAfterMs: 5 }, { retryAfterMs: 5 }],
  ['EAGENTRPC_BUSY', { retryAfterMs: 'soon' }, undefined],
  ['EAGENTRPC_BUSY', { retryAfterMs: -1 }, undefined],
  ['EAGENTRPC_BUSY', null, undefined],
  [
    'EAGENTRPC_SCHEMA_VIOLATION',
    { side: 'input', violations: [violation, { path: 1 }, null], total: 7 },
    { side: 'input', violations: [violation], total: 7 },
  ],
  ['EAGENTRPC_SCHEMA_VIOLATION', 'x', { side: 'output', violations: [], total: 0 }],
  ['EAGENTRPC_SCHEMA_VIOLATION', { total: 'many' }, { side: 'output', violations: [], total: 0 }],
  [
    'EAGENTRPC_INVALID_ENVELOPE',
    { problems: [{ path: '', message: 'm' }, 5] },
    { problems: [{ path: '', message: 'm' }] },
  ],
  ['EAGENTRPC_INVALID_ENVELOPE', undefined, undefined],
  ['EAGENTRPC_TOO_LARGE', { limit: 'bytes', max: 9 }, { limit: 'bytes', max: 9 }],
  ['EAGENTRPC_TOO_LARGE', { limit: 'toString', max: 9 }, undefined],
  ['EAGENTRPC_NO_CAPABILITY', { any: 'thing' }, { any: 'thing' }],
  ['constructor', 1, 1],
])('of %s the details %j are read as %j', (code, details, read) => {
  expect(readDetails(code, details)).toEqual(read);
});

test('whatever a receiver says, the details of a violation have their form', () => {
  fc.assert(
    fc.property(fc.anything(), (details) => {
      expect(readDetails('EAGENTRPC_SCHEMA_VIOLATION', details)).toEqual({
        side: expect.stringMatching(/^(?:in|out)put$/),
        violations: expect.any(Array),
        total: expect.any(Number),
      });
    }),
  );
});

test('what a receiver says is busy with is checked before a caller sees it', async () => {
  const { review } = await createPlayed(failure('EAGENTRPC_BUSY', { retryAfterMs: { toString: 'x' } }));
  const outcome = await review.outcome({ prUrl: 'x' });
  if (outcome.status === 'ok' || outcome.error.code !== 'EAGENTRPC_BUSY') throw new Error('It is not busy.');
  expect(outcome.error.details).toBeUndefined();
});
