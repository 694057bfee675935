import { expect, test, vi } from 'vitest';
import { createAuth, type HmacKey, signEnvelope } from '../../runtime/auth.js';
import { createBus } from '../../runtime/bus.js';
import type { Claim, DuplicateStore } from '../../runtime/duplicates.js';
import { decodeEnvelope, encodeEnvelope } from '../../runtime/envelope.js';
import { createMemoryBroker, memory } from '../../runtime/transports/memory.js';
import { createHoldingBroker } from '../support/held.js';
import { settle } from '../support/manual-clock.js';
import { createPair, faulty, INBOX, inject, listen, strangersRequest, watchHops } from '../support/pair.js';

/*
 * What a service is given by others may never end: a promise of a transport, of a store, of a verifier. It has its time, and
 * then what waited for it goes on.
 */

const never = (): Promise<never> => new Promise(() => {});
const review = { capability: 'review-pr', payload: { prUrl: 'u' } };

test('an answer that is never published keeps its place until its time is up, and its message goes back', async () => {
  const { transport, hand } = createHoldingBroker();
  const skill = vi.fn(() => ({ verdict: 'approve' }));
  const { clock, reviewer } = await createPair({
    review: skill,
    serve: { concurrency: 1 },
    server: { transports: [faulty(transport, { publish: never })] },
  });
  const { hops, stop } = watchHops();
  const timeless = hand(strangersRequest({ ...review, messageId: 'one' }));
  await settle();
  expect(reviewer.health().running).toBe(1);
  hand(strangersRequest({ ...review, messageId: 'two', deadline: clock.now() + 200_000 }));
  await clock.advance(100_000);
  expect(skill).toHaveBeenCalledTimes(2);
  await clock.advance(200_000);
  stop();
  expect(reviewer.health().running).toBe(0);
  expect(timeless.settled).toEqual(['nack']);
  expect(hops.filter(({ event }) => event === 'unanswered')).toHaveLength(2);
});

test('an acknowledgement that never ends keeps its place until the time of the message is up, and it does not run', async () => {
  const { transport, hand } = createHoldingBroker();
  const skill = vi.fn();
  const { clock } = await createPair({ echo: skill, serve: { concurrency: 1 }, server: { transports: [transport] } });
  const stuck = hand(strangersRequest({ messageId: 'one' }), { confirms: false });
  hand(strangersRequest({ messageId: 'two', deadline: clock.now() + 100_000 }));
  await clock.advance(29_999);
  expect(skill).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(skill).toHaveBeenCalledOnce();
  stuck.confirm();
  await settle();
  expect(skill).toHaveBeenCalledOnce();
});

test('stop() gives an acknowledgement that never ends its grace and no more, and what waited for it never runs', async () => {
  const { transport, hand } = createHoldingBroker();
  const skill = vi.fn();
  const { clock, reviewer } = await createPair({ echo: skill, server: { transports: [transport] } });
  const stuck = hand(strangersRequest({ messageId: 'one', deadline: clock.now() + 1_000_000 }), { confirms: false });
  await settle();
  const onStopped = vi.fn();
  const stopped = reviewer.stop({ graceMs: 500 }).then(onStopped);
  await clock.advance(499);
  expect(onStopped).not.toHaveBeenCalled();
  await clock.advance(2_000);
  await stopped;
  expect(clock.timers()).toBe(0);
  stuck.confirm();
  await settle();
  expect(skill).not.toHaveBeenCalled();
});

test('stop() ends although a connection does not close, and says so', async () => {
  const transport = faulty(memory({ broker: createMemoryBroker() }), { close: never });
  const { clock, reviewer } = await createPair({ server: { transports: [transport] } });
  const stopped = expect(reviewer.stop()).rejects.toThrow('It has not ended within 5000 ms.');
  await clock.advance(4_999);
  expect(clock.timers()).toBe(1);
  await clock.advance(1);
  await stopped;
  expect(clock.timers()).toBe(0);
});

test('a connection that does not close keeps createBus from nothing but its time', async () => {
  const transport = memory({ broker: createMemoryBroker() });
  const stuck = faulty(transport, { close: never, subscribe: () => Promise.reject(new Error('not allowed')) });
  const { clock } = await createPair();
  const failed = expect(createBus({ agent: 'agent://a', transports: [stuck], clock })).rejects.toThrow('not allowed');
  await clock.advance(5_000);
  await failed;
});

