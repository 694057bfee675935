import { expect, test } from 'vitest';
import { openLog, readAll, textIn } from '../../support/event-log.js';
import { createPair, INBOX, inject, strangersRequest } from '../../support/pair.js';
import { reviewerContract } from '../../support/reviewer.js';
import { createScratch } from '../../support/scratch.js';

test('a call is in the log at each of its hops, with its input and its result', async () => {
  const directory = createScratch();
  const { review, clock } = await createPair();
  const log = openLog({ directory, clock, contracts: [reviewerContract] });
  const { correlationId, messageId } = await review.outcome({ prUrl: 'x' });
  await log.flush();
  const { events } = await readAll(directory, { correlationId });
  const byName = Object.fromEntries(events.map((event) => [event.event, event]));
  expect(Object.keys(byName).sort()).toEqual(['answered', 'received', 'sent', 'settled']);
  expect(byName['sent']).toMatchObject({ agent: 'agent://concierge', messageId, payload: { prUrl: 'x' } });
  expect(byName['received']).toMatchObject({ agent: 'agent://pr-reviewer', messageId, payload: { prUrl: 'x' } });
  const result = { ok: true, data: { verdict: 'approve' } };
  expect(byName['answered']).toMatchObject({ agent: 'agent://pr-reviewer', causedBy: messageId, payload: result });
  expect(byName['settled']).toMatchObject({ agent: 'agent://concierge', status: 'ok', payload: result });
});

test('a call that fails is in the log with what was answered', async () => {
  const directory = createScratch();
  const { review, clock } = await createPair({
    review: (_, ctx) => ctx.fail('DIFF_TOO_LARGE', 'Too large.', { files: 9 }),
  });
  const log = openLog({ directory, clock, contracts: [reviewerContract] });
  await review.outcome({ prUrl: 'x' });
  await log.flush();
  const { events } = await readAll(directory);
  const payload = { ok: false, error: { code: 'DIFF_TOO_LARGE', message: 'Too large.', details: { files: 9 } } };
  expect(events.find(({ event }) => event === 'answered')).toMatchObject({ code: 'DIFF_TOO_LARGE', payload });
  expect(events.find(({ event }) => event === 'settled')).toMatchObject({
    code: 'DIFF_TOO_LARGE',
    status: 'error',
    executed: 'yes',
    payload,
  });
});

test('a result that cannot be sent is not in the log, but the answer that took its place', async () => {
  const directory = createScratch();
  const { echo, clock } = await createPair({ echo: () => 1n });
  const log = openLog({ directory, clock, contracts: [reviewerContract] });
  await echo.outcome(null);
  await log.flush();
  const { events } = await readAll(directory);
  const code = 'EAGENTRPC_HANDLER_ERROR';
  expect(events.find(({ event }) => event === 'answered')).toMatchObject({ payload: { ok: false, error: { code } } });
});

test('what a skill throws and how a message is signed are not in the log', async () => {
  const directory = createScratch();
  const { echo, broker, clock } = await createPair({
    echo: () => {
      throw new Error('hunter2');
    },
  });
  const log = openLog({ directory, clock, contracts: [reviewerContract] });
  await echo.outcome('x');
  inject(broker, INBOX, strangersRequest({ auth: { kind: 'hmac', keyId: 'k1', signature: 'hunter2' } }));
  inject(broker, INBOX, strangersRequest({ auth: { kind: 'oidc', token: 'hunter2' } }));
  inject(broker, INBOX, 'hunter2');
  await clock.advance(1000);
  await log.flush();
  const { events } = await readAll(directory);
  expect(events.filter(({ event }) => event === 'refused').length).toBeGreaterThan(0);
  expect(events.some(({ event }) => event === 'failed')).toBe(true);
  expect(textIn(directory)).not.toContain('hunter2');
});
