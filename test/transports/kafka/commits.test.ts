import { expect, test } from 'vitest';
import type { Committed } from '../../../runtime/transports/kafka/client.js';
import { createCommits } from '../../../runtime/transports/kafka/commits.js';

/** Commits of partition 0, whose offset counts up, to a broker that answers when it is told to. */
function start() {
  const sent: (readonly Committed[])[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const owned = new Map([[0, 'once']]);
  let offset = 0;
  const commits = createCommits({
    tenureOf: (partition) => owned.get(partition),
    stateOf: (partition) => (owned.has(partition) ? { partition, offset: ++offset, metadata: '' } : undefined),
    send(states) {
      sent.push(states);
      return new Promise((resolve, reject) => {
        answers.push((error) => (error === undefined ? resolve() : reject(error)));
      });
    },
  });
  return { commits, sent, owned, answer: (error?: Error) => answers.shift()?.(error) };
}

test('what is settled while a commit is on its way goes with the next, all at once', async () => {
  const { commits, sent, answer } = start();
  const first = [commits.commit(0), commits.commit(0)];
  await expect.poll(() => sent.length).toBe(1);
  const second = [commits.commit(0), commits.commit(0), commits.commit(0)];
  answer();
  await Promise.all(first);
  await expect.poll(() => sent.length).toBe(2);
  answer();
  await Promise.all(second);
  await commits.idle();
  expect(sent.map(([state]) => state?.offset)).toHaveLength(2);
  commits.close();
});

test('a commit that fails is sent again, as things are then', async () => {
  const { commits, sent, answer } = start();
  const committed = commits.commit(0);
  await expect.poll(() => sent.length).toBe(1);
  answer(new Error('no'));
  await expect.poll(() => sent.length).toBe(2);
  answer();
  await committed;
  expect(sent[1]?.[0]?.offset).toBeGreaterThan(sent[0]?.[0]?.offset ?? 0);
  commits.close();
});

test('who waits for the commit of a partition that is taken away is told so, unless the broker has it', async () => {
  const { commits, sent, owned, answer } = start();
  const onItsWay = commits.commit(0);
  await expect.poll(() => sent.length).toBe(1);
  const waiting = commits.commit(0);
  owned.delete(0);
  commits.drop(0);
  await expect(waiting).rejects.toThrow('another');
  answer();
  await onItsWay;
  await expect(commits.commit(0)).rejects.toThrow('another');
  commits.close();
});

test('a commit that fails for a partition that was taken away meanwhile is not sent again', async () => {
  const { commits, sent, owned, answer } = start();
  const committed = commits.commit(0);
  await expect.poll(() => sent.length).toBe(1);
  owned.delete(0);
  commits.drop(0);
  answer(new Error('fenced'));
  await expect(committed).rejects.toThrow('another');
  await commits.idle();
  expect(sent).toHaveLength(1);
  commits.close();
});

test('a commit that fails is not taken for one of the same partition after it was away', async () => {
  const { commits, sent, owned, answer } = start();
  const before = commits.commit(0);
  await expect.poll(() => sent.length).toBe(1);
  commits.drop(0);
  owned.set(0, 'again');
  const after = commits.commit(0);
  answer(new Error('fenced'));
  await expect(before).rejects.toThrow('another');
  await expect.poll(() => sent.length).toBe(2);
  answer();
  await after;
  commits.close();
});

test('nothing is sent while the group is shared out, and all of it afterwards', async () => {
  const { commits, sent, answer } = start();
  commits.hold();
  const committed = commits.commit(0);
  commits.commitSoon(0);
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(sent).toEqual([]);
  commits.resume();
  await expect.poll(() => sent.length).toBe(1);
  answer();
  await committed;
  commits.close();
});

test('what nobody waits for is sent with what somebody waits for, or soon', async () => {
  const { commits, sent, answer } = start();
  commits.commitSoon(0);
  const committed = commits.commit(0);
  await expect.poll(() => sent.length).toBe(1);
  answer();
  await committed;
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(sent).toHaveLength(1);
  commits.commitSoon(0);
  await expect.poll(() => sent.length).toBe(2);
  answer();
  await commits.idle();
  commits.close();
});
