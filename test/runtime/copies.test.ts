import { expect, test, vi } from 'vitest';
import { createDuplicates, type DuplicateStore } from '../../runtime/duplicates.js';
import { createGate } from '../support/held.js';
import { settle } from '../support/manual-clock.js';
import {
  createPair,
  errorOf,
  INBOX,
  inject,
  listen,
  type PairOptions,
  strangersRequest,
  watchHops,
} from '../support/pair.js';

async function createReceiver(options: PairOptions = {}) {
  const pair = await createPair(options);
  const heard = listen(pair.broker, 'agents.stranger.responses');
  const heardAt = (topic: string) => listen(pair.broker, topic);
  const send = async (...messages: Record<string, unknown>[]): Promise<void> => {
    for (const members of messages) inject(pair.broker, INBOX, strangersRequest(members));
    await settle();
  };
  return { ...pair, heard, heardAt, send, payloads: () => heard.map(({ payload }) => payload) };
}

test('a request that is delivered twice runs once, and both are answered alike', async () => {
  const skill = vi.fn((input: unknown) => ({ input, at: Math.random() }));
  const { send, payloads, heard } = await createReceiver({ echo: skill });
  await send({}, {});
  expect(skill).toHaveBeenCalledOnce();
  expect(heard).toHaveLength(2);
  expect(payloads()[0]).toEqual(payloads()[1]);
  expect(heard[0]?.messageId).not.toBe(heard[1]?.messageId);
});

test('a copy waits for the first while that runs, and each is answered at its own place', async () => {
  const gate = createGate();
  const { send, heard, heardAt } = await createReceiver({ echo: gate.skill });
  const other = heardAt('agents.stranger.responses.other');
  await send({}, { replyTo: 'memory://agents.stranger.responses.other', correlationId: 'c2' });
  expect(gate.open).toHaveLength(1);
  expect([...heard, ...other]).toEqual([]);
  gate.open[0]?.();
  await settle();
  expect(heard).toMatchObject([{ correlationId: 'c1', causedBy: 'm1', payload: { ok: true, data: 'hello' } }]);
  expect(other).toMatchObject([{ correlationId: 'c2', causedBy: 'm1', payload: { ok: true, data: 'hello' } }]);
});

test('a copy that comes after the answer gets the answer, even when its own time is up', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { send, payloads, clock } = await createReceiver({ echo: skill });
  const headers = { 'x-declaragent-ttl-ms': '1000' };
  await send({ headers });
  await clock.advance(500);
  await send({ headers: { 'x-declaragent-ttl-ms': '0' } });
  expect(payloads()).toEqual([
    { ok: true, data: 'hello' },
    { ok: true, data: 'hello' },
  ]);
  expect(skill).toHaveBeenCalledOnce();
});

test('what a skill changes in its input and in its result later changes no answer', async () => {
  const result = { list: [1] };
  const { send, payloads } = await createReceiver({
    echo: (input) => {
      (input as { changed?: boolean }).changed = true;
      return result;
    },
  });
  await send({ payload: {} });
  result.list.push(2);
  await send({ payload: {} });
  expect(payloads()).toEqual([
    { ok: true, data: { list: [1] } },
    { ok: true, data: { list: [1] } },
  ]);
});

test.each([{ payload: 'other' }, { capability: 'review-pr' }])(
  'an id that is used again for %j is refused, and nothing runs',
  async (members) => {
    const skill = vi.fn((input: unknown) => input);
    const review = vi.fn();
    const { send, payloads } = await createReceiver({ echo: skill, review });
    await send({});
    await send(members);
    expect(payloads()).toEqual([{ ok: true, data: 'hello' }, errorOf('EAGENTRPC_INVALID_ENVELOPE')]);
    expect(skill).toHaveBeenCalledOnce();
    expect(review).not.toHaveBeenCalled();
  },
);

test('an event that is delivered twice runs once', async () => {
  const skill = vi.fn();
  const { send } = await createReceiver({ echo: skill });
  await send({ kind: 'event', replyTo: undefined }, { kind: 'event', replyTo: undefined });
  await send({ kind: 'event', replyTo: undefined });
  expect(skill).toHaveBeenCalledOnce();
});

test('the same id from another sender is another message', async () => {
  const skill = vi.fn();
  const { send } = await createReceiver({ echo: skill });
  await send(
    {},
    { from: 'agent://other', replyTo: 'memory://agents.other.responses' },
    { tenantId: 'acme', replyTo: undefined },
  );
  expect(skill).toHaveBeenCalledTimes(3);
});

test('a copy is reported as a duplicate, once each', async () => {
  const { send } = await createReceiver();
  const { hops, stop } = watchHops();
  await send({}, {});
  await send({});
  stop();
  expect(hops.filter(({ event }) => event === 'duplicate')).toMatchObject([{ messageId: 'm1' }, { messageId: 'm1' }]);
});

