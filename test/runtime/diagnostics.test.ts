import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../runtime/clock.js';
import { type HopVerdict, reportHop } from '../../runtime/diagnostics.js';
import { createPair, watchHops } from '../support/pair.js';

let watched: ReturnType<typeof watchHops> | undefined;
afterEach(() => {
  watched?.stop();
  watched = undefined;
});

test('a call is seen at each of its hops, under one correlationId', async () => {
  const { review } = await createPair();
  watched = watchHops();
  const { correlationId, messageId } = await review.outcome({ prUrl: 'x' });
  expect(watched.hops.map(({ event, agent }) => `${event} ${agent}`)).toEqual([
    'sent agent://concierge',
    'received agent://pr-reviewer',
    'answered agent://pr-reviewer',
    'settled agent://concierge',
  ]);
  expect(watched.hops.every((hop) => hop.correlationId === correlationId)).toBe(true);
  expect(watched.hops[2]).toMatchObject({ kind: 'response', causedBy: messageId });
  expect(watched.hops[3]).toMatchObject({ status: 'ok', messageId, capability: 'review-pr' });
});

test('a failed call says in its last hop how it ended', async () => {
  const { review } = await createPair({
    review: (_, ctx) => ctx.fail('NOT_FOUND', 'There is none.'),
  });
  watched = watchHops();
  await review.outcome({ prUrl: 'x' });
  expect(watched.hops.at(-1)).toMatchObject({
    event: 'settled',
    status: 'error',
    code: 'NOT_FOUND',
    executed: 'yes',
    reason: 'There is none.',
  });
});

test('nothing is built when nobody looks', () => {
  const verdict: HopVerdict = {
    get reason(): string {
      throw new Error('It was read.');
    },
  };
  expect(() => reportHop('late', 'agent://a', systemClock, {}, verdict)).not.toThrow();
  watched = watchHops();
  expect(() => reportHop('late', 'agent://a', systemClock, {}, verdict)).toThrow('It was read.');
});
