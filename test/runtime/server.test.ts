import { expect, test, vi } from 'vitest';
import { createCall } from '../../runtime/client.js';
import type { Contract } from '../../runtime/contract.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createGate } from '../support/held.js';
import { settle } from '../support/manual-clock.js';
import { ask, createPair, errorOf, faulty, INBOX, inject, listen, strangersRequest } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

test('a capability that is not in the contract is refused, whatever its name', async () => {
  for (const capability of ['nothing', 'constructor', '__proto__', 'toString']) {
    expect(await ask({ capability })).toEqual([errorOf('EAGENTRPC_NO_CAPABILITY')]);
  }
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

test('a request whose time is up is never run', async () => {
  const skill = vi.fn();
  const headers = { 'x-declaragent-ttl-ms': '0' };
  expect(await ask({ headers }, { echo: skill })).toEqual([errorOf('EAGENTRPC_DEADLINE_EXCEEDED')]);
  expect(await ask({ deadline: 1 }, { echo: skill })).toEqual([errorOf('EAGENTRPC_DEADLINE_EXCEEDED')]);
  expect(skill).not.toHaveBeenCalled();
});

test('a call nested too deep is a loop', async () => {
  const headers = (hops: string) => ({ headers: { 'x-declaragent-hops': hops } });
  expect(await ask(headers('16'))).toEqual([{ ok: true, data: 'hello' }]);
  expect(await ask(headers('17'))).toEqual([errorOf('EAGENTRPC_LOOP')]);
  expect(await ask(headers('many'))).toEqual([errorOf('EAGENTRPC_LOOP')]);
});

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
    'agent://pr-reviewer is given no skill for review-pr.',
  );
  await expect(serve(concierge, reviewerContract, only)).rejects.toThrow(
    'The contract is that of agent://pr-reviewer, and the bus is that of agent://concierge.',
  );
  const format = { ...reviewerContract, format: 2 } as unknown as Contract;
  await expect(serve(reviewer, format, only)).rejects.toThrow(/is of format 2/);
  await expect(serve(reviewer, reviewerContract, only, { concurrency: 0 })).rejects.toThrow(RangeError);
});

test('stop waits for refusals that are on their way to the broker', async () => {
  const broker = createMemoryBroker();
  let publish = (): void => {};
  const close = vi.fn(async () => {});
  const slow = faulty(memory({ broker }), {
    publish: () =>
      new Promise((resolve) => {
        publish = resolve;
      }),
    close,
  });
  const { reviewer, clock } = await createPair({ server: { transports: [slow] } });
  inject(broker, INBOX, strangersRequest({ capability: 'nothing' }));
  await settle();
  const stopped = reviewer.stop();
  await clock.advance(5000);
  expect(close).not.toHaveBeenCalled();
  publish();
  await stopped;
  expect(close).toHaveBeenCalledOnce();
  expect(clock.timers()).toBe(0);
});

test('answers that the broker never takes do not keep stop from ending', async () => {
  const broker = createMemoryBroker();
  const stuck = faulty(memory({ broker }), { publish: () => new Promise(() => {}) });
  const { reviewer, clock } = await createPair({ server: { transports: [stuck] }, echo: () => new Promise(() => {}) });
  for (const capability of ['nothing', 'echo', 'review-pr']) {
    inject(broker, INBOX, strangersRequest({ capability, payload: { prUrl: 'x' } }));
  }
  await settle();
  const stopped = reviewer.stop({ graceMs: 100 });
  await clock.advance(100);
  expect(reviewer.health().connected).toBe(true);
  await clock.advance(1000);
  await stopped;
  expect(reviewer.health().connected).toBe(false);
});

test('a later stop that gives less time shortens the wait, and one that gives none does not', async () => {
  const { echo, service, reviewer, clock } = await createPair({ echo: () => new Promise(() => {}) });
  const outcome = echo.outcome(1, { timeoutMs: 600_000 });
  await settle();
  const first = service.stop({ graceMs: 60_000 });
  const second = service.stop();
  await clock.advance(20_000);
  expect(reviewer.health().running).toBe(1);
  const third = reviewer.stop({ graceMs: 0 });
  await clock.advance(0);
  await Promise.all([first, second, third]);
  expect(await outcome).toMatchObject({ error: { code: 'EAGENTRPC_INTERRUPTED' } });
});

test('a later stop of the bus itself shortens the wait too', async () => {
  const { echo, reviewer, clock } = await createPair({ echo: () => new Promise(() => {}) });
  void echo.outcome(1);
  await settle();
  const stops = [reviewer.stop(), reviewer.stop({ graceMs: 50 })];
  await clock.advance(50);
  await Promise.all(stops);
  expect(reviewer.health()).toMatchObject({ connected: false, running: 0 });
});

test('what is only like a bus cannot be served', async () => {
  const { reviewer } = await createPair();
  const implementations = [implement(reviewCapability, () => {}), implement(echoCapability, () => {})];
  await expect(serve({ ...reviewer }, reviewerContract, implementations)).rejects.toThrow(
    /^Serve a bus that createBus or connectBus has made/,
  );
});

test('a long queue whose time is up is emptied at once, each request answered', async () => {
  const gate = createGate();
  const { broker, clock } = await createPair({ echo: gate.skill, serve: { concurrency: 1, queue: 20_000 } });
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, INBOX, strangersRequest({ messageId: 'first', headers: { 'x-declaragent-ttl-ms': '1000' } }));
  const headers = { 'x-declaragent-ttl-ms': '100' };
  for (let id = 0; id < 9_000; id++) inject(broker, INBOX, strangersRequest({ messageId: `m${id}`, headers }));
  await clock.advance(200);
  gate.open[0]?.();
  await settle();
  expect(gate.open).toHaveLength(1);
  expect(heard).toHaveLength(9_001);
});

test('ten times what a service can take: what it accepts is served, the rest is busy with a time to wait', async () => {
  const { echo, clock } = await createPair({
    echo: async (input) => {
      await new Promise((resolve) => clock.setTimer(50, () => resolve(undefined)));
      return input;
    },
    serve: { concurrency: 4, queue: 4 },
  });
  const outcomes = Array.from({ length: 80 }, (_, input) => echo.outcome(input));
  await clock.advance(200);
  const ended = await Promise.all(outcomes);
  const served = ended.flatMap((outcome) => (outcome.status === 'ok' ? [outcome.data] : []));
  expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const outcome of ended.filter(({ status }) => status !== 'ok')) {
    expect(outcome).toMatchObject({
      status: 'busy',
      executed: 'no',
      error: { details: { retryAfterMs: expect.any(Number) } },
    });
  }
});
