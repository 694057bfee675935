import assert from 'node:assert/strict';
import type { Clock } from '../../clock.js';
import type { ConformanceCase } from './harness.js';
import { type CalleeOptions, defineCase, LONG_MS, type Stage } from './stage.js';

const FIVE_MINUTES_MS = 300_000;

/** A skill that takes a while. */
const working = (stage: Stage, ms: number) => (input: unknown) =>
  new Promise<unknown>((resolve) => stage.broker.clock.setTimer(ms, () => resolve(input)));

const skewed = ({ broker: { clock } }: Stage, skewMs: number): Clock => ({
  now: () => clock.now() + skewMs,
  setTimer: (delayMs, run) => clock.setTimer(delayMs, run),
});

/** The time of a request is up while its receiver reads nothing. */
async function expireInQueue(stage: Stage, options: CalleeOptions = {}): Promise<void> {
  let runs = 0;
  await stage.startCallee({ write: () => ++runs, ...options });
  const caller = await stage.startCaller();
  await stage.ability('pause')(stage.requestsTopic);
  const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 200 }));
  assert.equal(outcome.status, 'timeout');
  await stage.broker.pass(50);
  await stage.ability('resume')(stage.requestsTopic);
  await stage.broker.pass(200);
  assert.equal(runs, 0);
}

