import assert from 'node:assert/strict';
import type { ConformanceCase } from './harness.js';
import { type CalleeOptions, defineCase, LONG_MS, type Stage, type Stranger } from './stage.js';

async function startAsked(stage: Stage, options: CalleeOptions = {}) {
  let runs = 0;
  const { bus } = await stage.startCallee({ write: () => ++runs, ...options });
  return { bus, stranger: await stage.stranger(), runs: () => runs };
}

/** The payload of the one reply that a stranger gets. */
async function replyTo(stage: Stage, stranger: Stranger): Promise<unknown> {
  await stage.until(LONG_MS, 'It is answered', () => stranger.replies.length > 0);
  return stranger.replies[0]?.payload;
}

/** Messages that come twice, from elsewhere, or are no messages at all. */
export const MESSAGE_CASES: readonly ConformanceCase[] = [
  defineCase(12, 'a request that comes twice runs once, and both are answered alike', {}, async (stage) => {
    const { stranger, runs } = await startAsked(stage);
    for (let copy = 0; copy < 2; copy++) await stranger.send(stage.requestsTopic, stranger.request());
    await stage.until(LONG_MS, 'Both are answered', () => stranger.replies.length === 2);
    assert.equal(runs(), 1);
    assert.deepEqual(stranger.replies[0]?.payload, { ok: true, data: 1 });
    assert.deepEqual(stranger.replies[1]?.payload, stranger.replies[0]?.payload);
  }),

  defineCase(12, 'a request that comes twice while it runs runs once', {}, async (stage) => {
    let runs = 0;
    let finish = (): void => {};
    await stage.startCallee({
      write: () => {
        runs++;
        return new Promise((resolve) => {
          finish = () => resolve(runs);
        });
      },
    });
    const stranger = await stage.stranger();
    for (let copy = 0; copy < 2; copy++) await stranger.send(stage.requestsTopic, stranger.request());
    await stage.until(LONG_MS, 'It runs', () => runs === 1);
    await stage.broker.pass(50);
    finish();
    await stage.until(LONG_MS, 'Both are answered', () => stranger.replies.length === 2);
    assert.deepEqual(
      stranger.replies.map(({ payload }) => payload),
      [
        { ok: true, data: 1 },
        { ok: true, data: 1 },
      ],
    );
  }),

  defineCase(12, 'a request goes to one of the instances that read the inbox', {}, async (stage) => {
    const runs = [0, 0];
    for (const index of runs.keys()) {
      await stage.startCallee({
        write: () => {
          runs[index] = (runs[index] ?? 0) + 1;
          return index;
        },
      });
    }
    const caller = await stage.startCaller();
    for (let call = 0; call < 20; call++) await stage.within(LONG_MS, stage.write(caller)(call));
    await stage.broker.pass(50);
    assert.equal((runs[0] ?? 0) + (runs[1] ?? 0), 20);
  }),

  defineCase(12, 'a messageId that comes again for something else is refused', {}, async (stage) => {
    const { stranger, runs, bus } = await startAsked(stage);
    await stranger.send(stage.requestsTopic, stranger.request());
    await stage.until(LONG_MS, 'It is answered', () => stranger.replies.length === 1);
    await stranger.send(stage.requestsTopic, stranger.request({ payload: 'another' }));
    await stage.until(LONG_MS, 'It is refused', () => bus.health().refused === 1 || stranger.replies.length === 2);
    assert.equal(runs(), 1);
  }),

  defineCase(13, 'an answer that comes twice, or to no call, is ignored and counted', {}, async (stage) => {
    const caller = await stage.startCaller();
    const stranger = await stage.stranger();
    await stranger.play((ids) => {
      const answer = { ...ids, payload: { ok: true, data: 1 } };
      return [answer, answer, { ...answer, causedBy: 'unknown' }];
    });
    assert.equal(await stage.within(LONG_MS, stage.write(caller)('x')), 1);
    await stage.until(LONG_MS, 'Both others are counted', () => caller.health().late === 2);
  }),

  defineCase(14, 'an answer from another agent is refused and counted', {}, async (stage) => {
    const caller = await stage.startCaller();
    const stranger = await stage.stranger();
    await stranger.play((ids) => [{ ...ids, from: stranger.agent, payload: { ok: true, data: 'forged' } }]);
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 300 }));
    assert.equal(outcome.status, 'timeout');
    await stage.until(LONG_MS, 'It is counted', () => caller.health().refused > 0);
    assert.equal(caller.health().refused, 1);
  }),

  defineCase(15, 'what is no envelope is refused, and what comes after it is read', {}, async (stage) => {
    // Small, so that there is something too large for the agent which its broker still takes.
    const { bus, stranger, runs } = await startAsked(stage, { limits: { bytes: 2 ** 16 } });
    const bad = [
      Buffer.from('{"version":'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('null'),
      { version: 2 },
      stranger.request({ extra: 1 }),
      stranger.request({ payload: 'x'.repeat(2 ** 16) }),
    ];
    for (const message of bad) await stranger.send(stage.requestsTopic, message);
    await stage.until(LONG_MS, 'All are refused', () => bus.health().refused === bad.length);
    await stranger.send(stage.requestsTopic, stranger.request());
    assert.deepEqual(await replyTo(stage, stranger), { ok: true, data: 1 });
    assert.equal(runs(), 1);
  }),

  defineCase(
    15,
    'what is refused is kept as it came, with the reason',
    { flags: { deadLetters: true }, abilities: ['deadLetters'] },
    async (stage) => {
      const { stranger } = await startAsked(stage);
      await stranger.send(stage.requestsTopic, Buffer.from('no envelope'));
      const deadLetters = stage.ability('deadLetters');
      await stage.until(LONG_MS, 'It is kept', async () => (await deadLetters(stage.requestsTopic)).length === 1);
      const [letter] = await deadLetters(stage.requestsTopic);
      assert.equal(letter && Buffer.from(letter.bytes).toString(), 'no envelope');
      assert.notEqual(letter?.reason, '');
    },
  ),

  defineCase(32, 'an answer goes only to a reply topic of who asked', {}, async (stage) => {
    const { bus, stranger, runs } = await startAsked(stage);
    const victim = await stage.stranger();
    const kind = stage.broker.transport().kind;
    const others = ['memory', 'kafka', 'nats'].filter((other) => other !== kind);
    const places = [
      `${kind}://${victim.replyTopic}`,
      `${kind}://${stage.requestsTopic}`,
      `${kind}://agents.*.responses`,
      ...others.map((other) => `${other}://${stranger.replyTopic}`),
    ];
    for (const [index, place] of places.entries()) {
      await stranger.send(stage.requestsTopic, stranger.request({ messageId: `m${index}`, replyTo: place }));
    }
    await stage.until(LONG_MS, 'All are refused', () => bus.health().refused === places.length);
    assert.equal(runs(), 0);
    assert.deepEqual([...victim.replies, ...stranger.replies], []);
  }),

  defineCase(34, 'odd payloads are refused or carried as data', {}, async (stage) => {
    await stage.startCallee();
    const stranger = await stage.stranger();
    const texts = [
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      '"\\ud800"',
      '{"a":1,"a":2}',
      '1e400',
    ];
    for (const [index, text] of texts.entries()) {
      const { payload: _, ...rest } = stranger.request({ messageId: `m${index}` });
      const request = `${JSON.stringify(rest).slice(0, -1)},"payload":${text}}`;
      await stranger.send(stage.requestsTopic, Buffer.from(request));
      await stage.until(LONG_MS, `${text} is answered`, () => stranger.replies.length === index + 1);
    }
    assert.equal(JSON.stringify(stranger.replies[0]?.payload), `{"ok":true,"data":${texts[0]}}`);
    assert.deepEqual(stranger.replies[1]?.payload, { ok: true, data: '\ud800' });
    assert.deepEqual(stranger.replies[2]?.payload, { ok: true, data: { a: 2 } });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  }),

  defineCase(34, 'ten thousand levels are refused, on the way out and on the way in', {}, async (stage) => {
    const { bus, stranger, runs } = await startAsked(stage);
    const caller = await stage.startCaller();
    const text = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
    const outcome = await stage.within(LONG_MS, stage.write(caller).outcome(JSON.parse(text)));
    assert.equal(outcome.status === 'error' && outcome.executed, 'no');
    const request = `${JSON.stringify(stranger.request()).replace('"hello"', text)}`;
    await stranger.send(stage.requestsTopic, Buffer.from(request));
    await stage.until(LONG_MS, 'It is refused', () => bus.health().refused === 1);
    assert.equal(runs(), 0);
  }),

  defineCase(35, 'names and headers with control characters go through as they are', {}, async (stage) => {
    const odd = '\u001b[31mred\u0007\u202e\u0000\r\n';
    let seen: unknown;
    await stage.startCallee({
      write: (input, ctx) => {
        seen = [ctx.correlationId, ctx.headers['x-odd'], input];
        return input;
      },
    });
    const caller = await stage.startCaller();
    const options = { correlationId: odd, headers: { 'x-odd': odd } };
    assert.equal(await stage.within(LONG_MS, stage.write(caller)(odd, options)), odd);
    assert.deepEqual(seen, [odd, odd, odd]);
  }),
];
