import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import {
  asksTheSame,
  createDuplicates,
  type DuplicatesOptions,
  type Earlier,
  expiryOf,
  keyOf,
} from '../../runtime/duplicates.js';
import { decodeEnvelope } from '../../runtime/envelope.js';
import { createManualClock } from '../support/manual-clock.js';
import { strangersRequest } from '../support/pair.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const request = bytesOf('request');

function createStore(options: DuplicatesOptions = {}) {
  const clock = createManualClock();
  const store = createDuplicates({ clock, ...options });
  const claim = (key: string, lifeMs = 60_000) => store.claim(key, request, clock.now() + lifeMs);
  const responseTo = (key: string) => (claim(key) as Earlier).response;
  return { clock, store, claim, responseTo };
}

test('of two who claim a message one is first, and the other waits for what the first is answered with', async () => {
  const { store, claim, responseTo } = createStore();
  expect(claim('m')).toBe('first');
  const waiting = [responseTo('m'), responseTo('m')];
  store.keep('m', bytesOf('réponse'));
  expect(await Promise.all(waiting)).toEqual([bytesOf('réponse'), bytesOf('réponse')]);
});

test('later copies get the same bytes, and those of the request to compare', () => {
  const { store, claim } = createStore();
  claim('m');
  store.keep('m', bytesOf('answer ✓'));
  expect(claim('m')).toEqual({ request, response: bytesOf('answer ✓') });
});

test('what is kept is a copy: the buffers of a broker are used again', () => {
  const { store, clock, responseTo } = createStore();
  const [asked, answered] = [bytesOf('asked'), bytesOf('answered')];
  store.claim('m', asked, clock.now() + 1_000);
  store.keep('m', answered);
  asked.fill(0);
  answered.fill(0);
  expect(responseTo('m')).toEqual(bytesOf('answered'));
});

test('a message that was released is first again, and its copies are told', async () => {
  const { store, claim, responseTo } = createStore();
  claim('m');
  const waiting = responseTo('m');
  store.release('m');
  expect(await waiting).toBe('released');
  expect(claim('m')).toBe('first');
});

test('a message is remembered until its time is up, and forgotten soon after', async () => {
  const { clock, store, claim } = createStore();
  claim('m', 1_000);
  store.keep('m', bytesOf('answer'));
  await clock.advance(1_000);
  expect(claim('m')).not.toBe('first');
  await clock.advance(600);
  expect(claim('m')).toBe('first');
});

test('a message that was released and claimed again lives as long as it was claimed for last', async () => {
  const { clock, store, claim } = createStore();
  claim('m', 1_000);
  claim('other', 1_000);
  store.release('m');
  claim('m', 60_000);
  await clock.advance(10_000);
  expect(claim('other')).toBe('first');
  expect(claim('m')).not.toBe('first');
});

test('who waits for a message that is forgotten while it runs is told that its answer is lost', async () => {
  const { clock, claim, responseTo } = createStore();
  claim('m', 1_000);
  const waiting = responseTo('m');
  await clock.advance(2_000);
  claim('other');
  expect(await waiting).toBe('lost');
});

test('a full table refuses the newcomer and forgets nobody', async () => {
  const { clock, store, claim } = createStore({ maxEntries: 2 });
  claim('m1', 1_000);
  claim('m2', 5_000);
  store.keep('m1', bytesOf('answer'));
  expect(claim('m3')).toBe('full');
  expect(claim('m1')).toMatchObject({ response: bytesOf('answer') });
  await clock.advance(2_000);
  expect(claim('m3')).toBe('first');
  expect(claim('m4')).toBe('full');
  expect(claim('m2')).not.toBe('first');
});

test('a hundred thousand messages are remembered, and no more', () => {
  const { claim } = createStore();
  for (let count = 0; count < 100_000; count++) claim(`m${count}`);
  expect(claim('one more')).toBe('full');
  expect(claim('m0')).not.toBe('first');
});

test('over the limit of bytes the oldest answers are lost, and their messages are not forgotten', () => {
  const { store, claim } = createStore({ maxBytes: 1_000 });
  const large = Buffer.alloc(90, 'x');
  for (let count = 0; count < 20; count++) {
    claim(`m${count}`);
    store.keep(`m${count}`, large);
  }
  const responses = Array.from({ length: 20 }, (_, count) => (claim(`m${count}`) as Earlier).response);
  expect(responses[0]).toBe('lost');
  expect(responses[19]).toEqual(large);
  const kept = responses.filter((response) => response !== 'lost').length;
  expect(kept).toBeGreaterThan(6);
  expect(kept * (large.length + request.length)).toBeLessThanOrEqual(1_000);
});

test('an answer larger than all the room is lost, and takes none from others', () => {
  const { store, claim, responseTo } = createStore({ maxBytes: 100 });
  claim('small');
  store.keep('small', bytesOf('answer'));
  claim('large');
  store.keep('large', new Uint8Array(200));
  expect(responseTo('large')).toBe('lost');
});

test('no timer is set, whatever is remembered', () => {
  const { clock, store, claim } = createStore();
  claim('m');
  store.keep('m', bytesOf('answer'));
  expect(clock.timers()).toBe(0);
});

const envelopeOf = (members: Record<string, unknown> = {}) =>
  decodeEnvelope(Buffer.from(JSON.stringify(strangersRequest(members))));

test('tenant, sender and id tell messages apart, and no two of those that differ are taken for one', () => {
  const keys = [
    {},
    { messageId: 'm2' },
    { from: 'agent://other' },
    { tenantId: 'acme' },
    { messageId: ' agent://stranger m1' },
    { messageId: 'acme agent://stranger m1' },
  ].map((members) => keyOf(envelopeOf(members)));
  expect(new Set(keys).size).toBe(keys.length);
});

test.each([
  [{ payload: 'other' }, false],
  [{ capability: 'review-pr' }, false],
  [{ kind: 'event', replyTo: undefined }, false],
  [{ payload: undefined }, false],
  [{ deadline: 1, headers: { 'x-declaragent-ttl-ms': '5' }, replyTo: 'memory://agents.stranger.responses.i' }, true],
])('a message that differs by %j asks for the same: %s', (members, expected) => {
  expect(asksTheSame(Buffer.from(JSON.stringify(strangersRequest())), envelopeOf(members))).toBe(expected);
});

test('a message is remembered until its deadline and the tolerance of clocks, or for 15 minutes', () => {
  const now = 1_000_000_000;
  const expiry = (members: Record<string, unknown>, leftMs: number) =>
    expiryOf(envelopeOf(members), now, leftMs, 5_000) - now;
  expect(expiry({ deadline: now + 30_000 }, 30_000)).toBe(35_000);
  // A clock that is behind: its time to live tells what is left.
  expect(expiry({ deadline: now - 300_000 }, 30_000)).toBe(35_000);
  expect(expiry({ deadline: now + 330_000 }, 30_000)).toBe(335_000);
  expect(expiry({ deadline: now + 10 ** 12 }, 30_000)).toBe(10 ** 12 + 5_000);
  expect(expiry({}, 30_000)).toBe(900_000);
});

test('what is refused as soon as it is claimed leaves nothing, however much of it there is', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { store, claim } = createStore();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 200_000; count++) {
    const key = `agent://stranger ${count}`;
    claim(key);
    store.release(key);
  }
  collect();
  // Their keys alone would be ten million bytes.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(3_000_000);
  expect(claim('m')).toBe('first');
});
