import { expect, test, vi } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { Transport } from '../../runtime/transport.js';
import { createMemoryBroker, type MemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createCountingRandom, createManualClock, settle } from '../support/manual-clock.js';
import { createPair, faulty, listen } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

const agent = 'agent://concierge';

test('options that are wrong are refused with one sentence', async () => {
  const transports = [memory({ broker: createMemoryBroker() })];
  await expect(createBus({ agent: 'agent://a.b', transports })).rejects.toThrow(
    /"agent:\/\/a\.b" is not an agent's address/,
  );
  await expect(createBus({ agent, transports, tenantId: 'a.b' })).rejects.toThrow(/is not a tenant's id/);
  await expect(createBus({ agent, transports, instance: 'a.*' })).rejects.toThrow(/is not an instance's name/);
  await expect(createBus({ agent, transports: [] })).rejects.toMatchObject({ code: 'EAGENTRPC_NO_TRANSPORT' });
});

test('the same ids and clock make the same bytes of a request', async () => {
  const make = async () => {
    const broker = createMemoryBroker();
    const bus = await createBus({
      agent,
      transports: [memory({ broker })],
      clock: createManualClock(),
      random: createCountingRandom(),
    });
    const seen: string[] = [];
    broker.subscribe('agents.pr-reviewer.requests', 'requests', ({ bytes }) => {
      seen.push(Buffer.from(bytes).toString());
    });
    void createCall(bus, reviewerContract, reviewCapability).outcome({ prUrl: 'x' });
    await settle();
    return seen[0];
  };
  const bytes = await make();
  expect(bytes).toBe(await make());
  expect(bytes).toContain('"replyTo":"memory://agents.concierge.responses.');
  expect(Object.keys(JSON.parse(bytes ?? '{}'))).toEqual([
    'version',
    'kind',
    'messageId',
    'correlationId',
    'from',
    'to',
    'capability',
    'replyTo',
    'deadline',
    'headers',
    'payload',
  ]);
});

test('instances of one agent get their own answers', async () => {
  const { broker, clock } = await createPair();
  const buses = await Promise.all([1, 2, 3].map(() => createBus({ agent, transports: [memory({ broker })], clock })));
  const calls = buses.map((bus) => createCall(bus, reviewerContract, echoCapability));
  const inputs = Array.from({ length: 30 }, (_, index) => index);
  const outputs = inputs.map((input) => calls[input % 3]?.(input));
  expect(await Promise.all(outputs)).toEqual(inputs);
  expect(buses.map((bus) => bus.health().late)).toEqual([0, 0, 0]);
});

test('two instances with one name are noticed at the start', async () => {
  const transports = [memory({ broker: createMemoryBroker() })];
  await createBus({ agent, transports, instance: 'one' });
  await expect(createBus({ agent, transports, instance: 'one' })).rejects.toThrow(/instance name of its own/);
});

test('an agent that is not among the peers is not called', async () => {
  const { echo } = await createPair({
    client: { peers: [{ agent: 'agent://other', transports: [{ kind: 'memory' }] }] },
  });
  expect(await echo.outcome(1)).toMatchObject({ executed: 'no', error: { code: 'EAGENTRPC_NO_PEER' } });
});

test('a peer that none of the transports reach is not called', async () => {
  const peers = [{ agent: reviewerContract.agent, transports: [{ kind: 'kafka' as const }] }];
  const { echo } = await createPair({ client: { peers } });
  expect(await echo.outcome(1)).toMatchObject({ executed: 'no', error: { code: 'EAGENTRPC_NO_TRANSPORT' } });
});

test('topics may be set on both sides', async () => {
  const broker = createMemoryBroker();
  const topics = { requests: 'in', responses: 'out' };
  const reviewer = await createBus({
    agent: reviewerContract.agent,
    transports: [memory({ broker, topics })],
    peers: [{ agent, transports: [{ kind: 'memory', topics: { responses: 'replies' } }] }],
  });
  const concierge = await createBus({
    agent,
    transports: [memory({ broker, topics: { responses: 'replies' } })],
    peers: [{ agent: reviewerContract.agent, transports: [{ kind: 'memory', topics }] }],
  });
  await serve(reviewer, reviewerContract, [implement(reviewCapability, () => {}), implement(echoCapability, (x) => x)]);
  await expect(createCall(concierge, reviewerContract, echoCapability)(1)).resolves.toBe(1);
});

test('a bus that talks over two brokers hears its answers on both', async () => {
  const { broker, clock } = await createPair();
  const [near, far] = [memory({ broker: createMemoryBroker() }), memory({ broker })];
  const peers = [{ agent: reviewerContract.agent, transports: [{ kind: 'memory' as const, via: far }] }];
  const bus = await createBus({ agent, transports: [near, far], peers, clock });
  await expect(createCall(bus, reviewerContract, echoCapability)('far')).resolves.toBe('far');
});

test('when one transport cannot be connected, the others are closed again', async () => {
  const broker = createMemoryBroker();
  const bad: Transport = { ...memory(), connect: () => Promise.reject(new Error('wrong password')) };
  await expect(createBus({ agent, transports: [memory({ broker }), bad], instance: 'i' })).rejects.toThrow(
    'wrong password',
  );
  await expect(createBus({ agent, transports: [memory({ broker })], instance: 'i' })).resolves.toBeDefined();
});

test('ten thousand calls one after another leave nothing behind', async () => {
  const { echo, concierge, reviewer, clock } = await createPair();
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  for (let count = 0; count < 10_000; count++) await echo(count, { signal });
  expect(concierge.health()).toMatchObject({ pending: 0, late: 0, refused: 0 });
  await settle();
  expect(reviewer.health().running).toBe(0);
  expect(clock.timers()).toBe(0);
  expect(added).toHaveBeenCalledTimes(10_000);
  expect(removed).toHaveBeenCalledTimes(10_000);
});

test('stop ends the calls that wait, refuses new ones, and leaves no timer', async () => {
  const { echo, concierge, clock } = await createPair({ echo: () => new Promise(() => {}) });
  const outcome = echo.outcome(1);
  await settle();
  await concierge.stop();
  expect(await outcome).toMatchObject({
    status: 'abandoned',
    executed: 'maybe',
    error: { code: 'EAGENTRPC_ABANDONED' },
  });
  expect(await echo.outcome(2)).toMatchObject({ status: 'abandoned', executed: 'no' });
  expect(concierge.health()).toMatchObject({ connected: false, ready: false, pending: 0 });
  // What is left is the deadline of the skill that hangs in the other process.
  expect(clock.timers()).toBe(1);
});

test('stop waits for a skill that runs, and for the calls that it makes', async () => {
  const { broker, echo, reviewer, clock } = await createPair({
    echo: async (_, ctx) => {
      await new Promise((resolve) => clock.setTimer(200, () => resolve(undefined)));
      return createCall(ctx.bus, { ...reviewerContract, agent: 'agent://helper' }, echoCapability)('helped');
    },
  });
  const helper = await createBus({ agent: 'agent://helper', transports: [memory({ broker })], clock });
  await serve(helper, { ...reviewerContract, agent: 'agent://helper' }, [
    implement(reviewCapability, () => {}),
    implement(echoCapability, (input) => input),
  ]);
  const output = echo(1);
  await settle();
  const stopped = reviewer.stop();
  expect(reviewer.health()).toMatchObject({ connected: true, ready: false, running: 1 });
  await clock.advance(200);
  expect(await output).toBe('helped');
  await stopped;
  expect(reviewer.health()).toMatchObject({ connected: false, running: 0 });
  expect(clock.timers()).toBe(0);
});

test('stop may be called twice, and nothing is served after it', async () => {
  const { reviewer } = await createPair();
  await Promise.all([reviewer.stop(), reviewer.stop()]);
  await expect(
    serve(reviewer, reviewerContract, [implement(reviewCapability, () => {}), implement(echoCapability, () => {})]),
  ).rejects.toThrow(/is stopped/);
});

test('a caller that is gone leaves its answers to nobody', async () => {
  const { broker, echo, concierge, reviewer, clock } = await createPair({
    echo: () => new Promise((resolve) => clock.setTimer(10, () => resolve(1))),
  });
  const heard = listen(broker, 'agents.concierge.responses');
  void echo.outcome(1);
  await settle();
  await concierge.stop();
  await clock.advance(10);
  expect(heard).toEqual([]);
  expect(reviewer.health()).toMatchObject({ running: 0, refused: 0 });
});

/** A memory transport that loses its broker: to end a subscription to an inbox, or to close, fails. */
function losing(broker: MemoryBroker, what: 'unsubscribe' | 'close') {
  const transport = memory({ broker });
  const close = vi.fn(() => (what === 'close' ? Promise.reject(new Error('gone')) : Promise.resolve()));
  const connect: Transport['connect'] = async (owner, watcher) => {
    const connection = await transport.connect(owner, watcher);
    const subscribe: typeof connection.subscribe = async (topic, role, deliver) => {
      const subscription = await connection.subscribe(topic, role, deliver);
      const isLost = what === 'unsubscribe' && role === 'requests';
      return isLost ? { close: () => Promise.reject(new Error('gone')) } : subscription;
    };
    return { ...connection, subscribe, close };
  };
  return { transport: { ...transport, connect }, close };
}

test('a broker that is gone does not keep stop from ending skills, calls and connections', async () => {
  const broker = createMemoryBroker();
  const { transport, close } = losing(broker, 'unsubscribe');
  const { reviewer, echo, clock } = await createPair({
    server: { transports: [transport] },
    client: { transports: [memory({ broker })] },
    echo: () => new Promise(() => {}),
  });
  listen(broker, 'agents.silent.requests');
  const asked = createCall(reviewer, { ...reviewerContract, agent: 'agent://silent' }, echoCapability).outcome(1);
  const running = echo.outcome(1, { timeoutMs: 600_000 });
  await settle();
  const stopped = reviewer.stop({ graceMs: 100 }).catch((error: unknown) => error);
  await clock.advance(100);
  expect(await stopped).toEqual(new Error('gone'));
  expect(await asked).toMatchObject({ status: 'abandoned' });
  expect(await running).toMatchObject({ error: { code: 'EAGENTRPC_INTERRUPTED' } });
  expect(close).toHaveBeenCalledOnce();
  expect(reviewer.health()).toMatchObject({ connected: false, pending: 0, running: 0 });
  await expect(reviewer.stop()).rejects.toThrow('gone');
});

test('a connection that fails to close does not keep the others open', async () => {
  const broker = createMemoryBroker();
  const [bad, good] = [losing(broker, 'close'), losing(createMemoryBroker(), 'unsubscribe')];
  const bus = await createBus({ agent, transports: [bad.transport, good.transport] });
  await expect(bus.stop()).rejects.toThrow('gone');
  expect(good.close).toHaveBeenCalledOnce();
  expect(bus.health().connected).toBe(false);
});

test('what a bus cannot be made for is said even when what it has opened fails to close', async () => {
  const refusing: Transport = { ...memory(), connect: () => Promise.reject(new Error('wrong password')) };
  const { transport } = losing(createMemoryBroker(), 'close');
  await expect(createBus({ agent, transports: [transport, refusing] })).rejects.toThrow('wrong password');
});

test('a stop during a serve that fails is not the one that says so', async () => {
  const refusing = faulty(memory({ broker: createMemoryBroker() }), {});
  const transport: Transport = {
    ...refusing,
    connect: async (owner, watcher) => {
      const connection = await refusing.connect(owner, watcher);
      const subscribe: typeof connection.subscribe = async (topic, role, deliver) => {
        if (role === 'requests') throw new Error('not allowed');
        return connection.subscribe(topic, role, deliver);
      };
      return { ...connection, subscribe };
    },
  };
  const clock = createManualClock();
  const bus = await createBus({ agent: reviewerContract.agent, transports: [transport], clock });
  const implementations = [implement(reviewCapability, () => {}), implement(echoCapability, () => {})];
  const serving = serve(bus, reviewerContract, implementations).catch((error: unknown) => error);
  await expect(bus.stop()).resolves.toBeUndefined();
  expect(await serving).toEqual(new Error('not allowed'));
  expect(clock.timers()).toBe(0);
});
