import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { amqp as program, rabbitmqctl } from '../brokers/amqp.js';
import type { Broker } from '../brokers/broker.js';
import { openChannel, readLetters, retag, takeNext } from './amqp-client.js';
import { createAmqpStage } from './amqp-stage.js';
import { describeWithBroker } from './real-broker.js';

describeWithBroker('amqp', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await program.start();
  }, 120_000);
  afterAll(() => broker?.close());
  const { createAgents, startBus, serveOn, callOn, connectTo, messageTo } = createAmqpStage(() => broker);

  test('what is published has its ids, its time to live and its kind in native properties too', async () => {
    const { channel } = await openChannel(broker);
    const queue = 'seen-from-outside';
    await channel.assertQueue(queue);
    const connection = await connectTo(broker.port);
    const bytes = Buffer.from('{"as":"it is"}');
    await connection.publish(messageTo(queue, { bytes, messageId: 'm1', correlationId: 'c1', ttlMs: 59_999.5 }));
    const message = await takeNext(channel, queue);
    expect(message.content.equals(bytes)).toBe(true);
    expect(message.properties).toMatchObject({
      ...{ messageId: 'm1', correlationId: 'c1', expiration: '60000', type: 'request' },
      ...{ contentType: 'application/json', deliveryMode: 2 },
    });
  });

  test('an id that is too long for a native property stands in the envelope alone', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('long-ids');
    const connection = await connectTo(broker.port);
    await connection.publish(messageTo('long-ids', { correlationId: '\u20ac'.repeat(128) }));
    const message = await takeNext(channel, 'long-ids');
    expect(message.properties.correlationId).toBeUndefined();
    expect(message.properties.messageId).toBe('m');
  });

  test('a request that some other client publishes, without any native property, is answered', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    const replies: unknown[] = [];
    await channel.assertQueue('agents.by-hand.responses', { autoDelete: true });
    await channel.consume('agents.by-hand.responses', (message) => {
      replies.push(JSON.parse(String(message?.content)));
    });
    const request = {
      ...{ version: 1, kind: 'request', messageId: 'h1', correlationId: 'hand', from: 'agent://by-hand', to: callee },
      ...{ capability: 'read', replyTo: 'amqp://agents.by-hand.responses', payload: 'hello' },
    };
    channel.publish('', queue, Buffer.from(JSON.stringify(request)));
    await expect.poll(() => replies).toMatchObject([{ causedBy: 'h1', payload: { ok: true, data: 'hello' } }]);
  });

  /** Arrays in arrays, as the bytes of the outermost one. */
  const nest = (levels: number): Buffer => {
    const bytes = Buffer.alloc(5 * levels, 'A');
    for (let level = 0; level < levels; level++) bytes.writeUInt32BE(5 * (levels - level - 1), 5 * level + 1);
    return bytes;
  };
  const undecodable = [
    { what: 'a tag that the driver does not know', value: { '!': 'long', value: 1 }, from: 'l', to: 'L' },
    { what: 'arrays nested 12,000 deep', value: nest(12_000), from: 'x', to: 'A' },
  ];

  test.each(undecodable)('a message with $what in a header costs its reader nothing', async ({ value, from, to }) => {
    const { callee, caller, queue } = createAgents();
    const events: string[] = [];
    const on = { lost: () => events.push('lost'), restored: () => events.push('restored') };
    const came: string[] = [];
    const replies = 'agents.poisoned.responses.only';
    const reader = await connectTo(broker.port, on);
    await reader.subscribe(replies, 'responses', ({ bytes }) => came.push(String(bytes)));
    const bus = await startBus(callee);
    await serveOn(bus);
    const { channel } = await openChannel(broker);
    retag(channel, from, to);
    const headers = { a: value };
    channel.publish('', queue, Buffer.from('poison'), { headers, messageId: 'gone' });
    channel.publish('', replies, Buffer.from('poison'), { headers });
    channel.publish('', replies, Buffer.alloc(0), { headers });
    channel.publish('', replies, Buffer.alloc(200_000, 'x'), { headers });
    channel.publish('', replies, Buffer.from('after'));
    await expect.poll(() => came).toEqual(['poison', '', 'x'.repeat(200_000), 'after']);
    await expect.poll(async () => (await readLetters(broker, queue)).length).toBe(1);
    expect((await readLetters(broker, queue))[0]?.reason).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
    const request = {
      ...{ version: 1, kind: 'request', messageId: 'p1', correlationId: 'hand', from: 'agent://poisoned', to: callee },
      ...{ capability: 'read', replyTo: `amqp://${replies}`, payload: 'good all the same' },
    };
    channel.publish('', queue, Buffer.from(JSON.stringify(request)), { headers });
    await expect.poll(() => came[4]).toContain('"data":"good all the same"');
    expect(await callOn(await startBus(caller), callee)('another')).toBe('another');
    expect(events).toEqual([]);
    expect(bus.health().connected).toBe(true);
  });

  test('a dead letter has the reason in a header, and what it had', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    channel.publish('', queue, Buffer.from('no envelope'), { messageId: 'x1', contentType: 'text/plain' });
    await expect.poll(async () => (await channel.checkQueue(`${queue}.dlq`)).messageCount).toBe(1);
    const letter = await takeNext(channel, `${queue}.dlq`);
    expect(String(letter.content)).toBe('no envelope');
    expect(letter.properties).toMatchObject({ messageId: 'x1', contentType: 'text/plain', deliveryMode: 2 });
    expect(letter.properties.headers?.['x-declaragent-reason']).toMatch(/^EAGENTRPC_INVALID_ENVELOPE: /);
  });

  test('a quorum queue counts, and the one that has had enough is kept with that reason', async () => {
    const queue = 'agents.counted.requests';
    const config = { quorum: true, maxDeliveries: 2 };
    let deliveries = 0;
    await (await connectTo(broker.port, {}, config)).subscribe(queue, 'requests', ({ nack }) => {
      deliveries++;
      void nack();
    });
    await (await connectTo(broker.port)).publish(messageTo(queue));
    await expect.poll(async () => (await readLetters(broker, queue)).length, { timeout: 5_000 }).toBe(1);
    expect(deliveries).toBe(2);
    expect((await readLetters(broker, queue))[0]?.reason).toBe('It was handed out 2 times and never settled.');
  });

  test('what another version of the broker counts counts too', async () => {
    const { callee, queue } = createAgents();
    await serveOn(await startBus(callee));
    const { channel } = await openChannel(broker);
    channel.publish('', queue, Buffer.from('{}'), { headers: { 'x-acquired-count': 5 } });
    await expect.poll(async () => (await readLetters(broker, queue)).length, { timeout: 5_000 }).toBe(1);
    expect((await readLetters(broker, queue))[0]?.reason).toBe('It was handed out 5 times and never settled.');
  });

  test('a queue that is full answers busy', async () => {
    const queue = 'full-queue';
    await rabbitmqctl(broker, 'set_policy', 'full', '^full-', '{"max-length":1,"overflow":"reject-publish"}');
    const { channel } = await openChannel(broker);
    await channel.assertQueue(queue);
    const connection = await connectTo(broker.port);
    await connection.publish(messageTo(queue));
    const refusal = await connection.publish(messageTo(queue)).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'EAGENTRPC_BUSY', executed: 'no', details: { retryAfterMs: 100 } });
  });

  test('a broker that is short of memory answers busy, and is not lost', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('in-need');
    let isLost = false;
    const connection = await connectTo(broker.port, { lost: () => (isLost = true) });
    await rabbitmqctl(broker, 'set_vm_memory_high_watermark', 'absolute', '1MB');
    // The broker tells a connection that it is blocked when that publishes.
    const first = connection.publish(messageTo('in-need'));
    const tryAgain = () => connection.publish(messageTo('in-need')).then(String, (error) => error.code);
    await expect.poll(() => Promise.race([tryAgain(), sleep(100)]), { timeout: 10_000 }).toBe('EAGENTRPC_BUSY');
    const late = await connectTo(broker.port);
    await expect(late.publish(messageTo('in-need'))).rejects.toMatchObject({ code: 'EAGENTRPC_BUSY' });
    await rabbitmqctl(broker, 'set_vm_memory_high_watermark', '0.9');
    await first;
    await expect.poll(() => connection.publish(messageTo('in-need')).then(() => 'taken', String)).toBe('taken');
    expect(isLost).toBe(false);
  });

  test('a message that is too large for the broker costs its sender no other', async () => {
    const { channel } = await openChannel(broker);
    await channel.assertQueue('small');
    await rabbitmqctl(broker, 'eval', 'application:set_env(rabbit, max_message_size, 1000).');
    let isLost = false;
    const connection = await connectTo(broker.port, { lost: () => (isLost = true) });
    const large = connection.publish(messageTo('small', { bytes: Buffer.alloc(1_001) }));
    await expect(large).rejects.toMatchObject({
      ...{ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'maybe' },
      message: expect.stringMatching(/larger than configured max size 1000/),
    });
    await rabbitmqctl(broker, 'eval', 'application:set_env(rabbit, max_message_size, 134217728).');
    await expect.poll(() => connection.publish(messageTo('small')).then(() => 'taken', String)).toBe('taken');
    expect(isLost).toBe(false);
  });

  test('a queue that is there with other arguments is said in one sentence', async () => {
    const { callee, queue } = createAgents();
    const { channel } = await openChannel(broker);
    await channel.assertQueue(queue, { arguments: { 'x-max-length': 5 } });
    const bus = await startBus(callee);
    await expect(serveOn(bus)).rejects.toThrow(
      `The queue ${queue} is there already, with another x-max-length than it is declared with; ` +
        'delete it, or set quorum as it was, and limit it by a policy rather than by arguments.',
    );
    expect(bus.health().connected).toBe(true);
  });
});
