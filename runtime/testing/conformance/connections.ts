import assert from 'node:assert/strict';
import type { ConformanceCase } from './harness.js';
import { defineCase, LONG_MS, type Stage } from './stage.js';

/** A callee that runs until it is told to finish, in as many instances as are started. */
async function startHanging(stage: Stage, instance: string, onRun: () => void) {
  const hang = (): Promise<never> => {
    onRun();
    return new Promise(() => {});
  };
  return stage.startCallee({ instance, read: hang, write: hang });
}

/** Connections that are lost, brokers that stop, instances that die. */
export const CONNECTION_CASES: readonly ConformanceCase[] = [
  defineCase(
    4,
    'an idempotent skill whose receiver dies runs again elsewhere, with one result',
    { flags: { holdsRequests: true }, abilities: ['kill'] },
    async (stage) => {
      let runs = 0;
      await startHanging(stage, 'first', () => runs++);
      const caller = await stage.startCaller();
      const call = stage.read(caller).outcome('x', { timeoutMs: stage.patientMs });
      await stage.until(LONG_MS, 'It runs', () => runs === 1);
      await stage.startCallee({ instance: 'second', read: () => `run ${++runs}` });
      await stage.ability('kill')('first');
      const outcome = await stage.within(LONG_MS, call);
      assert.equal(outcome.status === 'ok' && outcome.data, 'run 2');
      assert.equal(caller.health().late, 0);
    },
  ),

  defineCase(
    4,
    'a call whose receiver dies ends by its timeout',
    { flags: { holdsRequests: false }, abilities: ['kill'] },
    async (stage) => {
      let runs = 0;
      await startHanging(stage, 'first', () => runs++);
      const caller = await stage.startCaller();
      const call = stage.read(caller).outcome('x', { timeoutMs: 300 });
      await stage.until(LONG_MS, 'It runs', () => runs === 1);
      await stage.startCallee({ instance: 'second', read: () => ++runs });
      await stage.ability('kill')('first');
      const outcome = await stage.within(LONG_MS, call);
      assert.deepEqual([outcome.status, outcome.status === 'timeout' && outcome.executed], ['timeout', 'maybe']);
      assert.equal(runs, 1);
    },
  ),

  defineCase(
    5,
    'a skill that is not idempotent and whose receiver dies does not run again',
    { abilities: ['kill'] },
    async (stage) => {
      let runs = 0;
      await startHanging(stage, 'first', () => runs++);
      const caller = await stage.startCaller();
      const call = stage.write(caller).outcome('x', { timeoutMs: 600 });
      await stage.until(LONG_MS, 'It runs', () => runs === 1);
      await stage.startCallee({ instance: 'second', write: () => ++runs });
      await stage.ability('kill')('first');
      const outcome = await stage.within(LONG_MS, call);
      assert.equal(outcome.status !== 'ok' && outcome.executed, 'maybe');
      assert.equal(runs, 1);
    },
  ),

  defineCase(
    5,
    'what a dead reader has not settled comes again and says so, and what it has acknowledged does not',
    { flags: { holdsRequests: true, confirmsAck: true }, abilities: ['kill'] },
    async (stage) => {
      const came: [text: string, redelivered: boolean][] = [];
      const publisher = await stage.stranger();
      const [first, second] = [await stage.stranger(), await stage.stranger()];
      let isAcknowledged = false;
      await first.connection.subscribe(stage.requestsTopic, 'requests', ({ bytes, redelivered, ack }) => {
        const text = Buffer.from(bytes).toString();
        came.push([text, redelivered]);
        if (text !== '"acknowledged"') return;
        void ack().then(() => {
          isAcknowledged = true;
        });
      });
      for (const text of ['acknowledged', 'held']) await publisher.send(stage.requestsTopic, text);
      await stage.until(LONG_MS, 'Both come', () => came.length === 2 && isAcknowledged);
      await second.connection.subscribe(stage.requestsTopic, 'requests', ({ bytes, redelivered, ack }) => {
        came.push([Buffer.from(bytes).toString(), redelivered]);
        void ack();
      });
      await stage.ability('kill')(first.instance);
      await stage.until(LONG_MS, 'One comes again', () => came.length === 3);
      await stage.broker.pass(100);
      assert.deepEqual(
        came.slice(0, 2).sort(),
        [
          ['"acknowledged"', false],
          ['"held"', false],
        ].sort(),
      );
      assert.deepEqual(came.slice(2), [['"held"', true]]);
    },
  ),

  defineCase(
    6,
    'a receiver that dies after the work and before the answer works again only where that is idempotent',
    { flags: { holdsRequests: true }, abilities: ['kill', 'partition'] },
    async (stage) => {
      const work = { read: 0, write: 0 };
      const skills = { read: () => ++work.read, write: () => ++work.write };
      await stage.startCallee({
        instance: 'first',
        read: async () => {
          skills.read();
          await stage.ability('partition')('first');
          return 0;
        },
        write: async () => {
          skills.write();
          await stage.ability('partition')('first');
          return 0;
        },
      });
      const caller = await stage.startCaller();
      const write = stage.write(caller).outcome('x', { timeoutMs: 1_000 });
      await stage.until(LONG_MS, 'It has written', () => work.write === 1);
      const read = stage.read(caller).outcome('x', { timeoutMs: stage.patientMs });
      await stage.broker.pass(20);
      await stage.startCallee({ instance: 'second', ...skills });
      await stage.ability('kill')('first');
      const [wrote, done] = await stage.within(LONG_MS, Promise.all([write, read]));
      assert.equal(wrote.status !== 'ok' && wrote.executed, 'maybe');
      assert.equal(work.write, 1);
      assert.equal(done.status, 'ok');
    },
  ),

  defineCase(
    7,
    'a caller that dies leaves nothing at the broker',
    { abilities: ['kill', 'leftovers'] },
    async (stage) => {
      let finish: (() => void) | undefined;
      const { bus } = await stage.startCallee({
        write: () =>
          new Promise((resolve) => {
            finish = () => resolve('done');
          }),
      });
      const caller = await stage.startCaller({ instance: 'doomed' });
      void stage.write(caller).outcome('x');
      await stage.until(LONG_MS, 'It runs', () => finish !== undefined);
      await stage.ability('kill')('doomed');
      finish?.();
      await stage.until(LONG_MS, 'It has ended', () => bus.health().running === 0);
      await stage.until(60_000, 'Nothing is left', async () => (await stage.ability('leftovers')()) === 0);
    },
  ),

  defineCase(
    8,
    'a broker that stops with calls pending lets all of them end, and the next call works',
    { abilities: ['stopBroker', 'restartBroker'] },
    async (stage) => {
      let isHanging = true;
      await stage.startCallee({
        serve: { concurrency: 200 },
        write: (input) => (isHanging ? new Promise(() => {}) : input),
      });
      const caller = await stage.startCaller();
      const calls = Array.from({ length: 100 }, (_, index) => stage.write(caller).outcome(index, { timeoutMs: 1_000 }));
      await stage.broker.pass(100);
      await stage.ability('stopBroker')();
      const start = stage.now();
      const outcomes = await stage.within(LONG_MS, Promise.all(calls));
      assert.ok(stage.now() - start <= 1_000 + stage.toleranceMs);
      for (const outcome of outcomes) assert.equal(outcome.status !== 'ok' && outcome.executed, 'maybe');
      isHanging = false;
      await stage.ability('restartBroker')();
      await stage.until(LONG_MS, 'A call works', async () => {
        const timeoutMs = 500 + stage.toleranceMs;
        const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('again', { timeoutMs }));
        return outcome.status === 'ok';
      });
    },
  ),

  defineCase(
    8,
    'calls whose replies are lost with the connection end when that is seen',
    { flags: { losesRepliesWithConnection: true }, abilities: ['disconnect', 'reconnect'] },
    async (stage) => {
      await stage.startCallee({ write: () => new Promise(() => {}) });
      const caller = await stage.startCaller({ instance: 'cut' });
      const call = stage.write(caller).outcome('x', { timeoutMs: 60_000 });
      await stage.broker.pass(50);
      await stage.ability('disconnect')('cut');
      const outcome = await stage.within(LONG_MS, call);
      assert.equal(outcome.status === 'error' && outcome.error.code, 'EAGENTRPC_CONNECTION_LOST');
      assert.equal(outcome.status === 'error' && outcome.executed, 'maybe');
      await stage.ability('reconnect')('cut');
      assert.equal(await stage.within(LONG_MS, stage.read(caller)('again')), 'again');
    },
  ),

  defineCase(
    8,
    'calls whose replies outlive the connection get them when it is back',
    { flags: { losesRepliesWithConnection: false }, abilities: ['disconnect', 'reconnect'] },
    async (stage) => {
      let finish: (() => void) | undefined;
      await stage.startCallee({
        write: () =>
          new Promise((resolve) => {
            finish = () => resolve('kept');
          }),
      });
      const caller = await stage.startCaller({ instance: 'cut' });
      const call = stage.write(caller).outcome('x', { timeoutMs: stage.patientMs });
      await stage.until(LONG_MS, 'It runs', () => finish !== undefined);
      await stage.ability('disconnect')('cut');
      finish?.();
      await stage.broker.pass(100);
      await stage.ability('reconnect')('cut');
      const outcome = await stage.within(LONG_MS, call);
      assert.equal(outcome.status === 'ok' && outcome.data, 'kept');
    },
  ),

  defineCase(
    9,
    'a call that is made while disconnected fails fast',
    { abilities: ['disconnect', 'reconnect'] },
    async (stage) => {
      let runs = 0;
      await stage.startCallee({ write: () => ++runs });
      const caller = await stage.startCaller({ instance: 'cut' });
      await stage.ability('disconnect')('cut');
      const start = stage.now();
      const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: stage.patientMs }));
      assert.equal(outcome.status === 'error' && outcome.error.code, 'EAGENTRPC_PUBLISH_FAILED');
      assert.equal(outcome.status === 'error' && outcome.executed, 'no');
      assert.ok(stage.now() - start <= 100 + stage.toleranceMs);
      assert.equal(caller.health().connected, false);
      await stage.ability('reconnect')('cut');
      assert.equal(await stage.within(LONG_MS, stage.write(caller)('x')), 1);
      assert.equal(caller.health().connected, true);
    },
  ),

  defineCase(
    10,
    'a connection that carries nothing lets calls end by their deadline, and works again when it does',
    { abilities: ['partition', 'heal'] },
    async (stage) => {
      await stage.startCallee();
      const caller = await stage.startCaller({ instance: 'deaf' });
      await stage.ability('partition')('deaf');
      const start = stage.now();
      const outcome = await stage.within(LONG_MS, stage.write(caller).outcome('x', { timeoutMs: 300 }));
      assert.notEqual(outcome.status, 'ok');
      assert.ok(stage.now() - start <= 300 + stage.toleranceMs + 10);
      await stage.ability('heal')('deaf');
      assert.equal(await stage.within(LONG_MS, stage.read(caller)('again')), 'again');
    },
  ),

  defineCase(
    11,
    'a publish that is cut before its confirmation ends executed maybe, or with the answer',
    { abilities: ['cutConfirmations'] },
    async (stage) => {
      await stage.startCallee();
      const caller = await stage.startCaller();
      await stage.ability('cutConfirmations')();
      for (let count = 0; count < 10; count++) {
        const outcome = await stage.within(LONG_MS, stage.read(caller).outcome('x', { timeoutMs: 300 }));
        assert.ok(outcome.status === 'ok' || outcome.executed === 'maybe', JSON.stringify(outcome));
      }
      assert.equal(caller.health().pending, 0);
    },
  ),

  defineCase(28, 'two instances of one name are noticed at the start', {}, async (stage) => {
    await stage.startCaller({ instance: 'same' });
    await assert.rejects(stage.within(LONG_MS, stage.startCaller({ instance: 'same' })), /same/);
  }),

  defineCase(
    29,
    'a topic that is deleted under its reader is declared again',
    { abilities: ['deleteTopic'] },
    async (stage) => {
      await stage.startCallee();
      const caller = await stage.startCaller();
      await stage.ability('deleteTopic')(stage.requestsTopic);
      await stage.until(LONG_MS, 'A call works', async () => {
        const outcome = await stage.within(LONG_MS, stage.read(caller).outcome('x', { timeoutMs: 300 }));
        return outcome.status === 'ok';
      });
    },
  ),

  defineCase(
    31,
    'credentials that are refused are said at the start',
    { abilities: ['refusedTransport'] },
    async (stage) => {
      const transports = [stage.ability('refusedTransport')()];
      await assert.rejects(stage.within(LONG_MS, stage.startCaller({ transports })), /\w/);
    },
  ),

  defineCase(24, 'a service that has stopped hears no request', {}, async (stage) => {
    let runs = 0;
    const { service } = await stage.startCallee({ write: () => ++runs });
    const stranger = await stage.stranger();
    await service.stop();
    // Where the broker tells that nobody listens, it says so here.
    await stranger.send(stage.requestsTopic, stranger.request()).catch(() => {});
    await stage.broker.pass(50);
    assert.equal(runs, 0);
    assert.deepEqual(stranger.replies, []);
  }),

  defineCase(24, 'a bus that has stopped hears no answer', {}, async (stage) => {
    const bus = await stage.startCaller();
    const topic = stage.replyTopicOf(bus);
    const stranger = await stage.stranger();
    await bus.stop();
    const answer = { ...stranger.request({ to: stage.caller, kind: 'response', causedBy: 'x' }), replyTo: undefined };
    await stranger.send(topic, answer, 'response').catch(() => {});
    await stage.broker.pass(50);
    const { late, refused } = bus.health();
    assert.deepEqual({ late, refused }, { late: 0, refused: 0 });
  }),

  defineCase(30, 'a publisher never finds itself inside a subscriber', {}, async (stage) => {
    const { connection, replyTopic, agent } = await stage.stranger();
    const topic = `${replyTopic}.own`;
    let isPublishing = false;
    let isInside = false;
    let delivered = 0;
    const subscribed = connection.subscribe(topic, 'responses', () => {
      delivered++;
      isInside ||= isPublishing;
    });
    await stage.within(LONG_MS, subscribed);
    const ids = { messageId: 'own', correlationId: agent };
    isPublishing = true;
    const published = connection.publish({ topic, kind: 'response', bytes: Buffer.from('{}'), ...ids });
    isPublishing = false;
    await stage.within(LONG_MS, published);
    await stage.until(LONG_MS, 'It arrives', () => delivered === 1);
    assert.equal(isInside, false);
  }),
];
