import { expect, test } from 'vitest';
import { createCall } from '../../runtime/client.js';
import { implement, type SkillContext } from '../../runtime/skill.js';
import { settle } from '../support/manual-clock.js';
import { createPair, listen } from '../support/pair.js';
import { echoCapability, type ReviewErrors, type ReviewOutput, reviewerContract } from '../support/reviewer.js';

test('a skill is told who calls, under which ids, and until when', async () => {
  let seen: SkillContext<ReviewOutput, ReviewErrors> | undefined;
  const { review, clock } = await createPair({
    review: (_, ctx) => {
      seen = ctx;
      return { verdict: 'x' };
    },
  });
  const { messageId } = await review.outcome(
    { prUrl: 'x' },
    { correlationId: 'c', headers: { 'x-user': 'u' }, timeoutMs: 50 },
  );
  expect(seen).toMatchObject({
    messageId,
    correlationId: 'c',
    from: 'agent://concierge',
    capability: 'review-pr',
    deadline: clock.now() + 50,
  });
  expect(seen?.headers['x-user']).toBe('u');
});

test('a skill fails with an error that it declares, and its details', async () => {
  const { review, thrown } = await createPair({
    review: (_, ctx) => ctx.fail('DIFF_TOO_LARGE', 'Too large.', { files: 3 }),
  });
  await expect(review({ prUrl: 'x' })).rejects.toMatchObject({
    code: 'DIFF_TOO_LARGE',
    message: 'Too large.',
    details: { files: 3 },
    executed: 'yes',
  });
  expect(thrown).toEqual([]);
});

test('a skill that catches its own failure may still answer', async () => {
  const { review } = await createPair({
    review: (_, ctx) => {
      try {
        return ctx.fail('NOT_FOUND', 'none');
      } catch {
        return { verdict: 'after all' };
      }
    },
  });
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'after all' });
});

test('a skeleton answers that it is not implemented, executed no', async () => {
  const { review } = await createPair({ review: (_, ctx) => ctx.notImplemented() });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status: 'error',
    executed: 'no',
    error: { code: 'EAGENTRPC_NOT_IMPLEMENTED', message: 'review-pr is not implemented yet.' },
  });
});

test('a skill may answer and go on', async () => {
  let finish = (): void => {};
  const { review, reviewer } = await createPair({
    review: async (_, { respond }) => {
      respond({ ok: true, data: { verdict: 'now' } });
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    },
  });
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'now' });
  expect(reviewer.health().running).toBe(1);
  finish();
  await settle();
  expect(reviewer.health().running).toBe(0);
});

test('a nested call that fails is no failure that the skill declares', async () => {
  const { echo } = await createPair({
    echo: async (_, ctx) => {
      await createCall(ctx.bus, { ...reviewerContract, agent: 'agent://nobody' }, echoCapability)(1);
    },
  });
  await expect(echo(1)).rejects.toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR', executed: 'yes' });
});

test('a nested call inherits correlationId, cause, trace and what is left of the time', async () => {
  const { broker, review, clock } = await createPair({
    review: async (_, ctx) => {
      await new Promise((resolve) => clock.setTimer(100, () => resolve(undefined)));
      const nested = await createCall(ctx.bus, { ...reviewerContract, agent: 'agent://c' }, echoCapability).outcome(1);
      return { verdict: nested.status };
    },
  });
  const heard = listen(broker, 'agents.c.requests');
  const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
  const call = await review.start({ prUrl: 'x' }, { timeoutMs: 300, headers: { traceparent } });
  await clock.advance(100);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatchObject({
    correlationId: call.correlationId,
    causedBy: call.messageId,
    from: 'agent://pr-reviewer',
    deadline: clock.now() + 200,
    headers: { traceparent, 'x-declaragent-ttl-ms': '200', 'x-declaragent-hops': '1' },
  });
  await clock.advance(200);
  expect(await call.outcome).toMatchObject({ status: 'timeout' });
});

test('an agent that calls itself without end is stopped by the depth of its calls', async () => {
  let runs = 0;
  const { echo } = await createPair({
    echo: async (_, ctx) => {
      runs++;
      const outcome = await createCall(ctx.bus, reviewerContract, echoCapability).outcome(1);
      return outcome.status === 'ok' ? outcome.data : outcome.error.code;
    },
  });
  await expect(echo(1)).resolves.toBe('EAGENTRPC_LOOP');
  expect(runs).toBe(17);
});

test('a call that a skill makes after its time is not sent', async () => {
  let late: unknown;
  const { review, clock } = await createPair({
    review: async (_, ctx) => {
      await new Promise((resolve) => clock.setTimer(100, () => resolve(undefined)));
      late = await createCall(ctx.bus, reviewerContract, echoCapability).outcome(1);
    },
  });
  void review.outcome({ prUrl: 'x' }, { timeoutMs: 100 });
  await clock.advance(100);
  expect(late).toMatchObject({ status: 'timeout', executed: 'no', error: { code: 'EAGENTRPC_DEADLINE_EXCEEDED' } });
});

test('a skill is given a caller, with which it can neither stop the bus nor serve on it', async () => {
  let keys: string[] = [];
  const { echo } = await createPair({
    echo: (_, { bus }) => {
      keys = Object.keys(bus);
    },
  });
  await echo(1);
  expect(keys.sort()).toEqual([
    ...['agent', 'clock', 'createIds', 'guard', 'interceptors', 'notify', 'request', 'retries', 'tenantId'],
  ]);
});

test('a capability and its skill are put together as they are', () => {
  const skill = (input: unknown): unknown => input;
  expect(implement(echoCapability, skill)).toEqual({ capability: echoCapability, skill });
});
