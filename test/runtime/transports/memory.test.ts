import { expect, test } from 'vitest';
import type { Delivery, OutgoingMessage } from '../../../runtime/transport.js';
import { createMemoryBroker, memory } from '../../../runtime/transports/memory.js';
import { settle } from '../../support/manual-clock.js';
import { noWatcher } from '../../support/pair.js';

function messageOf(text: string, members: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { topic: 't', kind: 'request', bytes: Buffer.from(text), messageId: 'm', correlationId: 'c', ...members };
}

function createReader(): { readonly read: string[]; readonly deliver: (delivery: Delivery) => void } {
  const read: string[] = [];
  return { read, deliver: ({ bytes }) => read.push(Buffer.from(bytes).toString()) };
}

test('nothing is delivered before the publisher lets go, and all of it in order after', async () => {
  const broker = createMemoryBroker();
  const { read, deliver } = createReader();
  broker.subscribe('t', 'requests', deliver);
  for (const text of ['1', '2', '3']) broker.publish(messageOf(text));
  expect(read).toEqual([]);
  await settle();
  expect(read).toEqual(['1', '2', '3']);
});

test('a subscriber that publishes to itself is not entered again', async () => {
  const broker = createMemoryBroker();
  const log: string[] = [];
  broker.subscribe('t', 'requests', ({ bytes }) => {
    const count = Number(Buffer.from(bytes).toString());
    log.push(`enter ${count}`);
    if (count < 3) broker.publish(messageOf(String(count + 1)));
    log.push(`leave ${count}`);
  });
  broker.publish(messageOf('1'));
  await settle();
  expect(log).toEqual(['enter 1', 'leave 1', 'enter 2', 'leave 2', 'enter 3', 'leave 3']);
});

test('subscribers of one topic share its messages', async () => {
  const broker = createMemoryBroker();
  const readers = [createReader(), createReader(), createReader()];
  for (const { deliver } of readers) broker.subscribe('t', 'requests', deliver);
  for (let count = 0; count < 9; count++) broker.publish(messageOf(String(count)));
  await settle();
  expect(readers.map(({ read }) => read.length)).toEqual([3, 3, 3]);
});

test('what is delivered is a copy', async () => {
  const broker = createMemoryBroker();
  const { read, deliver } = createReader();
  broker.subscribe('t', 'requests', deliver);
  const message = messageOf('good');
  broker.publish(message);
  message.bytes.fill(0);
  await settle();
  expect(read).toEqual(['good']);
});

test('a request that nobody listens for is refused at once, and an answer is dropped', () => {
  const broker = createMemoryBroker();
  expect(() => broker.publish(messageOf('x'))).toThrow(expect.objectContaining({ code: 'EAGENTRPC_NO_RESPONDER' }));
  expect(() => broker.publish(messageOf('x', { kind: 'event' }))).toThrow('Nobody listens on t.');
  expect(() => broker.publish(messageOf('x', { kind: 'response' }))).not.toThrow();
});

test('a queue that is full refuses the newcomer and keeps what it has', async () => {
  const broker = createMemoryBroker({ capacity: 2 });
  const { read, deliver } = createReader();
  broker.subscribe('t', 'requests', deliver);
  broker.publish(messageOf('1'));
  broker.publish(messageOf('2'));
  expect(() => broker.publish(messageOf('3'))).toThrow(expect.objectContaining({ code: 'EAGENTRPC_BUSY' }));
  await settle();
  broker.publish(messageOf('4'));
  await settle();
  expect(read).toEqual(['1', '2', '4']);
});

test('a subscription delivers what it has taken before it is closed', async () => {
  const broker = createMemoryBroker();
  const { read, deliver } = createReader();
  const subscription = broker.subscribe('t', 'requests', deliver);
  broker.publish(messageOf('1'));
  broker.publish(messageOf('2'));
  const closed = subscription.close();
  expect(() => broker.publish(messageOf('3'))).toThrow('Nobody listens');
  await closed;
  expect(read).toEqual(['1', '2']);
});

test('one place for answers has one reader', () => {
  const broker = createMemoryBroker();
  broker.subscribe('t', 'responses', () => {});
  expect(() => broker.subscribe('t', 'responses', () => {})).toThrow(/instance name of its own/);
});

test('a subscription that is gone leaves its topic free', async () => {
  const broker = createMemoryBroker();
  await broker.subscribe('t', 'responses', () => {}).close();
  expect(() => broker.subscribe('t', 'responses', () => {})).not.toThrow();
});

test('transports made without a broker share one, and a broker of its own is apart', async () => {
  const owner = { agent: 'agent://a', instance: 'i' } as const;
  const [first, second, apart] = await Promise.all(
    [memory(), memory({ topics: {} }), memory({ broker: createMemoryBroker() })].map((made) =>
      made.connect(owner, noWatcher),
    ),
  );
  const { read, deliver } = createReader();
  const subscription = await first?.subscribe('shared', 'requests', deliver);
  await second?.publish(messageOf('x', { topic: 'shared' }));
  await expect(apart?.publish(messageOf('y', { topic: 'shared' }))).rejects.toThrow('Nobody listens');
  await settle();
  expect(read).toEqual(['x']);
  await subscription?.close();
});

test('a closed connection publishes nothing and has let go of its subscriptions', async () => {
  const broker = createMemoryBroker();
  const connection = await memory({ broker }).connect({ agent: 'agent://a', instance: 'i' }, noWatcher);
  await connection.subscribe('t', 'requests', () => {});
  await connection.close();
  expect(() => broker.publish(messageOf('x'))).toThrow('Nobody listens');
  await expect(connection.publish(messageOf('x'))).rejects.toMatchObject({
    code: 'EAGENTRPC_PUBLISH_FAILED',
    executed: 'no',
  });
});
