import { expect, test } from 'vitest';
import { createCall } from '../../runtime/client.js';
import { AgentRpcError } from '../../runtime/errors.js';
import { chainInterceptors, type InterceptedCall, type Interceptor } from '../../runtime/interceptors.js';
import { settle } from '../support/manual-clock.js';
import { createPair, INBOX, listen } from '../support/pair.js';
import { echoCapability, reviewerContract } from '../support/reviewer.js';

const sides = ['client', 'server'] as const;

/** A pair with interceptors on one side. */
const createWith = (side: (typeof sides)[number], ...list: Interceptor[]) => {
  const interceptors = chainInterceptors(...list);
  return createPair(side === 'client' ? { client: { interceptors } } : { serve: { interceptors } });
};

/** Does nothing but let the others through. */
const through: Interceptor = (_, next) => next();

test.each(sides)('interceptors of a %s stand around a call like the skins of an onion', async (side) => {
  const seen: string[] = [];
  const skin =
    (name: string): Interceptor =>
    async (call, next) => {
      seen.push(`${name} in`);
      const verdict = await next();
      seen.push(`${name} out ${verdict.status}`);
      expect(call.side).toBe(side);
      return verdict;
    };
  const { echo, clock } = await createWith(side, skin('a'), skin('b'));
  expect(await echo(1)).toBe(1);
  expect(seen).toEqual(['a in', 'b in', 'b out ok', 'a out ok']);
  await settle();
  expect(clock.timers()).toBe(0);
});

test.each(sides)('an interceptor of a %s knows the call, and how it ended', async (side) => {
  const calls: InterceptedCall[] = [];
  const ends: unknown[] = [];
  const log: Interceptor = async (call, next) => {
    calls.push(call);
    const verdict = await next();
    ends.push(verdict);
    return verdict;
  };
  const { review, clock } = await createPair({
    review: ({ prUrl }, ctx) => (prUrl === 'big' ? ctx.fail('DIFF_TOO_LARGE', 'x', { files: 9 }) : { verdict: 'ok' }),
    ...(side === 'client'
      ? { client: { interceptors: chainInterceptors(log) } }
      : { serve: { interceptors: chainInterceptors(log) } }),
  });
  const first = await review.outcome({ prUrl: 'small' }, { timeoutMs: 500 });
  expect(calls[0]).toMatchObject({
    ...{ side, kind: 'request', messageId: first.messageId, correlationId: first.correlationId },
    ...{ from: 'agent://concierge', to: 'agent://pr-reviewer', capability: 'review-pr', payload: { prUrl: 'small' } },
    ...{ deadline: clock.now() + 500, tenantId: undefined },
  });
  await review.outcome({ prUrl: 'big' });
  expect(ends).toMatchObject([
    { status: 'ok', data: { verdict: 'ok' } },
    { status: 'error', error: { code: 'DIFF_TOO_LARGE', details: { files: 9 } } },
  ]);
});

test('headers that an interceptor of a client sets go over, and those of a server reach the skill', async () => {
  let headers: Readonly<Record<string, string>> = {};
  const stamp =
    (name: string): Interceptor =>
    (call, next) => {
      call.headers[name] = 'set';
      return next();
    };
  const { echo } = await createPair({
    client: { interceptors: chainInterceptors(stamp('x-client')) },
    serve: { interceptors: chainInterceptors(stamp('x-server')) },
    echo: (input, ctx) => {
      headers = ctx.headers;
      return input;
    },
  });
  await echo(1, { headers: { 'x-own': 'kept' } });
  expect(headers).toMatchObject({ 'x-own': 'kept', 'x-client': 'set', 'x-server': 'set' });
});

test('the headers object of a caller stays as it was', async () => {
  const own = { 'x-own': 'kept' };
  const { echo } = await createWith('client', (call, next) => {
    call.headers['x-own'] = 'changed';
    return next();
  });
  await echo(1, { headers: own });
  expect(own).toEqual({ 'x-own': 'kept' });
});

test.each(sides)('an interceptor of a %s may answer by itself, and nothing behind it happens', async (side) => {
  let runs = 0;
  const cached: Interceptor = async () => ({ status: 'ok', data: { verdict: 'cached' } });
  const { review } = await createPair({
    review: () => {
      runs++;
      return { verdict: 'fresh' };
    },
    ...(side === 'client'
      ? { client: { interceptors: chainInterceptors(cached) } }
      : { serve: { interceptors: chainInterceptors(cached) } }),
  });
  expect(await review({ prUrl: 'x' })).toEqual({ verdict: 'cached' });
  expect(runs).toBe(0);
});

