import { expect, test, vi } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { Contract } from '../../runtime/contract.js';
import { AgentRpcError } from '../../runtime/errors.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair, createPlayed, failure, listen } from '../support/pair.js';
import { echoCapability, type ReviewInput, reviewCapability, reviewerContract } from '../support/reviewer.js';

test('two buses of one process meet on the default broker, and a call gets its output', async () => {
  const reviewer = await createBus({ agent: 'agent://pr-reviewer', transports: [memory()] });
  const concierge = await createBus({ agent: 'agent://concierge', transports: [memory()] });
  await serve(reviewer, reviewerContract, [
    implement(reviewCapability, async ({ prUrl }) => ({ verdict: `approve ${prUrl}` })),
    implement(echoCapability, (input) => input),
  ]);
  const review = createCall(concierge, reviewerContract, reviewCapability);
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'approve x' });
  await concierge.stop();
  await reviewer.stop();
});

test('an outcome that is ok holds the data and the ids', async () => {
  const { review } = await createPair();
  const outcome = await review.outcome({ prUrl: 'x' }, { correlationId: 'chain' });
  expect(outcome).toEqual({
    status: 'ok',
    data: { verdict: 'approve' },
    correlationId: 'chain',
    messageId: expect.any(String),
  });
});

test('payloads arrive as JSON has them, never by reference', async () => {
  const input = { list: [1, { a: null }], when: new Date(0), gone: undefined, __proto__: null };
  const { echo } = await createPair();
  const output = await echo(input);
  expect(output).toEqual({ list: [1, { a: null }], when: '1970-01-01T00:00:00.000Z' });
  expect(output).not.toBe(input);
});

test('input that breaks its schema is not sent', async () => {
  const { broker, review } = await createPair();
  const heard = vi.spyOn(broker, 'publish');
  const outcome = await review.outcome({ prUrl: 7 } as unknown as ReviewInput);
  expect(heard).not.toHaveBeenCalled();
  expect(outcome).toMatchObject({
    status: 'error',
    executed: 'no',
    error: {
      code: 'EAGENTRPC_SCHEMA_VIOLATION',
      message: 'The input of review-pr is invalid: /prUrl must be string.',
      details: {
        side: 'input',
        total: 1,
        violations: [{ path: '/prUrl', keyword: 'type', message: 'must be string' }],
      },
    },
  });
});

test('a call that is not answered times out exactly at its timeout', async () => {
  const { review, clock } = await createPair({ review: () => new Promise(() => {}) });
  const onEnd = vi.fn();
  void review.outcome({ prUrl: 'x' }, { timeoutMs: 500 }).then(onEnd);
  await clock.advance(499);
  expect(onEnd).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(onEnd).toHaveBeenCalledWith(
    expect.objectContaining({
      status: 'timeout',
      executed: 'maybe',
      error: expect.objectContaining({
        code: 'EAGENTRPC_TIMEOUT',
        message: 'agent://pr-reviewer did not answer review-pr within 500 ms.',
      }),
    }),
  );
});

test("the timeout is the caller's, else the capability's, else thirty seconds", async () => {
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const bus = await createBus({ agent: 'agent://concierge', transports: [memory({ broker })], clock });
  const heard = listen(broker, 'agents.pr-reviewer.requests');
  const review = createCall(bus, reviewerContract, reviewCapability);
  const echo = createCall(bus, reviewerContract, echoCapability);
  for (const call of [review.start({ prUrl: 'x' }, { timeoutMs: 7 }), review.start({ prUrl: 'x' }), echo.start(1)])
    await call;
  await settle();
  expect(heard.map(({ deadline = 0 }) => deadline - clock.now())).toEqual([7, 60_000, 30_000]);
  expect(heard.map(({ headers }) => headers?.['x-declaragent-ttl-ms'])).toEqual(['7', '60000', '30000']);
});

test('options that are wrong reject, and are no outcome', async () => {
  const { review } = await createPair();
  for (const timeoutMs of [0, 1.5, 600_001, Number.NaN]) {
    await expect(review.outcome({ prUrl: 'x' }, { timeoutMs })).rejects.toThrow(RangeError);
    await expect(review.start({ prUrl: 'x' }, { timeoutMs })).rejects.toThrow(RangeError);
  }
});

test('a signal that is aborted ends the call at once, and what comes later is late', async () => {
  const { review, clock, concierge } = await createPair({
    review: async (_, { signal }) => {
      await new Promise((resolve) => clock.setTimer(100, () => resolve(undefined)));
      return { verdict: signal.aborted ? 'aborted' : 'not told' };
    },
  });
  const controller = new AbortController();
  const outcome = review.outcome({ prUrl: 'x' }, { signal: controller.signal });
  await settle();
  controller.abort(new Error('changed my mind'));
  const ended = await outcome;
  expect(ended).toMatchObject({ status: 'abandoned', executed: 'maybe', error: { code: 'EAGENTRPC_CANCELLED' } });
  expect(ended.status === 'ok' || ended.error.cause).toEqual(new Error('changed my mind'));
  await clock.advance(100);
  expect(concierge.health()).toMatchObject({ pending: 0, late: 1 });
});

