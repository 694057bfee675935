import { expect, test } from 'vitest';
import { createRefusals } from '../../runtime/refusals.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair, INBOX, inject, watchHops } from '../support/pair.js';

test('all refusals are counted, ten a second of each code are reported, and the next says how many were not', async () => {
  const clock = createManualClock();
  const refusals = createRefusals('agent://me', clock);
  const { hops, stop } = watchHops();
  const report = (code: string): void => refusals.report({ messageId: 'm' }, code, 'Because.');
  for (let count = 0; count < 1_000; count++) report('EAGENTRPC_AUTH_FAILED');
  report('EAGENTRPC_TOO_LARGE');
  expect(hops).toHaveLength(11);
  await clock.advance(1_000);
  report('EAGENTRPC_AUTH_FAILED');
  report('EAGENTRPC_AUTH_FAILED');
  stop();
  expect(refusals.count).toBe(1_003);
  const code = 'EAGENTRPC_AUTH_FAILED';
  expect(hops[0]).toMatchObject({ event: 'refused', agent: 'agent://me', messageId: 'm', code, reason: 'Because.' });
  expect(hops.map(({ omitted }) => omitted).filter((omitted) => omitted !== undefined)).toEqual([990]);
  expect(hops.at(-2)).toMatchObject({ code, omitted: 990 });
});

test('a flood of junk is counted in the health of the bus, and reported at that rate', async () => {
  const { broker, reviewer } = await createPair();
  const { hops, stop } = watchHops();
  for (let count = 0; count < 500; count++) inject(broker, INBOX, Buffer.from('junk'));
  await settle();
  stop();
  expect(reviewer.health().refused).toBe(500);
  expect(hops).toHaveLength(10);
});
