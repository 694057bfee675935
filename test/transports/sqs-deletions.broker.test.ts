import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Connection, Delivery } from '../../runtime/transport.js';
import type { Broker } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createTransport } from '../brokers/transports.js';
import { describeWithBroker } from './real-broker.js';

/** Passes requests on to SQS, sees what is deleted, and holds that back when it is told to. */
async function createGate(brokerPort: number) {
  const deletions: { readonly queue: string; readonly count: number }[] = [];
  let opening = Promise.resolve();
  let open = (): void => {};
  const server = createServer(async (incoming, outgoing) => {
    const { headers, url } = incoming;
    const body = await buffer(incoming);
    if (String(headers['x-amz-target']).endsWith('.DeleteMessageBatch')) {
      const { QueueUrl, Entries } = JSON.parse(body.toString());
      deletions.push({ queue: QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1), count: Entries.length });
      await opening;
    }
    const onward = request({ host: '127.0.0.1', port: brokerPort, method: 'POST', path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    outgoing.on('close', () => onward.destroy());
    onward.on('error', () => outgoing.destroy());
    onward.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    deletedFrom: (queue: string) => deletions.filter((one) => one.queue === queue).map(({ count }) => count),
    hold() {
      opening = new Promise((resolve) => {
        open = resolve;
      });
    },
    release: () => open(),
    close() {
      open();
      server.closeAllConnections();
      server.close();
    },
  };
}

describeWithBroker('sqs', () => {
  let broker: Broker;
  let gate: Awaited<ReturnType<typeof createGate>>;
  let connection: Connection | undefined;
  let agents = 0;

  beforeAll(async () => {
    broker = await brokerPrograms.sqs.start();
    gate = await createGate(broker.port);
  }, 120_000);
  afterEach(async () => {
    gate.release();
    await connection?.close();
  });
  afterAll(async () => {
    gate.close();
    await broker.close();
  });

  /** An agent that has been sent so many requests, and gets its own answers. */
  const start = async (sent: number, prefetch: number, settings: Readonly<Record<string, unknown>> = {}) => {
    const id = `callee-${agents++}`;
    const opened = await (await createTransport('sqs', gate.port, settings)).connect(
      { agent: `agent://${id}`, instance: 'one' },
      { lost: () => {}, restored: () => {} },
    );
    connection = opened;
    const deliveries: Delivery[] = [];
    const topic = `agents.${id}.requests`;
    const answers = `agents.${id}.responses.one`;
    await opened.subscribe(answers, 'responses', () => {});
    await opened.subscribe(topic, 'requests', (delivery) => deliveries.push(delivery), { prefetch });
    const message = { bytes: Buffer.from('{}'), messageId: 'm', correlationId: 'c' };
    for (let index = 0; index < sent; index++) {
      await opened.publish({ ...message, messageId: `m${index}`, topic, kind: 'request' });
    }
    const answer = (inReplyTo: Delivery): Promise<void> =>
      opened.publish({ ...message, topic: answers, kind: 'response', inReplyTo });
    return {
      ...{ opened, deliveries, answer },
      deletedRequests: () => gate.deletedFrom(`${topic.replaceAll('.', '_')}${settings['fifo'] ? '.fifo' : ''}`),
      deletedAnswers: () => gate.deletedFrom(answers.replaceAll('.', '_')),
    };
  };

  test('requests that are answered are deleted together, and so are answers', async () => {
    const { deliveries, answer, deletedRequests, deletedAnswers } = await start(10, 64);
    await expect.poll(() => deliveries.length).toBe(10);
    await Promise.all(deliveries.map(answer));
    await Promise.all(deliveries.map(({ ack }) => ack()));
    expect(deletedRequests()).toEqual([10]);
    const total = (): number => deletedAnswers().reduce((sum, count) => sum + count, 0);
    await expect.poll(total).toBe(10);
    expect(deletedAnswers().length).toBeLessThan(10);
  });

  test('one that is answered alone is deleted soon', async () => {
    const { deliveries, answer, deletedRequests } = await start(1, 64);
    await expect.poll(() => deliveries.length).toBe(1);
    for (const delivery of deliveries) {
      await answer(delivery);
      await delivery.ack();
    }
    expect(deletedRequests()).toEqual([1]);
  });

  test('requests that are yet to run are deleted at once, each alone', async () => {
    const { deliveries, deletedRequests } = await start(3, 64);
    await expect.poll(() => deliveries.length).toBe(3);
    for (const { ack } of deliveries) await ack();
    expect(deletedRequests()).toEqual([1, 1, 1]);
  });

  test('those of FIFO queues are, whether or not they are answered', async () => {
    const { deliveries, answer, deletedRequests } = await start(3, 64, { fifo: true });
    await expect.poll(() => deliveries.length).toBe(3);
    for (const delivery of deliveries) {
      await answer(delivery);
      await delivery.ack();
    }
    expect(deletedRequests()).toEqual([1, 1, 1]);
  });

  test('what waits to be deleted when the connection is closed is deleted', async () => {
    const { opened, deliveries, answer, deletedRequests } = await start(3, 64);
    await expect.poll(() => deliveries.length).toBe(3);
    await Promise.all(deliveries.map(answer));
    const acknowledged = Promise.all(deliveries.map(({ ack }) => ack()));
    await opened.close();
    await acknowledged;
    expect(deletedRequests()).toEqual([3]);
  });

  test('what is settled as soon as it comes leaves nobody waiting for room', async () => {
    const { opened, deliveries, answer } = await start(0, 10);
    const topic = 'agents.eager.requests';
    const taken: Delivery[] = [];
    const settled: Promise<void>[] = [];
    await opened.subscribe(
      topic,
      'requests',
      (delivery) => {
        taken.push(delivery);
        settled.push(answer(delivery), delivery.ack());
      },
      { prefetch: 10 },
    );
    const message = { bytes: Buffer.from('{}'), messageId: 'm', correlationId: 'c', topic, kind: 'request' } as const;
    for (let round = 1; round <= 3; round++) {
      await Promise.all(Array.from({ length: 20 }, () => opened.publish(message)));
      await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(20 * round);
    }
    await Promise.all(settled);
    expect(deliveries).toEqual([]);
  });

  test('no more than ten that are answered wait to be deleted besides what is not', async () => {
    const { deliveries, answer } = await start(30, 1);
    gate.hold();
    for (let count = 1; count <= 11; count++) {
      await expect.poll(() => deliveries.length).toBe(count);
      const delivery = deliveries[count - 1] as Delivery;
      await answer(delivery);
      delivery.ack().catch(() => {});
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(deliveries).toHaveLength(11);
    gate.release();
    await expect.poll(() => deliveries.length).toBe(12);
  });

  test('what is answered takes no place while it waits to be deleted, and what is yet to run does', async () => {
    const { deliveries, answer } = await start(3, 1);
    gate.hold();
    await expect.poll(() => deliveries.length).toBe(1);
    const [first] = deliveries as [Delivery];
    await answer(first);
    const acknowledged = first.ack();
    await expect.poll(() => deliveries.length).toBe(2);
    const running = deliveries[1]?.ack();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(deliveries).toHaveLength(2);
    gate.release();
    await Promise.all([acknowledged, running]);
    await expect.poll(() => deliveries.length).toBe(3);
  });
});