test('verifiers that never decide have their time, and then others are verified again', async () => {
  const verify = vi.fn((): boolean | Promise<boolean> => true).mockImplementation(never);
  const skill = vi.fn();
  const { broker, clock, reviewer } = await createPair({
    echo: skill,
    server: { auth: createAuth({ verifiers: { oidc: verify } }) },
  });
  const send = (messageId: string): void =>
    inject(
      broker,
      INBOX,
      strangersRequest({ messageId, deadline: clock.now() + 30_000, auth: { kind: 'oidc', token: 't' } }),
    );
  for (let count = 0; count < 1_001; count++) send(`m${count}`);
  await settle();
  expect([verify.mock.calls.length, reviewer.health().refused]).toEqual([1_000, 1]);
  await clock.advance(10_000);
  expect(reviewer.health().refused).toBe(1_001);
  expect(clock.timers()).toBe(0);
  verify.mockImplementation(() => Promise.resolve(true));
  send('later');
  await settle();
  expect(skill).toHaveBeenCalledOnce();
});

test.each([0, -1, 1.5, 600_001])('verifiers do not have %s ms', (verifierTimeoutMs) => {
  expect(() => createAuth({ verifierTimeoutMs })).toThrow(RangeError);
});

test('a message whose deadline is far ahead is not run again while its copies may come', async () => {
  const skill = vi.fn();
  const { broker, clock } = await createPair({ echo: skill });
  const deadline = clock.now() + 3_600_000;
  const answers = listen(broker, 'agents.stranger.responses');
  const send = async (messageId: string): Promise<void> => {
    inject(broker, INBOX, strangersRequest({ messageId, deadline }));
    await settle();
  };
  await send('one');
  await clock.advance(1_200_000);
  // Others come in between: when a message comes, what is to be forgotten is forgotten.
  await send('two');
  await send('one');
  expect(skill).toHaveBeenCalledTimes(2);
  expect(answers).toHaveLength(3);
  await clock.advance(2_406_000);
  await send('one');
  expect(skill).toHaveBeenCalledTimes(2);
});

const key: HmacKey = { keyId: 'k', secret: 's3cret', agent: 'agent://stranger' };

test.each([
  { signed: null, sent: '1e400', isRun: false },
  { signed: [{ deep: null }], sent: '[{"deep":-1e999}]', isRun: false },
  { signed: null, sent: 'null', isRun: true },
  { signed: 1e300, sent: '1e300', isRun: true },
  { signed: 'null', sent: '"null"', isRun: true },
])('a signed $signed that comes as $sent is let in: $isRun', async ({ signed, sent, isRun }) => {
  const skill = vi.fn(() => null);
  const { broker, clock, reviewer } = await createPair({
    echo: skill,
    server: { auth: createAuth({ keys: [key, { ...key, keyId: 'own', agent: 'agent://pr-reviewer' }] }) },
  });
  const asked = strangersRequest({ payload: signed, deadline: clock.now() + 30_000 });
  const text = Buffer.from(encodeEnvelope(signEnvelope(decodeEnvelope(Buffer.from(JSON.stringify(asked))), key)));
  const payload = `"payload":${JSON.stringify(signed)}`;
  expect(text.toString()).toContain(payload);
  inject(broker, INBOX, Buffer.from(text.toString().replace(payload, `"payload":${sent}`)));
  await settle();
  expect(skill).toHaveBeenCalledTimes(isRun ? 1 : 0);
  expect(reviewer.health().refused).toBe(isRun ? 0 : 1);
});

test('a call that a store is asked about while the service stops is answered', async () => {
  let decide = (_: Claim): void => {};
  const duplicates: DuplicateStore = {
    claim: () =>
      new Promise<Claim>((resolve) => {
        decide = resolve;
      }),
    keep: () => {},
    release: vi.fn(),
  };
  const { echo, reviewer } = await createPair({ serve: { duplicates } });
  const outcome = echo.outcome('x');
  await settle();
  const stopped = reviewer.stop();
  await settle();
  decide('first');
  await stopped;
  expect(await outcome).toMatchObject({ status: 'busy', executed: 'no' });
  expect(duplicates.release).toHaveBeenCalledOnce();
});

test('stop() ends although a store never decides', async () => {
  const duplicates: DuplicateStore = { claim: never, keep: () => {}, release: () => {} };
  const { clock, echo, reviewer } = await createPair({ serve: { duplicates } });
  void echo.outcome('x');
  await settle();
  const stopped = reviewer.stop({ graceMs: 100 });
  await clock.advance(100);
  await stopped;
});

test('what nobody could be told is asked for again after a pause, not at once', async () => {
  const { transport, hand } = createHoldingBroker();
  const publish = (): Promise<never> => Promise.reject(new Error('down'));
  const { clock } = await createPair({ server: { transports: [faulty(transport, { publish })] } });
  const first = hand(strangersRequest(review));
  await clock.advance(499);
  expect(first.settled).toEqual([]);
  await clock.advance(1);
  expect(first.settled).toEqual(['nack']);
  const copy = hand(strangersRequest(review), { redelivered: true });
  await clock.advance(499);
  expect(copy.settled).toEqual([]);
  await clock.advance(1);
  expect(copy.settled).toEqual(['nack']);
});
