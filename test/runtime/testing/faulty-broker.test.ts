import { expect, test } from 'vitest';
import { createFaultyBroker, createVirtualClock, type FaultyBrokerOptions } from '../../../runtime/testing/index.js';
import type { Delivery, SubscribeOptions } from '../../../runtime/transport.js';

const HOLDING = { holdsRequests: true, deadLetters: true } as const;

/** A broker with a publisher, and a reader that keeps what comes. */
async function createBroker(options: FaultyBrokerOptions = {}, subscribe?: SubscribeOptions) {
  const clock = createVirtualClock(0);
  const broker = createFaultyBroker({ ...options, clock });
  const heard: string[] = [];
  const connect = (instance: string) =>
    broker
      .transport()
      .connect(
        { agent: 'agent://a', instance },
        { lost: () => heard.push(`${instance} lost`), restored: () => heard.push(`${instance} restored`) },
      );
  const [publisher, reader] = [await connect('publisher'), await connect('reader')];
  const came: Delivery[] = [];
  const subscription = await reader.subscribe('t', 'requests', (delivery) => came.push(delivery), subscribe);
  const publish = (text: string) =>
    publisher.publish({ topic: 't', kind: 'request', bytes: Buffer.from(text), messageId: text, correlationId: 'c' });
  return {
    ...{ clock, broker, heard, connect, reader, came, subscription, publish },
    texts: () => came.map(({ bytes }) => Buffer.from(bytes).toString()),
  };
}

test('with no faults it is a broker like any other', async () => {
  const { publish, texts, clock } = await createBroker({ latencyMs: [2, 5] });
  for (const text of ['1', '2', '3']) void publish(text);
  expect(texts()).toEqual([]);
  await clock.advance(20);
  expect(texts()).toEqual(['1', '2', '3']);
});

test('the same seed makes the same faults', async () => {
  const run = async (seed: number) => {
    const rates = { drop: 0.2, duplicate: 0.3, reorder: 0.5 };
    const { publish, texts, clock } = await createBroker({ seed, rates, latencyMs: [1, 9] });
    for (let count = 0; count < 50; count++) void publish(String(count));
    await clock.advance(1_000);
    return texts();
  };
  const texts = await run(1);
  expect(await run(1)).toEqual(texts);
  expect(await run(2)).not.toEqual(texts);
  expect(new Set(texts).size).toBeLessThan(50);
  expect(texts.length).toBeGreaterThan(new Set(texts).size);
  expect(texts).not.toEqual([...texts].sort((one, other) => Number(one) - Number(other)));
});

