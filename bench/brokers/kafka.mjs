/** kafkajs by hand, with the settings that the transport has: acks -1 for requests and 1 for answers, fetches that wait 100 ms at most. */
import { connect } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';

const REQUESTS = 'bench-raw-requests';

function open({ brokers }) {
  const socketFactory = ({ host, port, onConnect }) => {
    const socket = connect({ host, port }, onConnect);
    socket.setNoDelay(true);
    return socket;
  };
  return new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.NOTHING, socketFactory });
}

async function makeTopic(kafka, topic, numPartitions) {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  await admin.disconnect();
}

/** A topic that was just made may have no leader yet, whatever the broker has said. */
async function whenLed(ask, attempts = 50) {
  try {
    return await ask();
  } catch (error) {
    if (attempts === 0) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return whenLed(ask, attempts - 1);
  }
}

/** Reads from the end; resolves when it does. */
async function read(kafka, topic, groupId, take, commits) {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await whenLed(() => admin.fetchTopicOffsets(topic));
  await admin.disconnect();
  const consumer = kafka.consumer({
    groupId,
    maxWaitTimeInMs: 100,
    minBytes: 1,
    sessionTimeout: 10_000,
    heartbeatInterval: 1_000,
  });
  await consumer.connect();
  await consumer.subscribe({ topic });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    autoCommit: commits,
    autoCommitInterval: 1_000,
    eachBatch: async ({ batch, resolveOffset }) => {
      for (const message of batch.messages) {
        take(message);
        resolveOffset(message.offset);
      }
    },
  });
  await joined;
  for (const { partition, offset } of ends) consumer.seek({ topic, partition, offset });
}

export async function serve(config) {
  const kafka = open(config);
  await makeTopic(kafka, REQUESTS, 6);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await read(
    kafka,
    REQUESTS,
    'bench-responders',
    ({ key, value, headers }) => {
      const answer = { key, value: JSON.stringify(JSON.parse(value.toString())) };
      void producer.send({ topic: headers.replyTo.toString(), acks: 1, messages: [answer] });
    },
    true,
  );
}

export async function openCall(config) {
  const kafka = open(config);
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const replyTo = `bench-raw-replies-${process.pid}`;
  await makeTopic(kafka, replyTo, 1);
  const pending = new Map();
  await read(
    kafka,
    replyTo,
    `bench-caller-${process.pid}`,
    ({ key, value }) => {
      const id = key.toString();
      pending.get(id)?.(JSON.parse(value.toString()));
      pending.delete(id);
    },
    false,
  );
  let next = 0;
  return (payload) =>
    new Promise((resolve, reject) => {
      const key = String(next++);
      pending.set(key, resolve);
      const request = { key, value: JSON.stringify(payload), headers: { replyTo } };
      producer.send({ topic: REQUESTS, acks: -1, messages: [request] }).catch(reject);
    });
}
