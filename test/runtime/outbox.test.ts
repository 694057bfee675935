import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { MAX_PENDING } from '../../runtime/pending.js';
import type { Transport } from '../../runtime/transport.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair, faulty, INBOX, inject, listen, noWatcher, strangersRequest, watchHops } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

const circle: Record<string, unknown> = {};
circle['self'] = circle;

const agent = 'agent://concierge';

test('an answer echoes the ids of its request, and comes from the agent itself', async () => {
  const { broker } = await createPair();
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, INBOX, strangersRequest());
  await settle();
  expect(heard).toEqual([
    {
      version: 1,
      kind: 'response',
      messageId: expect.any(String),
      correlationId: 'c1',
      causedBy: 'm1',
      from: 'agent://pr-reviewer',
      to: 'agent://stranger',
      capability: 'echo',
      payload: { ok: true, data: 'hello' },
    },
  ]);
});

test('a result that has no JSON form, or is too large, is answered with an error', async () => {
  for (const result of [1n, circle, 'x'.repeat(2 ** 20)]) {
    const { echo } = await createPair({ echo: () => result });
    await expect(echo(1)).rejects.toMatchObject({
      code: 'EAGENTRPC_HANDLER_ERROR',
      message: expect.stringMatching(/^The result of echo cannot be sent\./),
      executed: 'yes',
    });
  }
});

test('input that has no JSON form is not sent', async () => {
  const { echo } = await createPair();
  await expect(echo({ big: 1n })).rejects.toMatchObject({ code: 'EAGENTRPC_INVALID_ENVELOPE', executed: 'no' });
  await expect(echo('x'.repeat(2 ** 20))).rejects.toMatchObject({ code: 'EAGENTRPC_TOO_LARGE', executed: 'no' });
});

test('an agent that nobody serves is an error at once', async () => {
  const bus = await createBus({ agent: 'agent://concierge', transports: [memory({ broker: createMemoryBroker() })] });
  const review = createCall(bus, reviewerContract, reviewCapability);
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status: 'error',
    executed: 'no',
    error: { code: 'EAGENTRPC_NO_RESPONDER' },
  });
  expect(bus.health().pending).toBe(0);
});

test('a broker that hangs on publish is a timeout, of calls and notifications', async () => {
  const clock = createManualClock();
  const transport = faulty(memory({ broker: createMemoryBroker() }), { publish: () => new Promise(() => {}) });
  const bus = await createBus({ agent, transports: [transport], clock });
  const echo = createCall(bus, reviewerContract, echoCapability);
  const call = echo.outcome(1, { timeoutMs: 100 });
  const notification = echo.notify(1, { timeoutMs: 100 }).catch((error: unknown) => error);
  await clock.advance(100);
  expect(await call).toMatchObject({ status: 'timeout', executed: 'maybe' });
  expect(await notification).toMatchObject({ code: 'EAGENTRPC_TIMEOUT', executed: 'maybe' });
  expect(clock.timers()).toBe(0);
});

test('what a broken transport throws is a failed publication that may have got through', async () => {
  const cause = new TypeError('internal to a driver');
  const transport = faulty(memory({ broker: createMemoryBroker() }), { publish: () => Promise.reject(cause) });
  const bus = await createBus({ agent, transports: [transport] });
  const outcome = await createCall(bus, reviewerContract, echoCapability).outcome(1);
  expect(outcome).toMatchObject({
    status: 'error',
    executed: 'maybe',
    error: { code: 'EAGENTRPC_PUBLISH_FAILED', message: 'The transport failed to publish.', cause },
  });
});

test("a broker's own limit on bytes counts where it is lower", async () => {
  const transport: Transport = {
    ...memory({ broker: createMemoryBroker() }),
    flags: { ...memory().flags, maxBytes: 1000 },
  };
  const bus = await createBus({ agent, transports: [transport] });
  const echo = createCall(bus, reviewerContract, echoCapability);
  await expect(echo('x'.repeat(1000))).rejects.toThrow('The message has more than 1000 bytes.');
});

test('over ten thousand calls at once the newcomer is busy, never an older call', async () => {
  const { echo, concierge, clock } = await createPair({
    echo: () => new Promise(() => {}),
    serve: { concurrency: MAX_PENDING },
  });
  const waiting = Array.from({ length: MAX_PENDING }, () => echo.outcome(1, { timeoutMs: 50 }));
  expect(concierge.health().pending).toBe(MAX_PENDING);
  expect(await echo.outcome(1)).toMatchObject({ status: 'busy', executed: 'no', error: { code: 'EAGENTRPC_BUSY' } });
  await clock.advance(50);
  expect(new Set((await Promise.all(waiting)).map(({ status }) => status))).toEqual(new Set(['timeout']));
  expect(concierge.health().pending).toBe(0);
});

test.each([
  ['a function', () => 1],
  ['a symbol', Symbol('x')],
  ['an object whose toJSON gives nothing', { toJSON: () => undefined }],
])('a result that is %s, which JSON leaves out, is answered with an error', async (_, result) => {
  const { echo, thrown } = await createPair({ echo: () => result });
  const { hops, stop } = watchHops();
  const outcome = await echo.outcome(1);
  stop();
  const message = 'The result of echo cannot be sent. It has no JSON form.';
  expect(outcome).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_HANDLER_ERROR', message } });
  expect(hops.find(({ event }) => event === 'answered')).toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR' });
  const { messageId, correlationId } = outcome;
  expect(thrown).toEqual([expect.objectContaining({ name: 'AgentRpcError', message, messageId, correlationId })]);
});

test('a result with a toJSON goes over as that gives it', async () => {
  const { echo } = await createPair({ echo: () => new Date(0) });
  await expect(echo(1)).resolves.toBe('1970-01-01T00:00:00.000Z');
});

test('an answer that the broker does not take is noted, and the next request is served', async () => {
  const broker = createMemoryBroker();
  let failures = 1;
  const connection = await memory({ broker }).connect({ agent, instance: 'i' }, noWatcher);
  const transport = faulty(memory({ broker }), {
    publish: (message) => (failures-- > 0 ? Promise.reject(new Error('gone')) : connection.publish(message)),
  });
  const { echo, clock, thrown } = await createPair({
    server: { transports: [transport] },
    client: { transports: [memory({ broker })] },
  });
  const { hops, stop } = watchHops();
  const lost = echo.outcome(1, { timeoutMs: 5 });
  await clock.advance(5);
  stop();
  expect(await lost).toMatchObject({ status: 'timeout' });
  expect(hops.find(({ event }) => event === 'unanswered')?.error).toEqual(new Error('gone'));
  expect(thrown).toEqual([]);
  await expect(echo(2)).resolves.toBe(2);
});