test('a publish is refused before it has left, or cut when it may have arrived', async () => {
  const { publish, texts, broker, clock } = await createBroker();
  broker.rates.refuse = 1;
  await expect(publish('refused')).rejects.toMatchObject({ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' });
  broker.calm();
  broker.rates.cut = 1;
  const cuts = Array.from({ length: 40 }, (_, index) => publish(String(index)));
  for (const cut of cuts) await expect(cut).rejects.toMatchObject({ executed: 'maybe' });
  expect(texts().length).toBeGreaterThan(5);
  expect(texts().length).toBeLessThan(35);
  broker.calm();
  broker.rates.hang = 1;
  let isSettled = false;
  void publish('hanging').finally(() => {
    isSettled = true;
  });
  await clock.advance(1_000_000);
  expect(isSettled).toBe(false);
});

test('what is held is handed out up to the prefetch, and again when it comes back', async () => {
  const { publish, came, texts, broker, clock } = await createBroker({ flags: HOLDING }, { prefetch: 2 });
  for (const text of ['1', '2', '3']) void publish(text);
  await clock.advance(0);
  expect(texts()).toEqual(['1', '2']);
  await came[1]?.ack();
  await clock.advance(0);
  expect(texts()).toEqual(['1', '2', '3']);
  await came[0]?.nack();
  await clock.advance(0);
  expect(came.map(({ redelivered }) => redelivered)).toEqual([false, false, false, true]);
  expect(texts()[3]).toBe('1');
  await came[0]?.ack();
  expect(broker.counts().unsettled).toBe(2);
  await Promise.all([came[2]?.ack(), came[3]?.ack()]);
  expect(broker.counts()).toMatchObject({ waiting: 0, unsettled: 0 });
});

test('what a dead reader had goes to another, marked as redelivered', async () => {
  const { publish, broker, clock, connect } = await createBroker({ flags: HOLDING });
  await publish('1');
  const second: Delivery[] = [];
  await (await connect('second')).subscribe('t', 'requests', (delivery) => second.push(delivery));
  broker.kill('reader');
  await clock.advance(0);
  expect(second.map(({ redelivered }) => redelivered)).toEqual([true]);
});

test('what nobody can handle is kept, with the reason', async () => {
  const { publish, came, broker, clock } = await createBroker({ flags: HOLDING, maxDeliveries: 3 });
  await publish('poison');
  for (let count = 0; count < 3; count++) {
    await came.at(-1)?.nack();
    await clock.advance(0);
  }
  expect(came).toHaveLength(3);
  await publish('odd');
  await came.at(-1)?.reject('It is odd.');
  expect(broker.deadLetters.map(({ bytes, reason }) => [Buffer.from(bytes).toString(), reason])).toEqual([
    ['poison', 'It was delivered 3 times.'],
    ['odd', 'It is odd.'],
  ]);
});

test('an acknowledgement that gets lost is not confirmed, and the message comes again', async () => {
  const { publish, came, broker, clock } = await createBroker({ flags: HOLDING, redeliverAfterMs: 50 });
  broker.rates.loseAck = 1;
  await publish('1');
  await expect(came[0]?.ack()).rejects.toThrow('was not confirmed');
  broker.calm();
  await clock.advance(50);
  expect(came[1]?.redelivered).toBe(true);
  broker.rates.loseAckConfirmation = 1;
  await expect(came[1]?.ack()).rejects.toThrow('was not confirmed');
  await clock.advance(1_000);
  expect(came).toHaveLength(2);
});

test('a connection that is cut fails what is on its way, and comes back with its subscriptions', async () => {
  const { publish, texts, broker, clock, heard } = await createBroker({ latencyMs: [5, 5] });
  const cut = publish('cut').catch((error: unknown) => error);
  broker.disconnect('publisher');
  expect(await cut).toMatchObject({ executed: 'maybe' });
  await expect(publish('while away')).rejects.toMatchObject({ executed: 'no' });
  broker.reconnect('publisher');
  broker.stop();
  broker.restart();
  void publish('back');
  await clock.advance(20);
  expect(texts()).toEqual(['back']);
  expect(heard).toEqual([
    ...['publisher lost', 'publisher restored'],
    ...['publisher lost', 'reader lost', 'publisher restored', 'reader restored'],
  ]);
});

test('a partition holds what is sent until it heals', async () => {
  const { publish, texts, broker, clock } = await createBroker();
  broker.partition('reader');
  await publish('1');
  await clock.advance(1_000);
  expect(texts()).toEqual([]);
  broker.heal('reader');
  expect(texts()).toEqual(['1']);
});

test('a subscription that is closed delivers what is on its way, and nothing after', async () => {
  const { publish, texts, subscription, clock, broker } = await createBroker({ latencyMs: [3, 3] });
  void publish('1');
  await clock.advance(4);
  const closed = subscription.close();
  void publish('2').catch(() => {});
  await clock.advance(20);
  await closed;
  expect(texts()).toEqual(['1']);
  expect(broker.counts().subscriptions).toBe(0);
});

test('it tells the age of what waited, on its own clock', async () => {
  const { publish, came, broker, clock } = await createBroker();
  broker.pause('t');
  await publish('1');
  await clock.advance(700);
  broker.resume('t');
  await clock.advance(0);
  expect(came[0]?.ageMs).toBe(700);
});
