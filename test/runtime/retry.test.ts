import { afterEach, expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { type AgentRpcEnvelope, decodeEnvelope } from '../../runtime/envelope.js';
import { AgentRpcError } from '../../runtime/errors.js';
import { createRetries, type RetryOptions } from '../../runtime/retry.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair, faulty, inject, noWatcher } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

type Answer = { readonly payload: unknown } | 'silence';

const fail = (code: string, details?: unknown): Answer => ({
  payload: { ok: false, error: { code, message: 'no', details } },
});
const busy = fail('EAGENTRPC_BUSY');
const ok = (data: unknown): Answer => ({ payload: { ok: true, data } });
const approved = ok({ verdict: 'approve' });

const retry: RetryOptions = { attempts: 3, baseMs: 100, maxMs: 1_000 };

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const bus of running.splice(0)) await bus.stop();
});

/** A caller whose peer answers each attempt with the next of `answers`, and the last of them from then on. */
async function createScripted(...answers: Answer[]) {
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const bus = await createBus({
    agent: 'agent://concierge',
    transports: [memory({ broker })],
    retries: createRetries(),
    clock,
    instance: 'i',
  });
  running.push(bus);
  const requests: AgentRpcEnvelope[] = [];
  const respond = (request: AgentRpcEnvelope, members: object, id = `r${requests.length}`): void => {
    const { messageId, correlationId, capability, from, to } = request;
    const response = { version: 1, kind: 'response', messageId: id, correlationId, causedBy: messageId };
    inject(broker, 'agents.concierge.responses.i', { ...response, from: to, to: from, capability, ...members });
  };
  broker.subscribe('agents.pr-reviewer.requests', 'requests', ({ bytes }) => {
    const request = decodeEnvelope(bytes);
    requests.push(request);
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    if (answer !== undefined && typeof answer === 'object') respond(request, answer);
  });
  return {
    bus,
    clock,
    requests,
    respond,
    echo: createCall(bus, reviewerContract, echoCapability),
    review: createCall(bus, reviewerContract, reviewCapability),
  };
}

test('a call is made once unless it is asked to be made again', async () => {
  const { echo, requests } = await createScripted(busy, ok(1));
  expect(await echo.outcome(1)).toMatchObject({ status: 'busy', executed: 'no' });
  expect(requests).toHaveLength(1);
});

test('a call that has not run is made again with the same ids and less time', async () => {
  const { echo, requests, clock } = await createScripted(busy, ok('done'));
  const outcome = echo.outcome(1, { retry, timeoutMs: 10_000, headers: { 'x-a': 'b' } });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'ok', data: 'done' });
  const [first, second] = requests;
  expect(second).toMatchObject({ messageId: first?.messageId, correlationId: first?.correlationId, payload: 1 });
  expect(second?.deadline).toBe(first?.deadline);
  expect(second?.headers?.['traceparent']).toBe(first?.headers?.['traceparent']);
  expect(second?.headers?.['x-a']).toBe('b');
  const left = requests.map(({ headers }) => Number(headers?.['x-declaragent-ttl-ms']));
  expect(left[0]).toBe(10_000);
  expect(left[1]).toBeLessThan(10_000);
  expect(left[1]).toBeGreaterThanOrEqual(9_900);
  expect(clock.timers()).toBe(0);
});

test('the last attempt is the last', async () => {
  const { echo, requests, clock } = await createScripted(busy);
  const outcome = echo.outcome(1, { retry });
  await clock.advance(1_000);
  expect(await outcome).toMatchObject({ status: 'busy', executed: 'no' });
  expect(requests).toHaveLength(3);
  expect(clock.timers()).toBe(0);
});

test('what asks to be left alone for a while is, and no longer than the call has', async () => {
  const { echo, requests, clock } = await createScripted(fail('EAGENTRPC_BUSY', { retryAfterMs: 3_000 }), ok(1));
  const patient = echo.outcome(1, { retry, timeoutMs: 10_000 });
  await clock.advance(3_000);
  expect(requests).toHaveLength(1);
  await clock.advance(100);
  expect(await patient).toMatchObject({ status: 'ok' });
  const other = await createScripted(fail('EAGENTRPC_BUSY', { retryAfterMs: 3_000 }), ok(1));
  expect(await other.echo.outcome(1, { retry, timeoutMs: 3_000 })).toMatchObject({ status: 'busy' });
});

test.each(['EAGENTRPC_NO_CAPABILITY', 'EAGENTRPC_AUTH_FAILED', 'NO_SUCH_CODE'])(
  '%s does not go away by itself, so the call is not made again',
  async (code) => {
    const { review, requests, clock } = await createScripted(fail(code));
    const outcome = review.outcome({ prUrl: 'x' }, { retry });
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ status: 'error' });
    expect(requests).toHaveLength(1);
  },
);

test('what may have run is made again only where that does no harm', async () => {
  const failed = fail('EAGENTRPC_HANDLER_ERROR');
  const once = await createScripted(failed, ok(1));
  const notAgain = once.echo.outcome(1, { retry });
  await once.clock.advance(1_000);
  expect(await notAgain).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
  expect(once.requests).toHaveLength(1);
  const twice = await createScripted(failed, approved);
  const again = twice.review.outcome({ prUrl: 'x' }, { retry });
  await twice.clock.advance(1_000);
  expect(await again).toMatchObject({ status: 'ok' });
});