test.each(sides)('what an interceptor of a %s answers by itself has to keep the contract', async (side) => {
  const { review } = await createWith(side, async () => ({ status: 'ok', data: { verdict: 1 } }));
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    error: { code: 'EAGENTRPC_SCHEMA_VIOLATION', details: { side: 'output' } },
  });
});

test.each(sides)('an interceptor of a %s may fail a call with a declared error', async (side) => {
  const { review } = await createWith(side, () => {
    throw new AgentRpcError({ code: 'DIFF_TOO_LARGE', message: 'not even looked at', details: { files: 1 } });
  });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    status: 'error',
    error: { code: 'DIFF_TOO_LARGE', message: 'not even looked at', details: { files: 1 } },
  });
});

test.each(sides)("an interceptor of a %s may fail a call with one of the runtime's codes", async (side) => {
  const { review } = await createWith(side, () => {
    throw new AgentRpcError({ code: 'EAGENTRPC_BUSY', message: 'over quota', details: { retryAfterMs: 7 } });
  });
  expect(await review.outcome({ prUrl: 'x' })).toMatchObject({
    ...{ status: 'busy', executed: 'no' },
    error: { code: 'EAGENTRPC_BUSY', details: { retryAfterMs: 7 } },
  });
});

const wrong: [string, Interceptor][] = [
  [
    'throws',
    () => {
      throw new Error('s3cret');
    },
  ],
  ['rejects', () => Promise.reject(new Error('s3cret'))],
  ['rejects with nothing', () => Promise.reject()],
  ['resolves with nothing', (async () => {}) as unknown as Interceptor],
  ['is not even asynchronous', (() => 5) as unknown as Interceptor],
  [
    'fails with an error that is not declared',
    () => Promise.reject(new AgentRpcError({ code: 'NEW', message: 's3cret' })),
  ],
  [
    'fails with details that are not as declared',
    () => Promise.reject(new AgentRpcError({ code: 'DIFF_TOO_LARGE', message: 's3cret' })),
  ],
];

test.each(sides.flatMap((side) => wrong.map(([how, interceptor]) => [side, how, interceptor] as const)))(
  'an interceptor of a %s that %s makes the call an error, and says no more',
  async (side, _, interceptor) => {
    const { review, thrown } = await createWith(side, through, interceptor);
    const outcome = await review.outcome({ prUrl: 'x' });
    expect(outcome).toMatchObject({
      status: 'error',
      executed: side === 'client' ? 'no' : 'yes',
      error: { code: 'EAGENTRPC_HANDLER_ERROR', message: 'An interceptor of review-pr failed.' },
    });
    expect(thrown).toHaveLength(side === 'server' ? 1 : 0);
  },
);

test('whether the skill may have run is told by what was sent, not by what an interceptor throws', async () => {
  const { echo } = await createWith('client', async (_, next) => {
    await next();
    throw new AgentRpcError({ code: 'EAGENTRPC_PERMISSION_DENIED', message: 'after the fact' });
  });
  expect(await echo.outcome(1)).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_PERMISSION_DENIED' } });
});

test('a receiver does not say that a skill has not run which has', async () => {
  const { echo, thrown } = await createWith('server', async (_, next) => {
    await next();
    throw new AgentRpcError({ code: 'EAGENTRPC_BUSY', message: 'after the fact' });
  });
  expect(await echo.outcome(1)).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
  expect(thrown).toMatchObject([{ code: 'EAGENTRPC_BUSY' }]);
});

test.each(sides)('next() of a %s does the call once', async (side) => {
  let runs = 0;
  const greedy: Interceptor = async (_, next) => {
    await next();
    return next();
  };
  const { echo } = await createPair({
    echo: () => {
      runs++;
      return 1;
    },
    ...(side === 'client'
      ? { client: { interceptors: chainInterceptors(greedy) } }
      : { serve: { interceptors: chainInterceptors(greedy) } }),
  });
  expect(await echo.outcome(1)).toMatchObject({ executed: 'yes', error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
  expect(runs).toBe(1);
});

test('an interceptor that never goes on keeps no call from ending in time', async () => {
  const { echo, clock, concierge } = await createWith('client', () => new Promise(() => {}));
  const timed = echo.outcome(1, { timeoutMs: 100 });
  const controller = new AbortController();
  const cancelled = echo.outcome(2, { signal: controller.signal });
  const abandoned = echo.outcome(3);
  await clock.advance(100);
  expect(await timed).toMatchObject({ status: 'timeout' });
  controller.abort();
  expect(await cancelled).toMatchObject({ error: { code: 'EAGENTRPC_CANCELLED' } });
  await concierge.stop();
  expect(await abandoned).toMatchObject({ error: { code: 'EAGENTRPC_ABANDONED' } });
  expect(clock.timers()).toBe(0);
});

test('an interceptor that never comes back keeps no call from ending in time', async () => {
  const { echo, clock } = await createWith('client', async (_, next) => {
    await next();
    return new Promise(() => {});
  });
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  expect(clock.timers()).toBe(0);
});

test('interceptors see a timeout, and may tell of it', async () => {
  const seen: string[] = [];
  const { echo, clock } = await createPair({
    echo: () => new Promise(() => {}),
    client: {
      interceptors: chainInterceptors(async (_, next) => {
        const verdict = await next();
        seen.push(verdict.status);
        return verdict;
      }),
    },
  });
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'timeout', error: { message: /did not answer echo within 100 ms/ } });
  expect(seen).toEqual(['timeout']);
});

