import { expect, test, vi } from 'vitest';
import { createAuth } from '../../runtime/auth.js';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { DuplicateStore } from '../../runtime/duplicates.js';
import { chainInterceptors } from '../../runtime/interceptors.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createHoldingBroker } from '../support/held.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair, INBOX, inject, strangersRequest } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

/*
 * What a service is given by others, a store, a transport, callbacks, may fail in ways that its type does not say: it throws
 * where it should reject, or never ends. One message may suffer for that, and never the process.
 */

test.each([
  {
    keys: (): never => {
      throw new Error('the vault is closed');
    },
    required: false,
  },
  {
    required: (): never => {
      throw new Error('no such header');
    },
  },
])('auth that throws refuses the message, and the receiver lives: %j', async (options) => {
  const skill = vi.fn();
  const { broker, reviewer } = await createPair({ echo: skill, server: { auth: createAuth(options) } });
  inject(broker, INBOX, strangersRequest({}));
  await settle();
  expect(skill).not.toHaveBeenCalled();
  expect(reviewer.health().refused).toBe(1);
});

test('keys that cannot be had keep a call from being sent, and it says so', async () => {
  const keys = (): never => {
    throw new Error('the vault is closed');
  };
  const { echo } = await createPair({ client: { auth: createAuth({ keys }) } });
  const outcome = await echo.outcome('x');
  expect(outcome).toMatchObject({ status: 'error', executed: 'no', error: { code: 'EAGENTRPC_AUTH_FAILED' } });
});

test.each([
  { capability: 'echo', payload: 'x', runs: 0 },
  { capability: 'review-pr', payload: { prUrl: 'u' }, runs: 1 },
])('an acknowledgement that throws is not confirmed, and the place of $capability is free', async (asked) => {
  const { transport, hand } = createHoldingBroker();
  const bus = await createBus({ agent: 'agent://pr-reviewer', transports: [transport], clock: createManualClock() });
  const ran = vi.fn();
  const skills = [
    // Not idempotent: it runs only once the broker has confirmed.
    implement(echoCapability, ran),
    implement(reviewCapability, () => {
      ran();
      return { verdict: 'approve' };
    }),
  ];
  await serve(bus, reviewerContract, skills, { concurrency: 1, onError: () => {} });
  const ack = (): never => {
    throw new Error('the channel is closed');
  };
  const { runs, ...members } = asked;
  hand(strangersRequest({ ...members, messageId: 'one' }), { ack });
  await settle();
  expect(ran).toHaveBeenCalledTimes(runs);
  expect(bus.health().running).toBe(0);
  hand(strangersRequest({ ...members, messageId: 'two' }));
  await settle();
  expect(ran).toHaveBeenCalledTimes(runs + 1);
});

const throws = (): never => {
  throw new Error('the store is gone');
};
const first: DuplicateStore = { claim: () => 'first', keep: () => {}, release: () => {} };

test.each<[string, DuplicateStore, string]>([
  ['claim', { ...first, claim: throws }, 'EAGENTRPC_INTERRUPTED'],
  [
    'an earlier response that rejects',
    { ...first, claim: () => ({ request: undefined, response: Promise.reject(new Error('gone')) }) },
    'EAGENTRPC_HANDLER_ERROR',
  ],
  [
    'an earlier response that is no message',
    { ...first, claim: () => ({ request: undefined, response: Buffer.from('{') }) },
    'EAGENTRPC_INTERRUPTED',
  ],
])('a store whose %s fails costs one call, and nothing else', async (_, duplicates, code) => {
  const { echo, reviewer } = await createPair({ serve: { duplicates, onError: () => {} } });
  expect(await echo.outcome('x')).toMatchObject({ status: 'error', error: { code } });
  expect(reviewer.health().running).toBe(0);
});

test('a store that cannot keep what it is told leaves the answer as it is, and the place of the skill free', async () => {
  const told: unknown[] = [];
  const duplicates = { ...first, keep: throws };
  const { echo } = await createPair({ serve: { duplicates, concurrency: 1, onError: (error) => told.push(error) } });
  await expect(echo('one')).resolves.toBe('one');
  await expect(echo('two')).resolves.toBe('two');
  expect(told).toHaveLength(2);
});

test('stop() ends although a subscription does not close', async () => {
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const transport = memory({ broker });
  const stuck: typeof transport = {
    ...transport,
    connect: async (owner, watcher) => {
      const connection = await transport.connect(owner, watcher);
      return {
        ...connection,
        async subscribe(topic, role, deliver, options) {
          const subscription = await connection.subscribe(topic, role, deliver, options);
          return role === 'requests' ? { close: () => new Promise<void>(() => {}) } : subscription;
        },
      };
    },
  };
  const reviewer = await createBus({ agent: 'agent://pr-reviewer', transports: [stuck], clock });
  const concierge = await createBus({ agent: 'agent://concierge', transports: [transport], clock });
  const signals: AbortSignal[] = [];
  await serve(reviewer, reviewerContract, [
    implement(echoCapability, (_, ctx) => {
      signals.push(ctx.signal);
      return new Promise<never>(() => {});
    }),
    implement(reviewCapability, () => ({ verdict: 'approve' })),
  ]);
  const outcome = createCall(concierge, reviewerContract, echoCapability).outcome('x');
  await settle();
  const stopped = reviewer.stop({ graceMs: 100 });
  await clock.advance(100);
  await clock.advance(1_000);
  await stopped;
  expect(signals[0]?.aborted).toBe(true);
  expect(await outcome).toMatchObject({ error: { code: 'EAGENTRPC_INTERRUPTED' } });
});

test('a skill whose interceptors took longer than there was time does not run', async () => {
  const skill = vi.fn();
  const { clock, echo } = await createPair({
    echo: skill,
    serve: {
      interceptors: chainInterceptors(async (_, next) => {
        await clock.advance(300);
        return next();
      }),
    },
  });
  expect(await echo.outcome('x', { timeoutMs: 200 })).toMatchObject({ status: 'timeout' });
  await settle();
  expect(skill).not.toHaveBeenCalled();
});

test('an error handler that fails later is a warning, and no end of the process', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const { echo } = await createPair({
    echo: () => {
      throw new Error('of the skill');
    },
    serve: {
      onError: async () => {
        throw new Error('of the handler');
      },
    },
  });
  expect(await echo.outcome('x')).toMatchObject({ error: { code: 'EAGENTRPC_HANDLER_ERROR' } });
  await settle();
  expect(String(warned.mock.calls[0]?.[0])).toContain('of the handler');
  warned.mockRestore();
});
