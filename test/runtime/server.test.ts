import { afterEach, expect, test, vi } from 'vitest';
import { createCall } from '../../runtime/client.js';
import type { Contract } from '../../runtime/contract.js';
import { serve } from '../../runtime/server.js';
import { implement, type SkillContext } from '../../runtime/skill.js';
import { settle } from '../support/manual-clock.js';
import { createPair, inject, listen, type PairOptions, strangersRequest, watchHops } from '../support/pair.js';
import {
  echoCapability,
  type ReviewErrors,
  type ReviewOutput,
  reviewCapability,
  reviewerContract,
} from '../support/reviewer.js';

const INBOX = 'agents.pr-reviewer.requests';

let watched: ReturnType<typeof watchHops> | undefined;
afterEach(() => {
  watched?.stop();
  watched = undefined;
});

/** Sends a stranger's request and returns the payload of what is answered. */
async function ask(members: Record<string, unknown>, options: PairOptions = {}): Promise<unknown[]> {
  const { broker } = await createPair(options);
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, INBOX, strangersRequest(members));
  await settle();
  return heard.map(({ payload }) => payload);
}

const errorOf = (code: string): unknown => ({ ok: false, error: expect.objectContaining({ code }) });

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

test('a capability that is not in the contract is refused, whatever its name', async () => {
  for (const capability of ['nothing', 'constructor', '__proto__', 'toString']) {
    expect(await ask({ capability })).toEqual([errorOf('EAGENTRPC_NO_CAPABILITY')]);
  }
});

test('input is checked again before the skill sees it', async () => {
  const skill = vi.fn();
  const answers = await ask({ capability: 'review-pr', payload: { prUrl: 1 } }, { review: skill });
  expect(answers).toEqual([
    {
      ok: false,
      error: expect.objectContaining({
        code: 'EAGENTRPC_SCHEMA_VIOLATION',
        details: expect.objectContaining({ side: 'input' }),
      }),
    },
  ]);
  expect(skill).not.toHaveBeenCalled();
});

test('output is checked before it is sent', async () => {
  const { review } = await createPair({ review: () => ({ verdict: 7 }) as unknown as ReviewOutput });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    executed: 'yes',
    error: { code: 'EAGENTRPC_SCHEMA_VIOLATION', details: { side: 'output' } },
  });
});

const circle: Record<string, unknown> = {};
circle['self'] = circle;

test.each([
  ['an Error with a path', () => Promise.reject(new Error('ENOENT: /etc/secret'))],
  [
    'an Error synchronously',
    () => {
      throw new Error('/etc/secret');
    },
  ],
  [
    'a string',
    () => {
      throw '/etc/secret';
    },
  ],
  ['undefined', () => Promise.reject(undefined)],
  ['an object that is a circle', () => Promise.reject(circle)],
  [
    'an object that fights back',
    () =>
      Promise.reject(
        new Proxy(
          {},
          {
            get: () => {
              throw new Error('no');
            },
          },
        ),
      ),
  ],
])('a skill that throws %s is a HANDLER_ERROR that says nothing of it', async (_, skill) => {
  const { echo, thrown } = await createPair({ echo: skill });
  const outcome = await echo.outcome(1);
  expect(outcome).toMatchObject({ status: 'error', executed: 'yes' });
  expect(outcome.status === 'ok' || [outcome.error.code, outcome.error.message, outcome.error.details]).toEqual([
    'EAGENTRPC_HANDLER_ERROR',
    'The skill of echo failed.',
    undefined,
  ]);
  expect(thrown).toHaveLength(1);
  expect(await createPair().then((other) => other.echo(2))).toBe(2);
});

test('what a skill throws goes to stderr as a warning, its control characters shown', async () => {
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { concierge, reviewer, service } = await createPair();
  await service.stop();
  await serve(reviewer, reviewerContract, [
    implement(reviewCapability, () => ({ verdict: 'x' })),
    implement(echoCapability, () => {
      throw new Error('bad \u001b[31m\u202e thing');
    }),
  ]);
  await createCall(concierge, reviewerContract, echoCapability).outcome(1);
  const [text, options] = emitWarning.mock.calls[0] ?? [];
  emitWarning.mockRestore();
  expect(text).toMatch(/^The skill of echo failed for message /);
  expect(text).toContain('bad \\u{1b}[31m\\u{202e} thing');
  expect(options).toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR' });
});