/** Queues, clocks, stops, poison, and many of everything. */
export const LOAD_CASES: readonly ConformanceCase[] = [
  defineCase(
    3,
    'a request whose time is up in the queue never runs',
    { flags: { tellsAge: true, holdsRequests: true }, abilities: ['pause', 'resume'] },
    (stage) => expireInQueue(stage),
  ),

  defineCase(
    3,
    'a request whose time is up in the queue never runs where the clocks agree',
    { flags: { tellsAge: false, holdsRequests: true }, abilities: ['pause', 'resume'] },
    (stage) => expireInQueue(stage, { clockSkewMs: 0 }),
  ),

  defineCase(
    18,
    'a request that kills each receiver goes to the dead letters, and others are served',
    { flags: { holdsRequests: true, deadLetters: true, countsDeliveries: true }, abilities: ['kill', 'deadLetters'] },
    async (stage) => {
      const caller = await stage.startCaller();
      const deadLetters = stage.ability('deadLetters');
      let deaths = 0;
      let dying: string | undefined;
      const startNext = (instance: string) =>
        stage.startCallee({
          instance,
          read: (input) => {
            if (input !== 'poison') return input;
            dying = instance;
            return new Promise(() => {});
          },
        });
      await startNext('doomed-0');
      void stage.read(caller).outcome('poison', { timeoutMs: 600_000 });
      for (; (await deadLetters(stage.requestsTopic)).length === 0; deaths++) {
        assert.ok(deaths < 50, 'It goes to the dead letters before it has killed fifty.');
        const isOver = async (): Promise<boolean> =>
          dying !== undefined || (await deadLetters(stage.requestsTopic)).length > 0;
        await stage.until(LONG_MS, 'It kills again', isOver);
        if (dying === undefined) break;
        await stage.ability('kill')(dying);
        dying = undefined;
        await startNext(`doomed-${deaths + 1}`);
      }
      assert.equal(await stage.within(LONG_MS, stage.read(caller)('healthy')), 'healthy');
    },
  ),

  defineCase(
    18,
    'a request that kills each receiver comes back until its time is up, and others are served',
    { flags: { holdsRequests: true, countsDeliveries: false }, abilities: ['kill'] },
    async (stage) => {
      let runs = 0;
      let dying: string | undefined;
      const startNext = (instance: string) =>
        stage.startCallee({
          instance,
          read: (input) => {
            if (input !== 'poison') return input;
            runs++;
            dying = instance;
            return new Promise(() => {});
          },
        });
      await startNext('doomed-0');
      const call = stage.read(await stage.startCaller());
      let isUp = false;
      void call.outcome('poison', { timeoutMs: stage.patientMs }).then(() => {
        isUp = true;
      });
      for (let deaths = 0; !isUp; deaths++) {
        await stage.until(stage.patientMs + LONG_MS, 'It kills again', () => isUp || dying !== undefined);
        if (dying === undefined) break;
        await stage.ability('kill')(dying);
        dying = undefined;
        await startNext(`doomed-${deaths + 1}`);
      }
      const killed = runs;
      assert.ok(killed > 1, 'It came to more than one.');
      if (dying !== undefined) await stage.ability('kill')(dying);
      await startNext('healthy');
      assert.equal(await stage.within(LONG_MS, call('healthy')), 'healthy');
      assert.equal(runs, killed);
    },
  ),

  defineCase(19, 'ten times the capacity is answered or refused, and never run at once', {}, async (stage) => {
    let running = 0;
    let most = 0;
    const work = working(stage, 20);
    const { bus } = await stage.startCallee({
      serve: { concurrency: 4, queue: 4 },
      write: async (input) => {
        most = Math.max(most, ++running);
        await work(input);
        running--;
        return input;
      },
    });
    const caller = await stage.startCaller();
    const calls = Array.from({ length: 80 }, (_, index) =>
      stage.write(caller).outcome(index, { timeoutMs: stage.patientMs }),
    );
    const outcomes = await stage.within(LONG_MS, Promise.all(calls));
    const served = outcomes.filter(({ status }) => status === 'ok');
    assert.ok(served.length >= 8, `${served.length} are served.`);
    assert.ok(most <= 4, `${most} run at once.`);
    for (const outcome of outcomes) {
      if (outcome.status === 'ok') continue;
      assert.equal(outcome.error.code, 'EAGENTRPC_BUSY');
      assert.equal(outcome.executed, 'no');
      assert.ok(Reflect.get(Object(outcome.error.details), 'retryAfterMs') > 0);
    }
    await stage.until(LONG_MS, 'Nothing runs', () => bus.health().running === 0);
  }),

  defineCase(
    19,
    'under ten times the capacity what is accepted takes at most three times as long',
    // A broker that holds what is over it makes it wait instead of having it refused.
    { flags: { holdsRequests: false } },
    async (stage) => {
      await stage.startCallee({ serve: { concurrency: 4, queue: 4 }, read: working(stage, 20) });
      const call = stage.read(await stage.startCaller());
      /** How long it took; undefined where it was refused. */
      const time = async (index: number): Promise<number | undefined> => {
        const start = stage.now();
        const { status } = await call.outcome(index, { timeoutMs: 4_000 });
        return status === 'ok' ? stage.now() - start : undefined;
      };
      const p99 = (times: readonly (number | undefined)[]): number => {
        const served = times.filter((one) => one !== undefined).sort((one, other) => one - other);
        assert.ok(served.length >= 20, `${served.length} are served.`);
        return served[Math.floor((served.length - 1) * 0.99)] ?? Number.NaN;
      };
      const alone: (number | undefined)[] = [];
      for (let count = 0; count < 20; count++) alone.push(await stage.within(LONG_MS, time(count)));
      const crowd: Promise<number | undefined>[] = [];
      for (let wave = 0; wave < 40; wave++) {
        for (let index = 0; index < 20; index++) crowd.push(time(index));
        await stage.broker.pass(10);
      }
      const crowded = await stage.within(LONG_MS, Promise.all(crowd));
      assert.ok(crowded.includes(undefined), 'Some are refused.');
      const limit = 3 * p99(alone) + stage.toleranceMs;
      assert.ok(p99(crowded) <= limit, `${p99(crowded)} ms under load, and ${p99(alone)} ms without.`);
    },
  ),

  defineCase(20, 'callers that all retry add no more than a fifth', {}, async (stage) => {
    let attempts = 0;
    const stranger = await stage.stranger();
    await stranger.play((ids, attempt) => {
      attempts = attempt;
      const error = { code: 'EAGENTRPC_BUSY', message: 'no', details: { retryAfterMs: 1 } };
      return [{ ...ids, payload: { ok: false, error } }];
    });
    const caller = await stage.startCaller();
    const many = 200;
    const calls = Array.from({ length: many }, () =>
      stage.read(caller).outcome('x', { timeoutMs: stage.patientMs, retry: { attempts: 5 } }),
    );
    for (const outcome of await stage.within(LONG_MS, Promise.all(calls))) assert.notEqual(outcome.status, 'ok');
    assert.ok(attempts > many, 'Some are tried again.');
    assert.ok(attempts <= 1.2 * many, `${many} calls made ${attempts} attempts.`);
  }),

  ...[-FIVE_MINUTES_MS, FIVE_MINUTES_MS].map((skewMs) =>
    defineCase(
      23,
      `a receiver whose clock is five minutes ${skewMs < 0 ? 'slow' : 'fast'} still runs requests, and still ends them`,
      { flags: { tellsAge: true } },
      async (stage) => {
        let signal: AbortSignal | undefined;
        await stage.startCallee({
          clock: skewed(stage, skewMs),
          write: (_, ctx) => {
            signal = ctx.signal;
            return new Promise(() => {});
          },
        });
        const caller = await stage.startCaller();
        assert.equal(await stage.within(LONG_MS, stage.read(caller)('x', { timeoutMs: 1_000 })), 'x');
        const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 300 }));
        assert.equal(outcome.status, 'timeout');
        await stage.until(1_000, 'The skill is told', () => signal?.aborted === true);
      },
    ),
  ),

  defineCase(
    24,
    'stop() while a skill runs lets its caller have the result, and refuses what is new',
    {},
    async (stage) => {
      const { bus } = await stage.startCallee({ write: working(stage, 200) });
      const caller = await stage.startCaller();
      const call = stage.write(caller)('result', { timeoutMs: stage.patientMs });
      await stage.until(LONG_MS, 'It runs', () => bus.health().running === 1);
      const stopping = bus.stop();
      await stage.broker.pass(20);
      const next = stage.write(caller).outcome('new', { timeoutMs: 1_000 });
      assert.equal(await stage.within(LONG_MS, call), 'result');
      await stage.within(LONG_MS, stopping);
      const outcome = await stage.within(LONG_MS, next);
      assert.ok(outcome.status !== 'ok', 'Nobody is there for it.');
      assert.notEqual(outcome.executed, 'yes');
      assert.equal(bus.health().connected, false);
    },
  ),

  defineCase(25, 'a stop whose time is up aborts what runs, and tells the caller or the broker', {}, async (stage) => {
    let signal: AbortSignal | undefined;
    const { bus } = await stage.startCallee({
      write: (_, ctx) => {
        signal = ctx.signal;
        return new Promise(() => {});
      },
    });
    const caller = await stage.startCaller();
    const call = stage.write(caller).outcome('x', { timeoutMs: stage.patientMs });
    await stage.until(LONG_MS, 'It runs', () => signal !== undefined);
    const first = bus.stop({ graceMs: 60_000 });
    await stage.within(LONG_MS, Promise.all([first, bus.stop({ graceMs: 10 })]));
    assert.equal(signal?.aborted, true);
    const outcome = await stage.within(LONG_MS, call);
    assert.equal(outcome.status !== 'ok' && outcome.executed, 'maybe');
  }),

  ...(['read', 'write'] as const).map((name) =>
    defineCase(
      25,
      `requests for what is ${name === 'read' ? '' : 'not '}idempotent that a receiver has not run when it stops run elsewhere`,
      { flags: { holdsRequests: true } },
      async (stage) => {
        // Not always the first that was sent: some brokers keep the order of a few only.
        const ran: unknown[] = [];
        const hang = (input: unknown): Promise<never> => {
          ran.push(input);
          return new Promise(() => {});
        };
        const serve = { concurrency: 1, queue: 8 };
        const { bus } = await stage.startCallee({ instance: 'first', serve, read: hang, write: hang });
        const call = stage[name](await stage.startCaller());
        const calls = Array.from({ length: 4 }, (_, index) => call.outcome(index, { timeoutMs: stage.patientMs }));
        await stage.until(LONG_MS, 'One runs', () => bus.health().running === 1);
        await stage.broker.pass(50);
        await stage.startCallee({ instance: 'second' });
        await stage.within(LONG_MS, bus.stop({ graceMs: 10 }));
        const outcomes = await stage.within(LONG_MS, Promise.all(calls));
        const statuses = outcomes.map(({ status }) => status);
        // The one that ran is given back only where it may run again; one that was taken for good is refused.
        const waiting = statuses.filter((_, index) => !ran.includes(index));
        assert.equal(waiting.length, 3);
        assert.ok(name === 'write' || ['ok', 'error'].includes(statuses[Number(ran[0])] ?? ''), statuses.join());
        assert.ok(waiting.filter((status) => status === 'ok').length >= 2, statuses.join());
        assert.ok(
          waiting.every((status) => status === 'ok' || status === 'busy'),
          statuses.join(),
        );
      },
    ),
  ),

  defineCase(27, 'the first call of each of many fresh callers is answered', {}, async (stage) => {
    await stage.startCallee({ serve: { concurrency: 1_000, queue: 10_000 } });
    for (let started = 0; started < stage.repetitions; started += 50) {
      const batch = Array.from({ length: Math.min(50, stage.repetitions - started) }, async (_, index) => {
        const caller = await stage.startCaller();
        const output = await stage.write(caller)(started + index);
        await caller.stop();
        return output === started + index;
      });
      const answered = await stage.within(60_000, Promise.all(batch));
      assert.ok(answered.every(Boolean));
    }
  }),

  defineCase(30, 'many calls one after another leave no timer and no pending call', {}, async (stage) => {
    const { bus } = await stage.startCallee();
    const caller = await stage.startCaller();
    const call = stage.read(caller);
    const { signal } = new AbortController();
    const run = async (): Promise<void> => {
      for (let count = 0; count < 10 * stage.repetitions; count++) await call(count, { signal, timeoutMs: 1_000 });
    };
    await stage.within(600_000, run());
    assert.equal(caller.health().pending, 0);
    await stage.until(LONG_MS, 'Nothing runs', () => bus.health().running === 0);
    await stage.until(30_000, 'All timers have run but for one of each side', () => stage.timers() <= 2);
  }),
];
