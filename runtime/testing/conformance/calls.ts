import assert from 'node:assert/strict';
import type { ConformanceCase } from './harness.js';
import { defineCase, LONG_MS } from './stage.js';

/** Nobody there, too slow, thrown, cancelled, nested: what calls end by. */
export const CALL_CASES: readonly ConformanceCase[] = [
  defineCase(1, 'a call to nobody fails at once', { flags: { noResponder: true } }, async (stage) => {
    const caller = await stage.startCaller();
    const start = stage.now();
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: stage.patientMs }));
    assert.equal(outcome.status, 'error');
    assert.equal(outcome.status === 'error' && outcome.error.code, 'EAGENTRPC_NO_RESPONDER');
    assert.equal(outcome.status === 'error' && outcome.executed, 'no');
    assert.ok(stage.now() - start < 50 + stage.toleranceMs);
  }),

  defineCase(1, 'a call to nobody ends by its timeout', { flags: { noResponder: false } }, async (stage) => {
    const caller = await stage.startCaller();
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 300 }));
    assert.equal(outcome.status, 'timeout');
  }),

  defineCase(2, 'a call to a slow skill ends at its timeout, and the skill is told', {}, async (stage) => {
    let signal: AbortSignal | undefined;
    await stage.startCallee({
      write: (_, ctx) => {
        signal = ctx.signal;
        return new Promise(() => {});
      },
    });
    const caller = await stage.startCaller();
    // Enough for it to get there.
    const timeoutMs = 300 + stage.toleranceMs;
    const start = stage.now();
    const call = stage.write(caller).outcome('x', { timeoutMs });
    let tookMs = 0;
    void call.then(() => {
      tookMs = stage.now() - start;
    });
    const outcome = await stage.within(LONG_MS, call);
    assert.deepEqual([outcome.status, outcome.status === 'timeout' && outcome.executed], ['timeout', 'maybe']);
    assert.ok(tookMs >= timeoutMs - 1 && tookMs <= timeoutMs + stage.toleranceMs, `It took ${tookMs} ms.`);
    await stage.until(LONG_MS, 'The signal is aborted', () => signal?.aborted === true);
  }),

  defineCase(2, 'an answer that comes after the timeout is counted and not delivered', {}, async (stage) => {
    const caller = await stage.startCaller();
    const stranger = await stage.stranger();
    let answer: Record<string, unknown> = {};
    await stranger.play((ids) => {
      answer = { ...ids, payload: { ok: true, data: 1 } };
      return [];
    });
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 100 }));
    assert.equal(outcome.status, 'timeout');
    await stage.until(LONG_MS, 'It is asked', () => 'causedBy' in answer);
    await stranger.send(stage.replyTopicOf(caller), answer, 'response');
    await stage.until(LONG_MS, 'It is counted', () => caller.health().late === 1);
    assert.equal(caller.health().pending, 0);
  }),

  defineCase(16, 'whatever a skill throws, its caller is told no more than that it failed', {}, async (stage) => {
    const circular: Record<string, unknown> = { path: '/etc/secret' };
    circular['self'] = circular;
    const thrown: Record<string, () => unknown> = {
      'an error': () => {
        throw new Error('/etc/secret');
      },
      'a rejection': () => Promise.reject(new Error('/etc/secret')),
      'a string': () => Promise.reject('/etc/secret'),
      nothing: () => Promise.reject(undefined),
      'something circular': () => Promise.reject(circular),
    };
    await stage.startCallee({ write: (input) => thrown[String(input)]?.() });
    const caller = await stage.startCaller();
    for (const what of Object.keys(thrown)) {
      const outcome = await stage.within(LONG_MS, stage.write(caller).outcome(what));
      assert.equal(outcome.status, 'error', what);
      assert.equal(outcome.status === 'error' && outcome.error.code, 'EAGENTRPC_HANDLER_ERROR', what);
      assert.equal(outcome.status === 'error' && outcome.executed, 'yes', what);
      assert.doesNotMatch(JSON.stringify(outcome), /secret/, what);
    }
    assert.equal(await stage.within(LONG_MS, stage.read(caller)('still here')), 'still here');
  }),

  defineCase(17, 'a result that cannot be sent is answered with an error', {}, async (stage) => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const results: Record<string, unknown> = { circular, bigint: 1n, large: 'x'.repeat(2 ** 20 + 1) };
    await stage.startCallee({ write: (input) => results[String(input)] });
    const caller = await stage.startCaller();
    for (const what of Object.keys(results)) {
      const outcome = await stage.within(LONG_MS, stage.write(caller).outcome(what));
      assert.equal(outcome.status === 'error' && outcome.error.code, 'EAGENTRPC_HANDLER_ERROR', what);
    }
  }),

  defineCase(21, 'a call that is cancelled before it is sent does not run', {}, async (stage) => {
    let runs = 0;
    await stage.startCallee({ write: () => ++runs });
    const caller = await stage.startCaller();
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { signal: AbortSignal.abort() }));
    assert.deepEqual([outcome.status, outcome.status !== 'ok' && outcome.executed], ['abandoned', 'no']);
    await stage.broker.pass(100);
    assert.equal(runs, 0);
  }),

  defineCase(
    21,
    'a call that is cancelled while it runs ends at once, and its skill is not told',
    {},
    async (stage) => {
      let finish: (() => void) | undefined;
      let signal: AbortSignal | undefined;
      await stage.startCallee({
        write: (_, ctx) => {
          signal = ctx.signal;
          return new Promise((resolve) => {
            finish = () => resolve('done');
          });
        },
      });
      const caller = await stage.startCaller();
      const controller = new AbortController();
      const call = stage.write(caller).outcome('x', { signal: controller.signal, timeoutMs: stage.patientMs });
      await stage.until(LONG_MS, 'It runs', () => finish !== undefined);
      const start = stage.now();
      controller.abort();
      const outcome = await stage.within(LONG_MS, call);
      assert.deepEqual([outcome.status, outcome.status !== 'ok' && outcome.executed], ['abandoned', 'maybe']);
      assert.ok(stage.now() - start <= 50 + stage.toleranceMs);
      assert.equal(signal?.aborted, false);
      finish?.();
      await stage.until(LONG_MS, 'The answer is counted', () => caller.health().late === 1);
    },
  ),

  defineCase(21, 'a call that is cancelled when it has ended stays as it was', {}, async (stage) => {
    await stage.startCallee();
    const caller = await stage.startCaller();
    const controller = new AbortController();
    const call = stage.write(caller).outcome('x', { signal: controller.signal });
    const outcome = await stage.within(LONG_MS, call);
    controller.abort();
    assert.equal(outcome.status, 'ok');
    assert.equal(await call, outcome);
  }),

  defineCase(22, 'calls within calls share one deadline, and are aborted together', {}, async (stage) => {
    const third = `${stage.callee}-third` as const;
    const left: number[] = [];
    const signals: AbortSignal[] = [];
    await stage.serve(third, (_, ctx) => {
      left.push(ctx.deadline - stage.now());
      signals.push(ctx.signal);
      return new Promise(() => {});
    });
    await stage.startCallee({
      write: (_, ctx) => {
        left.push(ctx.deadline - stage.now());
        signals.push(ctx.signal);
        // Its own time may be up a moment later than that of its call: it goes on until it is told.
        const call = stage.write(ctx.bus, third)('x');
        call.catch(() => {});
        return new Promise(() => {});
      },
    });
    const caller = await stage.startCaller();
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 300 }));
    assert.equal(outcome.status, 'timeout');
    assert.equal(left.length, 2);
    assert.ok(
      left.every((ms) => ms <= 300),
      `They had ${left.join(' and ')} ms.`,
    );
    await stage.until(LONG_MS, 'All are aborted', () => signals.every(({ aborted }) => aborted));
  }),

  defineCase(33, 'calls that share a correlationId do not mix', {}, async (stage) => {
    await stage.startCallee();
    const caller = await stage.startCaller();
    const inputs = Array.from({ length: 50 }, (_, index) => index);
    const calls = inputs.map((input) => stage.write(caller)(input, { correlationId: 'one for all' }));
    assert.deepEqual(await stage.within(LONG_MS, Promise.all(calls)), inputs);
  }),

  defineCase(33, 'a correlationId that somebody has guessed settles none of several calls', {}, async (stage) => {
    await stage.startCallee({ write: () => new Promise(() => {}) });
    const caller = await stage.startCaller();
    const stranger = await stage.stranger();
    const options = { correlationId: 'guessed', timeoutMs: 300 };
    const calls = [1, 2].map((input) => stage.write(caller).outcome(input, options));
    const answer = { version: 1, kind: 'response', messageId: 'r1', correlationId: 'guessed', capability: 'write' };
    const payload = { ok: true, data: 'forged' };
    await stranger.send(
      stage.replyTopicOf(caller),
      { ...answer, from: stage.callee, to: stage.caller, payload },
      'response',
    );
    for (const { status } of await stage.within(LONG_MS, Promise.all(calls))) assert.equal(status, 'timeout');
  }),

  defineCase(33, 'an empty correlationId is not sent', {}, async (stage) => {
    let runs = 0;
    await stage.startCallee({ write: () => ++runs });
    const caller = await stage.startCaller();
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { correlationId: '' }));
    assert.equal(outcome.status === 'error' && outcome.executed, 'no');
    assert.equal(runs, 0);
  }),
];
