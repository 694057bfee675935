import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../runtime/transport.js';
import { kafka } from '../../runtime/transports/kafka.js';
import type { Broker } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { describeWithBroker } from './real-broker.js';

const MIB = 2 ** 20;

describeWithBroker('kafka', () => {
  let broker: Broker;
  const closings: (() => Promise<unknown>)[] = [];
  beforeAll(async () => {
    broker = await brokerPrograms.kafka.start();
  }, 120_000);
  afterEach(async () => {
    for (const close of closings.splice(0).reverse()) await close();
  });
  afterAll(() => broker.close());

  const createClient = () => new Kafka({ brokers: [`127.0.0.1:${broker.port}`], logLevel: logLevel.NOTHING });

  /** Reads an inbox, and acknowledges what comes. */
  const read = async (instance: string, topic: string) => {
    const came: string[] = [];
    const transport = kafka({ brokers: [`127.0.0.1:${broker.port}`], partitions: 2, sessionTimeoutMs: 6_000 });
    const watcher = { lost: () => void came.push('lost'), restored: () => {} };
    const connection: Connection = await transport.connect({ agent: 'agent://a', instance }, watcher);
    closings.push(connection.close);
    await connection.subscribe(topic, 'requests', ({ bytes, ack }) => {
      came.push(Buffer.from(bytes).toString());
      void ack();
    });
    return { came, connection };
  };

  const send = async (topic: string, messages: Message[], compression = CompressionTypes.None) => {
    const producer = createClient().producer();
    await producer.connect();
    try {
      await producer.send({ topic, messages: messages.map((one) => ({ partition: 0, ...one })), compression });
    } finally {
      await producer.disconnect();
    }
  };

  let groups = 0;
  /** What is on a topic, read by a client that is not ours, in the same process. */
  const listen = async (topic: string) => {
    const found: { readonly bytes: number; readonly headers: Readonly<Record<string, string>> }[] = [];
    const consumer = createClient().consumer({ groupId: `test-${groups++}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    closings.push(() => consumer.disconnect());
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ message: { value, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, header]) => [name, String(header)]);
        found.push({ bytes: value?.length ?? 0, headers: Object.fromEntries(texts) });
      },
    });
    return found;
  };

  const until = async (what: string, condition: () => boolean) => {
    const end = Date.now() + 15_000;
    while (!condition()) {
      if (Date.now() > end) throw new Error(`${what}: not within 15 s.`);
      await sleep(20);
    }
  };

  const lettersOf = async (topic: string) => {
    const letters = `${topic}.dlq`;
    const admin = createClient().admin();
    await admin.connect();
    closings.push(() => admin.disconnect());
    let topics: string[] = [];
    for (let tries = 0; tries < 300 && !topics.includes(letters); tries++) {
      topics = await admin.listTopics();
      await sleep(50);
    }
    return listen(letters);
  };

  test('what is compressed by gzip is read as anything else', async () => {
    const { came } = await read('one', 'plain');
    await send('plain', [{ value: 'first' }, { value: 'second' }], CompressionTypes.GZIP);
    await until('Both come', () => came.length === 2);
    expect(came).toEqual(['first', 'second']);
  });

  test('a batch that inflates to hundreds of times its size is buried unread, once, and what stands around it is read', async () => {
    const topic = 'bomb';
    const { came, connection } = await read('one', topic);
    await connection.close();
    closings.pop();
    await send(topic, [{ value: 'before' }]);
    await send(topic, [{ value: Buffer.alloc(64 * MIB) }, { value: 'x' }], CompressionTypes.GZIP);
    await send(topic, [{ value: 'after' }], CompressionTypes.GZIP);
    await send(topic, [{ value: 'elsewhere', partition: 1 }]);
    expect(came).toEqual([]);

    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const meter = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 1);
    const second = await read('two', topic);
    await until('Three come', () => second.came.length === 3);
    clearInterval(meter);
    expect(second.came.toSorted()).toEqual(['after', 'before', 'elsewhere']);
    expect(most).toBeLessThan(40 * MIB);
    const letters = await lettersOf(topic);
    await until('It is buried', () => letters.length > 0);
    expect(letters[0]?.headers).toEqual({
      'declaragent-reason': 'A batch is not read: it inflates to more than 8388608 bytes.',
      'declaragent-topic': topic,
    });
    expect(letters[0]?.bytes).toBeGreaterThan(10_000);

    await second.connection.close();
    const third = await read('three', topic);
    await send(topic, [{ value: 'new' }]);
    await until('The new one comes', () => third.came.length === 1);
    await sleep(500);
    expect(third.came).toEqual(['new']);
    expect(letters).toHaveLength(1);
  });

  test('a batch of very many records, and one that the client cannot inflate, are buried in the same way', async () => {
    const topic = 'odd';
    const { came } = await read('one', topic);
    await send(
      topic,
      Array.from({ length: 20_000 }, () => ({ value: '' })),
      CompressionTypes.GZIP,
    );
    const snappy = CompressionCodecs[CompressionTypes.Snappy];
    // One literal, as a batch of less than 60 bytes may be.
    const compress = async ({ buffer }: { readonly buffer: Buffer }) =>
      Buffer.concat([Buffer.from([buffer.length, (buffer.length - 1) << 2]), buffer]);
    CompressionCodecs[CompressionTypes.Snappy] = () => ({ compress });
    await send(topic, [{ value: 'snappy' }], CompressionTypes.Snappy);
    CompressionCodecs[CompressionTypes.Snappy] = snappy;
    await send(topic, [{ value: 'after' }]);
    await until('What follows comes', () => came.length > 0);
    expect(came).toEqual(['after']);
    const letters = await lettersOf(topic);
    await until('Both are buried', () => letters.length === 2);
    expect(letters.map(({ headers }) => headers['declaragent-reason']).toSorted()).toEqual([
      'A batch is not read: 20000 records are in it, and 16384 are the most.',
      'A batch is not read: it is compressed by snappy, which is not read here.',
    ]);
  });

  test('a dead letter that its topic refuses is told of, and kept as soon as the topic takes it', async () => {
    const topic = 'refusing';
    const letters = `${topic}.dlq`;
    const admin = createClient().admin();
    await admin.connect();
    closings.push(() => admin.disconnect());
    const setLimit = (value: string) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          { type: ConfigResourceTypes.TOPIC, name: letters, configEntries: [{ name: 'max.message.bytes', value }] },
        ],
      });
    await admin.createTopics({ topics: [{ topic: letters }] });
    await setLimit('10');
    const { connection } = await read('one', 'unused');
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => void warnings.push(message);
    process.on('warning', onWarning);
    closings.push(async () => process.off('warning', onWarning));
    await connection.subscribe(topic, 'requests', ({ reject }) => void reject('It is no envelope.').catch(() => {}));
    await send(topic, [{ value: 'no envelope' }]);
    await until('It is told', () => warnings.length > 0);
    expect(warnings[0]).toMatch(
      /^A message that was refused is not kept on refusing\.dlq: .* It is tried again in 10 s\. It was refused: It is no envelope\.$/,
    );
    await setLimit('10000');
    const found = await listen(letters);
    await until('It is kept', () => found.length === 1);
  });

  test('many batches that are large together are read one after another', async () => {
    const topic = 'many';
    const { connection } = await read('one', topic);
    await connection.close();
    closings.pop();
    for (let index = 0; index < 12; index++) {
      const padding = Buffer.alloc(4 * MIB, 'x').toString();
      await send(topic, [{ value: `${index} ${padding}` }], CompressionTypes.GZIP);
    }
    const { came } = await read('two', topic);
    await until('All come', () => came.length === 12);
    expect(came.map((text) => text.slice(0, text.indexOf(' ')))).toEqual(
      Array.from({ length: 12 }, (_, at) => `${at}`),
    );
  });

  test('a batch that is not read does no harm among answers, whoever of an agent reads them', async () => {
    const topic = 'answers';
    const listening = ['one', 'two'].map(async (instance) => {
      const { connection, came } = await read(instance, `${topic}-${instance}`);
      const heard: string[] = [];
      await connection.subscribe(topic, 'responses', ({ bytes }) => void heard.push(Buffer.from(bytes).toString()));
      return { heard, came };
    });
    const readers = await Promise.all(listening);
    for (const number of [1, 2, 3]) {
      await send(topic, [{ value: Buffer.alloc(16 * MIB) }], CompressionTypes.GZIP);
      await send(topic, [{ value: `${number}` }]);
    }
    await until('The answers are heard', () => readers.every(({ heard }) => heard.length === 3));
    for (const { heard, came } of readers) expect([heard, came]).toEqual([['1', '2', '3'], []]);
  });

  test('to a client of another topic in the process the limit is none', async () => {
    await read('one', 'other');
    const admin = createClient().admin();
    await admin.connect();
    closings.push(() => admin.disconnect());
    await admin.createTopics({
      topics: [{ topic: 'foreign', configEntries: [{ name: 'max.message.bytes', value: '2097152' }] }],
    });
    const found = await listen('foreign');
    await send('foreign', [{ value: Buffer.alloc(16 * MIB) }], CompressionTypes.GZIP);
    await until('It is read', () => found.length === 1);
    expect(found.map(({ bytes }) => bytes)).toEqual([16 * MIB]);
  });
});