test('a call that is over is not sent by an interceptor that goes on', async () => {
  let goOn = (): void => {};
  const { echo, broker, clock } = await createWith('client', async (_, next) => {
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return next();
  });
  const heard = listen(broker, INBOX);
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(100);
  expect(await outcome).toMatchObject({ status: 'timeout' });
  goOn();
  await settle();
  expect(heard).toEqual([]);
});

test('what interceptors take of the time, the call does not have', async () => {
  const ttl: unknown[] = [];
  const { echo, clock } = await createPair({
    client: {
      interceptors: chainInterceptors(async (_, next) => {
        await new Promise<void>((resolve) => clock.setTimer(40, resolve));
        return next();
      }),
    },
    echo: (_, ctx) => {
      ttl.push(ctx.headers['x-declaragent-ttl-ms']);
      return 1;
    },
  });
  const outcome = echo.outcome(1, { timeoutMs: 100 });
  await clock.advance(40);
  expect(await outcome).toMatchObject({ status: 'ok' });
  expect(ttl).toEqual(['60']);
});

test('notifications go through interceptors as well, and fail as they say', async () => {
  const kinds: string[] = [];
  const gate: Interceptor = (call, next) => {
    kinds.push(`${call.side} ${call.kind}`);
    if (call.payload === 'no') throw new AgentRpcError({ code: 'EAGENTRPC_PERMISSION_DENIED', message: 'no' });
    return next();
  };
  const { echo } = await createPair({
    client: { interceptors: chainInterceptors(gate) },
    serve: { interceptors: chainInterceptors(gate) },
  });
  await echo.notify('yes');
  await settle();
  expect(kinds).toEqual(['client event', 'server event']);
  await expect(echo.notify('no')).rejects.toMatchObject({ code: 'EAGENTRPC_PERMISSION_DENIED', executed: 'no' });
});

test('a skill that has responded may go on, and those around it see what it said', async () => {
  const ends: unknown[] = [];
  let isOver = false;
  const { echo, clock } = await createPair({
    echo: async (_, ctx) => {
      ctx.respond({ ok: true, data: 'early' });
      await new Promise<void>((resolve) => clock.setTimer(50, resolve));
      isOver = true;
      return 'late';
    },
    serve: {
      interceptors: chainInterceptors(async (_, next) => {
        const verdict = await next();
        ends.push(verdict);
        return verdict;
      }),
    },
  });
  expect(await echo(1)).toBe('early');
  expect(isOver).toBe(false);
  await clock.advance(50);
  expect(isOver).toBe(true);
  expect(ends).toEqual([{ status: 'ok', data: 'early' }]);
});

test('calls that a skill makes go through the interceptors of its bus', async () => {
  const seen: unknown[] = [];
  const { echo } = await createPair({
    server: {
      interceptors: chainInterceptors((call, next) => {
        seen.push(call.payload);
        return next();
      }),
    },
    echo: (input, ctx) => (input === 'outer' ? createCall(ctx.bus, reviewerContract, echoCapability)('inner') : input),
  });
  expect(await echo('outer')).toBe('inner');
  expect(seen).toEqual(['inner']);
});

test('interceptors that are not chained are refused when the bus or the service is made', async () => {
  const interceptors = [through] as never;
  await expect(createPair({ client: { interceptors } })).rejects.toThrow(TypeError);
  await expect(createPair({ serve: { interceptors } })).rejects.toThrow(TypeError);
});

test('a chain of nothing is none', () => {
  expect(chainInterceptors()()).toBeUndefined();
});
