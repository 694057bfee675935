import { expect, test, vi } from 'vitest';
import { createVirtualClock, settle } from '../../../runtime/testing/virtual-clock.js';
import { createLanes } from '../../../runtime/transports/sqs/lanes.js';

const PATIENCE_MS = 200;

interface StageOptions {
  readonly flights?: number;
  readonly mostBytes?: number;
  readonly isPatient?: boolean;
}

/** Lanes whose requests, of three items at most, are answered when the test says so. */
function createStage({ flights = 1, mostBytes = 100, isPatient = false }: StageOptions = {}) {
  const clock = createVirtualClock();
  const sent: (readonly string[])[] = [];
  const answers: (() => void)[] = [];
  const lanes = createLanes<string>({
    ...{ most: 3, flights, mostBytes, bytesOf: (item) => item.length },
    ...(isPatient && { patience: { clock, ms: PATIENCE_MS } }),
    async send(_, items) {
      sent.push(items);
      await new Promise<void>((resolve) => answers.push(resolve));
      return items.map((item) => (item === 'bad' ? new Error('refused') : undefined));
    },
  });
  return {
    ...{ clock, lanes, sent },
    add: (...items: string[]) => Promise.allSettled(items.map((item) => lanes.add('lane', item))),
    /** Answers what was asked first. */
    async answer() {
      answers.shift()?.();
      await settle();
    },
  };
}

test('what comes in one turn goes together, and what comes while that is under way goes with the next, as many as fit', async () => {
  const { sent, add, answer } = createStage();
  const all = [add('a', 'b')];
  await settle();
  expect(sent).toEqual([['a', 'b']]);
  all.push(add('c', 'd'));
  await settle();
  all.push(add('e', 'f'));
  await settle();
  expect(sent).toHaveLength(1);
  await answer();
  expect(sent[1]).toEqual(['c', 'd', 'e']);
  await answer();
  expect(sent[2]).toEqual(['f']);
  await answer();
  await Promise.all(all);
});

test('what comes while there are flights left goes at once', async () => {
  const { sent, add } = createStage({ flights: 2 });
  void add('a');
  await settle();
  void add('b');
  await settle();
  expect(sent).toEqual([['a'], ['b']]);
});

test('no more bytes go together than fit, and one item at least', async () => {
  const { sent, add, answer } = createStage({ mostBytes: 4 });
  const all = add('too large', 'ab', 'cd', 'e');
  await settle();
  for (let flight = 0; flight < 3; flight++) await answer();
  await all;
  expect(sent).toEqual([['too large'], ['ab', 'cd'], ['e']]);
});

test('lanes do not wait for each other, and items fail one by one', async () => {
  const { lanes, sent, add, answer } = createStage();
  const all = add('good', 'bad');
  const other = lanes.add('other', 'x');
  await settle();
  expect(sent).toEqual([['good', 'bad'], ['x']]);
  await answer();
  await answer();
  expect(await all).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { message: 'refused' } }]);
  await other;
});

test('with patience, what comes waits for company until its time is up', async () => {
  const { clock, sent, add } = createStage({ flights: 2, isPatient: true });
  void add('a');
  await clock.advance(PATIENCE_MS / 2);
  void add('b');
  await clock.advance(PATIENCE_MS / 2 - 1);
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toEqual([['a', 'b']]);
  expect(clock.timers()).toBe(0);
});

test('with patience, what fills a request goes at once, and the rest has all its time', async () => {
  const { clock, sent, add } = createStage({ flights: 2, isPatient: true });
  void add('a', 'b', 'c', 'd');
  await settle();
  expect(sent).toEqual([['a', 'b', 'c']]);
  await clock.advance(PATIENCE_MS);
  expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
});

test('with patience, the end of a flight sends nothing before its time', async () => {
  const { clock, sent, add, answer } = createStage({ flights: 2, isPatient: true });
  void add('a', 'b', 'c', 'd');
  await settle();
  await answer();
  expect(sent).toEqual([['a', 'b', 'c']]);
  await clock.advance(PATIENCE_MS);
  expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
});

test('when they are closed, what waits goes at once, as much as may be under way, and what comes then is refused', async () => {
  const { clock, lanes, sent, add, answer } = createStage({ flights: 1, isPatient: true });
  const added = add('a', 'b', 'c', 'd');
  await settle();
  const isClosed = vi.fn();
  void lanes.close().then(isClosed);
  const [late] = await add('late');
  expect(late).toMatchObject({ status: 'rejected', reason: { message: 'The SQS connection is closed.' } });
  expect(clock.timers()).toBe(0);
  expect(sent).toEqual([['a', 'b', 'c']]);
  await answer();
  expect(sent).toEqual([['a', 'b', 'c'], ['d']]);
  expect(isClosed).not.toHaveBeenCalled();
  await answer();
  expect(isClosed).toHaveBeenCalledOnce();
  expect((await added).map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
});

test('closing ends although what is sent fails, and at once where there is nothing', async () => {
  const { lanes, sent, add, answer } = createStage({ isPatient: true });
  const added = add('bad');
  const closed = lanes.close();
  expect(sent).toEqual([['bad']]);
  await settle();
  await answer();
  await closed;
  expect(await added).toMatchObject([{ status: 'rejected' }]);
  await createStage().lanes.close();
});
