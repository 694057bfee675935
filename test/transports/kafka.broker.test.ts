import { connect } from 'node:net';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { DeadLetter } from '../../runtime/testing/faulty-broker.js';
import { kafka } from '../../runtime/transports/kafka.js';
import type { Broker } from '../brokers/broker.js';
import { createRealBroker, describeRealBroker, type OwnAbilities, type Way } from './real-broker.js';

const createTransport = ({ port }: Way) =>
  kafka({ brokers: [`127.0.0.1:${port}`], connectSocket: () => connect(port, '127.0.0.1') });

/** A client that is not ours. */
const createClient = ({ port }: Broker): Kafka =>
  new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING });

async function withAdmin<T>(broker: Broker, act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = createClient(broker).admin();
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.disconnect();
  }
}

let readers = 0;

/** All that a topic holds. */
async function readTopic(broker: Broker, topic: string) {
  const spans = await withAdmin(broker, async (admin) => {
    const topics = await admin.listTopics();
    return topics.includes(topic) ? admin.fetchTopicOffsets(topic) : [];
  });
  let left = spans.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const messages: { readonly value: Buffer; readonly headers: Readonly<Record<string, string>> }[] = [];
  if (left === 0) return messages;
  const consumer = createClient(broker).consumer({ groupId: `test-${process.pid}-${readers++}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message: { value, headers = {} } }) => {
        const texts = Object.entries(headers).map(([name, header]) => [name, String(header)]);
        messages.push({ value: value ?? Buffer.alloc(0), headers: Object.fromEntries(texts) });
        if (--left === 0) resolve();
      },
    });
  });
  await consumer.disconnect();
  return messages;
}

const abilitiesOf = (broker: Broker): Partial<OwnAbilities> => ({
  deleteTopic: (topic) => withAdmin(broker, (admin) => admin.deleteTopics({ topics: [topic] })),
  async deadLetters(topic): Promise<readonly DeadLetter[]> {
    const messages = await readTopic(broker, `${topic}.dlq`);
    return messages.map(({ value, headers }) => ({
      topic,
      bytes: value,
      reason: headers['declaragent-reason'] ?? '',
    }));
  },
  // Groups of those who read answers; those of others have members that live.
  leftovers: () =>
    withAdmin(broker, async (admin) => {
      const { groups } = await admin.listGroups();
      const names = groups.map(({ groupId }) => groupId).filter((name) => name.includes('.responses'));
      const { groups: known } = await admin.describeGroups(names);
      return known.filter(({ groupId, state }) => state !== 'Stable' || groupId.endsWith('.doomed')).length;
    }),
  refusedTransport: () =>
    kafka({
      brokers: [`127.0.0.1:${broker.port}`],
      sasl: { mechanism: 'plain', username: 'nobody', password: 'wrong' },
    }),
});

const realBroker = createRealBroker({
  kind: 'kafka',
  createTransport,
  ownAbilities: ['deleteTopic', 'deadLetters', 'leftovers', 'refusedTransport'],
  abilitiesOf,
  without: {
    pause: 'Kafka holds back nothing from who reads a topic; a case of its own has a request wait for its first reader',
  },
  repetitions: 20,
  slownessMs: 15_000,
});

describeRealBroker(realBroker, 'kafka');