test('an attempt that cannot have run does not hide one that may have', async () => {
  const { review, clock } = await createScripted(fail('EAGENTRPC_HANDLER_ERROR'), busy);
  const outcome = review.outcome({ prUrl: 'x' }, { retry });
  await clock.advance(5_000);
  expect(await outcome).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
});

test('an answer that is delivered twice does not end the attempt after it', async () => {
  const { echo, requests, respond, clock } = await createScripted(busy, 'silence');
  const outcome = echo.outcome(1, { retry });
  await clock.advance(100);
  const [first, second] = requests;
  if (first === undefined || second === undefined) throw new Error('There were fewer than two attempts.');
  respond(first, busy as object, 'r1');
  await settle();
  respond(second, ok('late but right') as object, 'r2');
  expect(await outcome).toMatchObject({ status: 'ok', data: 'late but right' });
});

test('an answer that comes while the next attempt waits ends the call', async () => {
  const { echo, requests, respond, clock } = await createScripted(busy);
  const outcome = echo.outcome(1, { retry: { ...retry, baseMs: 60_000, maxMs: 60_000 }, timeoutMs: 120_000 });
  await settle();
  const [first] = requests;
  if (first === undefined) throw new Error('There was no attempt.');
  respond(first, ok('after all') as object, 'other');
  expect(await outcome).toMatchObject({ status: 'ok', data: 'after all' });
  expect(clock.timers()).toBe(0);
});

test.each([
  ['EAGENTRPC_TIMEOUT', 'its time is up'],
  ['EAGENTRPC_CANCELLED', 'its signal is aborted'],
  ['EAGENTRPC_ABANDONED', 'its bus is stopped'],
])('a call that waits for its next attempt ends with %s when %s', async (code) => {
  const { echo, bus, clock, requests } = await createScripted(
    fail('EAGENTRPC_BUSY', { retryAfterMs: 1_000 }),
    'silence',
  );
  const controller = new AbortController();
  const outcome = echo.outcome(1, { retry, timeoutMs: 2_000, signal: controller.signal });
  await settle();
  expect(bus.health().pending).toBe(1);
  if (code === 'EAGENTRPC_CANCELLED') controller.abort();
  if (code === 'EAGENTRPC_ABANDONED') await bus.stop();
  if (code === 'EAGENTRPC_TIMEOUT') await clock.advance(2_000);
  expect(await outcome).toMatchObject({ executed: 'maybe', error: { code } });
  expect(requests).toHaveLength(code === 'EAGENTRPC_TIMEOUT' ? 2 : 1);
  expect(bus.health().pending).toBe(0);
  expect(clock.timers()).toBe(0);
});

test('callers that all try again add no more than a fifth', async () => {
  const { echo, requests, clock } = await createScripted(busy);
  const calls = Array.from({ length: 500 }, (_, index) => echo.outcome(index, { retry: { ...retry, attempts: 10 } }));
  await clock.advance(30_000);
  await Promise.all(calls);
  expect(requests.length).toBeGreaterThan(550);
  expect(requests.length).toBeLessThanOrEqual(600);
});

test('a receiver that was busy runs the call when it comes again', async () => {
  let runs = 0;
  const { echo, clock } = await createPair({
    serve: { concurrency: 1, queue: 0 },
    echo: async (input) => {
      runs++;
      await new Promise<void>((resolve) => clock.setTimer(50, resolve));
      return input;
    },
  });
  const first = echo.outcome('first');
  const second = echo.outcome('second', { retry: { attempts: 10, baseMs: 100, maxMs: 100 } });
  await clock.advance(2_000);
  expect(await first).toMatchObject({ status: 'ok', data: 'first' });
  expect(await second).toMatchObject({ status: 'ok', data: 'second' });
  expect(runs).toBe(2);
});

test('a message that the broker did not take is sent again', async () => {
  const broker = createMemoryBroker();
  const { connect } = memory({ broker });
  const connection = await connect({ agent: 'agent://concierge', instance: 'other' }, noWatcher);
  let failures = 1;
  const refusal = new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message: 'not now' });
  const transport = faulty(memory({ broker }), {
    publish: (message) => (failures-- > 0 ? Promise.reject(refusal) : connection.publish(message)),
  });
  const { echo, clock } = await createPair({
    server: { transports: [memory({ broker })] },
    client: { transports: [transport] },
  });
  const outcome = echo.outcome(1, { retry });
  await clock.advance(1_000);
  expect(await outcome).toMatchObject({ status: 'ok', data: 1 });
});

test.each([
  [{ attempts: 1 }, /retry\.attempts must be a whole number from 2 to 100, and it is 1/],
  [{ attempts: 2.5 }, /retry\.attempts/],
  [{ attempts: 2, baseMs: 0 }, /retry\.baseMs/],
  [{ attempts: 2, maxMs: Number.NaN }, /retry\.maxMs/],
])('a retry of %j is refused', async (wrong, message) => {
  const { echo } = await createScripted(ok(1));
  await expect(echo(1, { retry: wrong })).rejects.toThrow(message);
});

test('a call that asks for retries of a bus that makes none is refused, and told what is missing', async () => {
  const bus = await createBus({ agent: 'agent://concierge', transports: [memory({ broker: createMemoryBroker() })] });
  const call = createCall(bus, reviewerContract, echoCapability);
  await expect(call.outcome(1, { retry: { attempts: 3 } })).rejects.toThrow(
    'agent://concierge has no retries; give it createRetries() of @declaragent/runtime/retry.',
  );
});