test('a nested call that fails is no failure that the skill declares', async () => {
  const { echo } = await createPair({
    echo: async (_, ctx) => {
      await createCall(ctx.bus, { ...reviewerContract, agent: 'agent://nobody' }, echoCapability)(1);
    },
  });
  await expect(echo(1)).rejects.toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR', executed: 'yes' });
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

test('an error that is not declared, or not as declared, does not go over', async () => {
  const undeclared = await createPair({ review: (_, ctx) => ctx.fail('constructor' as 'NOT_FOUND', 'x') });
  await expect(undeclared.review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_HANDLER_ERROR' });
  expect(undeclared.thrown).toEqual([expect.objectContaining({ message: 'review-pr declares no error constructor.' })]);
  const wrong = await createPair({
    review: (_, ctx) => ctx.fail('DIFF_TOO_LARGE', 'x', { files: 'many' } as unknown as { files: number }),
  });
  await expect(wrong.review({ prUrl: 'x' })).rejects.toMatchObject({
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    executed: 'yes',
  });
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

test('the first answer counts; later ones, and what is thrown after it, are noted only', async () => {
  const { review, concierge, thrown } = await createPair({
    review: (input, ctx) => {
      ctx.respond({ ok: true, data: { verdict: 'first' } });
      ctx.respond({ ok: true, data: { verdict: 'second' } });
      if (input.prUrl === 'throw') throw new Error('after');
      return { verdict: 'third' };
    },
  });
  watched = watchHops();
  await expect(review({ prUrl: 'x' })).resolves.toEqual({ verdict: 'first' });
  expect(watched.hops.filter(({ event }) => event === 'ignored')).toHaveLength(2);
  await expect(review({ prUrl: 'throw' })).resolves.toEqual({ verdict: 'first' });
  expect(thrown).toHaveLength(1);
  expect(concierge.health().late).toBe(0);
});

test('a skill that says nothing answers null where its output may be null', async () => {
  const { echo, review } = await createPair({ echo: () => {}, review: () => {} });
  await expect(echo(1)).resolves.toBeNull();
  await expect(review({ prUrl: 'x' })).rejects.toMatchObject({ code: 'EAGENTRPC_SCHEMA_VIOLATION', executed: 'yes' });
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

test('a request whose time is up is never run', async () => {
  const skill = vi.fn();
  const headers = { 'x-declaragent-ttl-ms': '0' };
  expect(await ask({ headers }, { echo: skill })).toEqual([errorOf('EAGENTRPC_DEADLINE_EXCEEDED')]);
  expect(await ask({ deadline: 1 }, { echo: skill })).toEqual([errorOf('EAGENTRPC_DEADLINE_EXCEEDED')]);
  expect(skill).not.toHaveBeenCalled();
});

test.each([-5, 5])('a request from a clock %i minutes off is run, and expires by its time to live', async (minutes) => {
  let aborted: AbortSignal | undefined;
  const { broker, clock } = await createPair({
    echo: (_, { signal }) => {
      aborted = signal;
      return new Promise(() => {});
    },
  });
  const headers = { 'x-declaragent-ttl-ms': '300' };
  inject(broker, INBOX, strangersRequest({ headers, deadline: clock.now() + minutes * 60_000 + 300 }));
  await clock.advance(299);
  expect(aborted?.aborted).toBe(false);
  await clock.advance(1);
  expect(aborted?.aborted).toBe(true);
});

test('a result that comes after the deadline is discarded', async () => {
  const { review, clock, concierge, reviewer } = await createPair({
    review: async () => {
      await new Promise((resolve) => clock.setTimer(200, () => resolve(undefined)));
      return { verdict: 'late' };
    },
  });
  watched = watchHops();
  const outcome = review.outcome({ prUrl: 'x' }, { timeoutMs: 100 });
  await clock.advance(200);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(watched.hops.map(({ event }) => event)).toEqual(['sent', 'received', 'settled', 'expired', 'ignored']);
  expect(concierge.health().late).toBe(0);
  expect(reviewer.health().running).toBe(0);
});

test.each([
  { to: 'agent://other' },
  { kind: 'response' },
  { replyTo: 'nats://agents.stranger.responses' },
  { replyTo: 'memory://agents.other.responses' },
  { version: 2 },
])('a message with %j is refused, not run and not answered', async (members) => {
  const skill = vi.fn();
  const { broker, reviewer } = await createPair({ echo: skill });
  const heard = [listen(broker, 'agents.stranger.responses'), listen(broker, 'agents.other.responses')];
  inject(broker, INBOX, strangersRequest(members));
  await settle();
  expect(heard.flat()).toEqual([]);
  expect(skill).not.toHaveBeenCalled();
  expect(reviewer.health().refused).toBe(1);
});

test('bytes that are no envelope are refused, and the next request is served', async () => {
  const { broker, echo, reviewer } = await createPair();
  for (const bytes of ['', 'null', '{', '[]', '\u0000', `${'['.repeat(100)}`])
    inject(broker, INBOX, Buffer.from(bytes));
  await settle();
  expect(reviewer.health().refused).toBe(6);
  await expect(echo('still here')).resolves.toBe('still here');
});

test.each([
  { kind: 'hmac', keyId: 'k', signature: 's' },
  { kind: 'oidc', token: 't' },
  { kind: 'oauth2-client', token: 't' },
])('auth that nobody here can verify is refused: %j', async (auth) => {
  const skill = vi.fn();
  expect(await ask({ auth }, { echo: skill })).toEqual([errorOf('EAGENTRPC_AUTH_FAILED')]);
  expect(skill).not.toHaveBeenCalled();
});

test('auth of kind internal is let in', async () => {
  expect(await ask({ auth: { kind: 'internal' } })).toEqual([{ ok: true, data: 'hello' }]);
});

test("a tenant's inbox refuses every other tenant, and none", async () => {
  const { broker, reviewer } = await createPair({ server: { tenantId: 'acme' } });
  const heard = listen(broker, 'agents.stranger.responses');
  const heardEvil = listen(broker, 'agents.stranger.evil.responses');
  const inbox = 'agents.pr-reviewer.acme.requests';
  inject(broker, inbox, strangersRequest());
  inject(broker, inbox, strangersRequest({ tenantId: 'evil', replyTo: 'memory://agents.stranger.evil.responses' }));
  await settle();
  expect([...heard, ...heardEvil].map(({ payload }) => payload)).toEqual([
    errorOf('EAGENTRPC_TENANT_MISMATCH'),
    errorOf('EAGENTRPC_TENANT_MISMATCH'),
  ]);
  expect(reviewer.health().refused).toBe(2);
});

test('buses of one tenant reach each other', async () => {
  const { echo } = await createPair({ server: { tenantId: 'acme' }, client: { tenantId: 'acme' } });
  await expect(echo('hi')).resolves.toBe('hi');
});

test('a call nested too deep is a loop', async () => {
  const headers = (hops: string) => ({ headers: { 'x-declaragent-hops': hops } });
  expect(await ask(headers('16'))).toEqual([{ ok: true, data: 'hello' }]);
  expect(await ask(headers('17'))).toEqual([errorOf('EAGENTRPC_LOOP')]);
  expect(await ask(headers('many'))).toEqual([errorOf('EAGENTRPC_LOOP')]);
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

/** A skill that runs until it is let go. */
function createGate() {
  const open: (() => void)[] = [];
  const skill = (input: unknown): Promise<unknown> => new Promise((resolve) => open.push(() => resolve(input)));
  return { open, skill };
}

test('no more skills run than are allowed; some requests wait, the rest are busy', async () => {
  const gate = createGate();
  const { echo, reviewer } = await createPair({ echo: gate.skill, serve: { concurrency: 2, queue: 1 } });
  const outcomes = [1, 2, 3, 4].map((input) => echo.outcome(input));
  expect(await outcomes[3]).toMatchObject({
    status: 'busy',
    executed: 'no',
    error: { code: 'EAGENTRPC_BUSY', details: { retryAfterMs: expect.any(Number) } },
  });
  expect(reviewer.health().running).toBe(2);
  gate.open.shift()?.();
  await settle();
  expect(gate.open).toHaveLength(2);
  for (const open of gate.open) open();
  expect(await Promise.all(outcomes.slice(0, 3))).toMatchObject([{ data: 1 }, { data: 2 }, { data: 3 }]);
});

test('a request that waits longer than its time is never run', async () => {
  const gate = createGate();
  const { broker, clock } = await createPair({ echo: gate.skill, serve: { concurrency: 1 } });
  const heard = listen(broker, 'agents.stranger.responses');
  const headers = { 'x-declaragent-ttl-ms': '100' };
  inject(broker, INBOX, strangersRequest({ messageId: 'm1', headers: { 'x-declaragent-ttl-ms': '500' } }));
  inject(broker, INBOX, strangersRequest({ messageId: 'm2', headers }));
  await clock.advance(200);
  gate.open[0]?.();
  await settle();
  expect(gate.open).toHaveLength(1);
  expect(heard).toMatchObject([
    { causedBy: 'm1', payload: { ok: true } },
    { causedBy: 'm2', payload: errorOf('EAGENTRPC_DEADLINE_EXCEEDED') },
  ]);
});

test('a service that stops lets what runs end, and refuses the rest', async () => {
  const gate = createGate();
  const { echo, service, clock } = await createPair({ echo: gate.skill, serve: { concurrency: 1 } });
  const [running, waiting] = [echo.outcome(1), echo.outcome(2)];
  await settle();
  const stopped = service.stop();
  expect(await waiting).toMatchObject({ status: 'busy', executed: 'no' });
  gate.open[0]?.();
  expect(await running).toMatchObject({ status: 'ok', data: 1 });
  await stopped;
  expect(await echo.outcome(3)).toMatchObject({ error: { code: 'EAGENTRPC_NO_RESPONDER' } });
  expect(clock.timers()).toBe(0);
});

test('a skill that does not end in time is interrupted, and its caller is told', async () => {
  let signal: AbortSignal | undefined;
  const { echo, service, clock } = await createPair({
    echo: (_, ctx) => {
      signal = ctx.signal;
      return new Promise(() => {});
    },
  });
  const outcome = echo.outcome(1);
  await settle();
  const stopped = service.stop({ graceMs: 200 });
  await clock.advance(199);
  expect(signal?.aborted).toBe(false);
  await clock.advance(1);
  await stopped;
  expect(signal?.aborted).toBe(true);
  expect(await outcome).toMatchObject({ status: 'error', executed: 'maybe', error: { code: 'EAGENTRPC_INTERRUPTED' } });
  expect(clock.timers()).toBe(0);
});

test('a bus is served once at a time', async () => {
  const { reviewer, service } = await createPair();
  const implementations = [implement(reviewCapability, () => {}), implement(echoCapability, () => {})];
  await expect(serve(reviewer, reviewerContract, implementations)).rejects.toThrow(/is served already/);
  await service.stop();
  await expect(serve(reviewer, reviewerContract, implementations)).resolves.toBeDefined();
});

test('a contract that cannot be served here is refused with one sentence', async () => {
  const { reviewer, concierge } = await createPair();
  const only = [implement(echoCapability, () => {})];
  await expect(serve(reviewer, reviewerContract, only)).rejects.toThrow(
    'agent://pr-reviewer promises review-pr, and nothing implements that.',
  );
  await expect(serve(concierge, reviewerContract, only)).rejects.toThrow(
    'The contract is that of agent://pr-reviewer, and the bus is that of agent://concierge.',
  );
  const format = { ...reviewerContract, format: 2 } as unknown as Contract;
  await expect(serve(reviewer, format, only)).rejects.toThrow(/generated for format 2/);
  await expect(serve(reviewer, reviewerContract, only, { concurrency: 0 })).rejects.toThrow(RangeError);
});
