import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect, test } from 'vitest';
import { RESPONSE_CHANNEL, type ResponseEvent } from '../../runtime/response.js';
import { settle } from '../support/manual-clock.js';
import { createPair } from '../support/pair.js';

const events: ResponseEvent[] = [];
const onEvent = (event: unknown): void => {
  events.push(event as ResponseEvent);
};
afterEach(() => {
  unsubscribe('agent.rpc.response', onEvent);
  events.length = 0;
});

test('the end of a started call is told where its handle is not', async () => {
  subscribe('agent.rpc.response', onEvent);
  expect(RESPONSE_CHANNEL).toBe('agent.rpc.response');
  const { echo, clock } = await createPair({
    echo: (input) => new Promise((resolve) => clock.setTimer(50, () => resolve(input))),
  });
  const { correlationId, messageId } = await echo.start('later', { correlationId: 'chain' });
  await settle();
  expect(events).toEqual([]);
  await clock.advance(50);
  expect(correlationId).toBe('chain');
  expect(events).toEqual([
    {
      ...{ agent: 'agent://concierge', to: 'agent://pr-reviewer', capability: 'echo', messageId, correlationId },
      outcome: { status: 'ok', data: 'later', messageId, correlationId },
    },
  ]);
});

test('a started call that fails is told as well, and leaves no unhandled rejection', async () => {
  subscribe('agent.rpc.response', onEvent);
  const { review } = await createPair();
  await review.start({ prUrl: 1 as unknown as string });
  await settle();
  expect(events).toMatchObject([{ outcome: { status: 'error', error: { code: 'EAGENTRPC_SCHEMA_VIOLATION' } } }]);
});

test('a call that is awaited is told to nobody else', async () => {
  subscribe('agent.rpc.response', onEvent);
  const { echo } = await createPair();
  await echo(1);
  await settle();
  expect(events).toEqual([]);
});