test('a request that was refused as busy is not remembered: the same one can run later', async () => {
  const gate = createGate();
  const { send, payloads } = await createReceiver({ echo: gate.skill, serve: { concurrency: 1, queue: 0 } });
  await send({ messageId: 'm1' }, { messageId: 'm2' });
  expect(payloads()).toEqual([errorOf('EAGENTRPC_BUSY')]);
  gate.open[0]?.();
  await settle();
  await send({ messageId: 'm2' });
  expect(gate.open).toHaveLength(2);
});

test('an answer that is lost is said to be lost, with a code that means that the skill has run', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { send, payloads } = await createReceiver({
    echo: skill,
    serve: { duplicates: createDuplicates({ maxBytes: 1 }) },
  });
  await send({}, {});
  await send({});
  expect(payloads()).toEqual([
    { ok: true, data: 'hello' },
    // It had waited, so nothing had to be kept for it.
    { ok: true, data: 'hello' },
    errorOf('EAGENTRPC_HANDLER_ERROR'),
  ]);
  expect(skill).toHaveBeenCalledOnce();
});

test('a full table answers busy and runs nothing', async () => {
  const skill = vi.fn((input: unknown) => input);
  const { send, payloads, clock } = await createReceiver({ echo: skill });
  expect(clock.timers()).toBe(0);
  const full = await createReceiver({
    echo: skill,
    serve: { duplicates: createDuplicates({ maxEntries: 1 }) },
  });
  await full.send({ messageId: 'm1' }, { messageId: 'm2' }, { messageId: 'm1' });
  expect(full.payloads()).toEqual([
    errorOf('EAGENTRPC_BUSY'),
    { ok: true, data: 'hello' },
    { ok: true, data: 'hello' },
  ]);
  expect(skill).toHaveBeenCalledOnce();
  await send({});
  expect(payloads()).toHaveLength(1);
});

test('a failure that may pass is forgotten where the capability is idempotent, and kept where it is not', async () => {
  let failures = 0;
  const fail = (): never => {
    throw new Error(String(++failures));
  };
  const { send, payloads } = await createReceiver({ echo: fail, review: fail });
  const review = { capability: 'review-pr', payload: { prUrl: 'x' } };
  await send({ messageId: 'a' });
  await send({ messageId: 'a' });
  expect(failures).toBe(1);
  await send({ messageId: 'b', ...review });
  await send({ messageId: 'b', ...review });
  expect(failures).toBe(3);
  expect(payloads()).toEqual(Array(4).fill(errorOf('EAGENTRPC_HANDLER_ERROR')));
});

test('more copies than may wait are left out, and the first is answered as ever', async () => {
  const gate = createGate();
  const { send, heard } = await createReceiver({ echo: gate.skill, serve: { concurrency: 1, queue: 2 } });
  await send(...Array(10).fill({}));
  gate.open[0]?.();
  await settle();
  expect(heard).toHaveLength(3);
});

/** A store as several instances would share one: nothing is known at once. */
function createSharedStore(members: Partial<DuplicateStore> = {}): DuplicateStore {
  const store = createDuplicates();
  return {
    claim: async (key, request, expiresAt) => store.claim(key, request, expiresAt),
    keep: async (key, response) => store.keep(key, response),
    release: async (key) => store.release(key),
    ...members,
  };
}

test('instances that share a store run a message once between them', async () => {
  const skill = vi.fn((input: unknown) => input);
  const duplicates = createSharedStore();
  const first = await createReceiver({ echo: skill, serve: { duplicates } });
  const second = await createReceiver({ echo: skill, serve: { duplicates } });
  await first.send({});
  await second.send({});
  expect(skill).toHaveBeenCalledOnce();
  expect([...first.payloads(), ...second.payloads()]).toEqual([
    { ok: true, data: 'hello' },
    { ok: true, data: 'hello' },
  ]);
});

test('where a shared store fails nothing runs, and nobody is told that nothing has run', async () => {
  const skill = vi.fn();
  const duplicates = createSharedStore({ claim: () => Promise.reject(new Error('store down')) });
  const { send, payloads, thrown } = await createReceiver({ echo: skill, serve: { duplicates } });
  await send({});
  expect(skill).not.toHaveBeenCalled();
  expect(payloads()).toEqual([errorOf('EAGENTRPC_INTERRUPTED')]);
  expect(thrown).toMatchObject([{ message: 'store down' }]);
});

test('a shared store that cannot keep an answer is told of, and the answer is out', async () => {
  const duplicates = createSharedStore({ keep: () => Promise.reject(new Error('store down')) });
  const { send, payloads, thrown } = await createReceiver({ serve: { duplicates } });
  await send({});
  expect(payloads()).toEqual([{ ok: true, data: 'hello' }]);
  expect(thrown).toMatchObject([{ message: 'store down' }]);
});