test('a signal that is aborted before the call sends nothing', async () => {
  const skill = vi.fn();
  const { review } = await createPair({ review: skill });
  const outcome = await review.outcome({ prUrl: 'x' }, { signal: AbortSignal.abort() });
  expect(outcome).toMatchObject({ status: 'abandoned', executed: 'no', error: { code: 'EAGENTRPC_CANCELLED' } });
  await settle();
  expect(skill).not.toHaveBeenCalled();
});

test('a signal that is aborted after the call has no effect', async () => {
  const controller = new AbortController();
  const { review } = await createPair();
  const outcome = await review.outcome({ prUrl: 'x' }, { signal: controller.signal });
  controller.abort();
  await settle();
  expect(outcome.status).toBe('ok');
});

test('a correlationId or a header that no envelope can hold is refused here', async () => {
  const { review } = await createPair();
  const headers = { 'x-a': 1 } as unknown as Record<string, string>;
  await expect(review({ prUrl: 'x' }, { correlationId: '' })).rejects.toThrow(/correlationId must be a string/);
  await expect(review({ prUrl: 'x' }, { headers })).rejects.toMatchObject({
    code: 'EAGENTRPC_INVALID_ENVELOPE',
    executed: 'no',
    details: { problems: [{ path: '/headers/x-a', message: 'must be a string' }] },
  });
});

test('many calls with one correlationId never mix', async () => {
  const { echo, clock } = await createPair({
    echo: async (input) => {
      await new Promise((resolve) => clock.setTimer(100 - Number(input), () => resolve(undefined)));
      return input;
    },
  });
  const inputs = Array.from({ length: 50 }, (_, index) => index);
  const outputs = Promise.all(inputs.map((input) => echo(input, { correlationId: 'same' })));
  await clock.advance(100);
  expect(await outputs).toEqual(inputs);
});

test('a started call has its ids at once and its result later', async () => {
  const { review, clock } = await createPair({
    review: () => new Promise((resolve) => clock.setTimer(10, () => resolve({ verdict: 'later' }))),
  });
  const call = await review.start({ prUrl: 'x' }, { correlationId: 'chain' });
  expect(call.correlationId).toBe('chain');
  await clock.advance(10);
  expect(await call.result).toEqual({ verdict: 'later' });
  expect(await call.outcome).toMatchObject({ status: 'ok', messageId: call.messageId, correlationId: 'chain' });
});

test('a started call that fails unseen troubles nobody', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const { review } = await createPlayed(failure('NOT_FOUND'));
  const call = await review.start({ prUrl: 'x' });
  expect(await call.outcome).toMatchObject({ status: 'error' });
  await settle();
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  await expect(call.result).rejects.toThrow(AgentRpcError);
});

test('a notification runs the skill and is not answered', async () => {
  const skill = vi.fn(() => ({ verdict: 'x' }));
  const { review, concierge } = await createPair({ review: skill });
  const ids = await review.notify({ prUrl: 'x' });
  await settle();
  expect(skill).toHaveBeenCalledWith({ prUrl: 'x' }, expect.objectContaining(ids));
  expect(concierge.health()).toMatchObject({ pending: 0, late: 0, refused: 0 });
});

test('a notification that cannot be sent rejects', async () => {
  const { review, service } = await createPair();
  await expect(review.notify({} as ReviewInput)).rejects.toMatchObject({ code: 'EAGENTRPC_SCHEMA_VIOLATION' });
  await service.stop();
  await expect(review.notify({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_NO_RESPONDER' });
});

test('an error that is thrown names the function that waits for it', async () => {
  const { review } = await createPlayed(failure('NOT_FOUND'));
  const waitForReview = async (): Promise<string | undefined> => {
    try {
      await review({ prUrl: 'x' });
    } catch (thrown) {
      return thrown instanceof AgentRpcError ? thrown.stack : undefined;
    }
    return undefined;
  };
  expect(await waitForReview()).toMatch(/^AgentRpcError: no\n[\s\S]*waitForReview/);
});

test('a contract of another format is refused with one sentence', async () => {
  const { concierge } = await createPair();
  const contract = { ...reviewerContract, format: 2 } as unknown as Contract;
  expect(() => createCall(concierge, contract, reviewCapability)).toThrow(
    /^The contract of agent:\/\/pr-reviewer is of format 2, and this runtime runs 1;/,
  );
});

test('a signal that is none is refused before anything is sent, and leaves nothing behind', async () => {
  const { review, concierge } = await createPair();
  const options = { signal: {} as AbortSignal };
  await expect(review.outcome({ prUrl: 'x' }, options)).rejects.toThrow(TypeError);
  expect(concierge.health().pending).toBe(0);
});
