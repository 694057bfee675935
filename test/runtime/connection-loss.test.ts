import { expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import type { ConnectionWatcher, Transport } from '../../runtime/transport.js';
import { createMemoryBroker, type MemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createManualClock, settle } from '../support/manual-clock.js';
import { createPair } from '../support/pair.js';
import { echoCapability, reviewerContract } from '../support/reviewer.js';

/** A memory transport whose connection a test can lose. */
function losable(broker: MemoryBroker, losesRepliesWithConnection: boolean) {
  const base = memory({ broker });
  const watchers: ConnectionWatcher[] = [];
  let published = 0;
  const transport: Transport = {
    ...base,
    flags: { ...base.flags, losesRepliesWithConnection },
    async connect(owner, watcher) {
      watchers.push(watcher);
      const connection = await base.connect(owner, watcher);
      return {
        ...connection,
        publish(message) {
          published++;
          return connection.publish(message);
        },
      };
    },
  };
  return {
    transport,
    published: () => published,
    lose: () => {
      for (const watcher of watchers) watcher.lost(new Error('socket closed'));
    },
    restore: () => {
      for (const watcher of watchers) watcher.restored();
    },
  };
}

async function createLosable(losesReplies: boolean) {
  const broker = createMemoryBroker();
  const line = losable(broker, losesReplies);
  const pair = await createPair({
    server: { transports: [memory({ broker })] },
    client: { transports: [line.transport] },
    echo: (input, ctx) =>
      new Promise((resolve) => {
        ctx.signal.addEventListener('abort', () => resolve(input));
        if (input === 'now') resolve(input);
      }),
  });
  return { ...pair, line };
}

test('calls whose answers are lost with the connection end at once', async () => {
  const { echo, concierge, line } = await createLosable(true);
  const calls = Array.from({ length: 100 }, (_, index) => echo.outcome(index));
  await settle();
  line.lose();
  for (const outcome of await Promise.all(calls)) {
    expect(outcome).toMatchObject({
      status: 'error',
      executed: 'maybe',
      error: { code: 'EAGENTRPC_CONNECTION_LOST', cause: new Error('socket closed') },
    });
  }
  expect(concierge.health().pending).toBe(0);
});

test('calls whose answers the broker keeps wait for their deadline', async () => {
  const { echo, line, clock } = await createLosable(false);
  const call = echo.outcome('slow', { timeoutMs: 1_000 });
  await settle();
  line.lose();
  await clock.advance(1_000);
  expect(await call).toMatchObject({ error: { code: 'EAGENTRPC_TIMEOUT' } });
});

test('while the connection is lost a call fails at once, and nothing of it is sent', async () => {
  const { echo, line } = await createLosable(false);
  line.lose();
  const before = line.published();
  expect(await echo.outcome(1)).toMatchObject({ executed: 'no', error: { code: 'EAGENTRPC_PUBLISH_FAILED' } });
  await expect(echo.notify(1)).rejects.toMatchObject({ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' });
  expect(line.published()).toBe(before);
});

test('health tells that the connection is lost, and that it is back', async () => {
  const { echo, line, concierge } = await createLosable(true);
  expect(concierge.health()).toMatchObject({ connected: true, ready: true });
  line.lose();
  expect(concierge.health()).toMatchObject({ connected: false, ready: false });
  line.restore();
  expect(concierge.health()).toMatchObject({ connected: true, ready: true });
  await expect(echo('now')).resolves.toBe('now');
});

test('a call that may be made again waits until the connection is back', async () => {
  const { echo, line, clock } = await createLosable(true);
  line.lose();
  const call = echo.outcome('now', { retry: { attempts: 100, baseMs: 100, maxMs: 100 }, timeoutMs: 60_000 });
  await clock.advance(50);
  line.restore();
  await clock.advance(100);
  expect(await call).toMatchObject({ status: 'ok', data: 'now' });
});

test('a connection that is lost while others are made is known to be lost', async () => {
  const broker = createMemoryBroker();
  const base = memory({ broker });
  const flaky: Transport = {
    ...base,
    async connect(owner, watcher) {
      const connection = await base.connect(owner, watcher);
      watcher.lost(new Error('already'));
      return connection;
    },
  };
  const bus = await createBus({ agent: 'agent://concierge', transports: [flaky], clock: createManualClock() });
  expect(bus.health()).toMatchObject({ connected: false, ready: false });
  const outcome = await createCall(bus, reviewerContract, echoCapability).outcome(1);
  expect(outcome).toMatchObject({ executed: 'no', error: { code: 'EAGENTRPC_PUBLISH_FAILED' } });
  await bus.stop();
});

test('only the calls that went by the lost connection end', async () => {
  const broker = createMemoryBroker();
  const line = losable(createMemoryBroker(), true);
  const { clock } = await createPair({
    server: { transports: [memory({ broker })] },
    echo: () => new Promise(() => {}),
  });
  const stands = memory({ broker });
  const peers = [{ agent: reviewerContract.agent, transports: [{ kind: 'memory' as const, via: stands }] }];
  const bus = await createBus({ agent: 'agent://caller', transports: [line.transport, stands], peers, clock });
  const call = createCall(bus, reviewerContract, echoCapability).outcome(1, { timeoutMs: 10 });
  await settle();
  line.lose();
  await settle();
  expect(bus.health().pending).toBe(1);
  await clock.advance(10);
  expect(await call).toMatchObject({ status: 'timeout' });
  await bus.stop();
});
