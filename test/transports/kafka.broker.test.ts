import { connect } from 'node:net';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createBus } from '../../runtime/bus.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { type AnyCall, defineCase } from '../../runtime/testing/conformance/stage.js';
import type { DeadLetter } from '../../runtime/testing/faulty-broker.js';
import { type KafkaConfig, kafka } from '../../runtime/transports/kafka.js';
import type { Broker } from '../brokers/broker.js';
import { makeCertificates } from '../brokers/certificates.js';
import { brokerPrograms } from '../brokers/programs.js';
import { brokerModes } from './broker-modes.js';
import { createRealBroker, describeRealBroker, type OwnAbilities, type Way } from './real-broker.js';

const createTransport = ({ port }: Way) =>
  kafka({
    brokers: [`127.0.0.1:${port}`],
    connectSocket: () => connect(port, '127.0.0.1'),
    // The least that brokers allow for: much of what follows waits for it.
    sessionTimeoutMs: 6_000,
  });

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

type AnyOutcome = Awaited<ReturnType<AnyCall['outcome']>>;

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
  ...brokerModes.kafka,
  createTransport,
  abilitiesOf,
  repetitions: 20,
  slownessMs: 10_000,
});

/** Calls go on while one receiver joins and another one dies, which goes on working for nobody. */
const changeOfHands = defineCase(
  26,
  'a third receiver joins and one dies during a thousand calls: no reply is lost, and nothing is done twice that must not be',
  { abilities: ['kill'] },
  async (stage) => {
    const runs = { read: new Map<unknown, number>(), write: new Map<unknown, number>() };
    const work = (name: keyof typeof runs) => async (input: unknown) => {
      runs[name].set(input, (runs[name].get(input) ?? 0) + 1);
      await stage.broker.pass(10);
      return input;
    };
    const startCallee = (instance: string) => stage.startCallee({ instance, read: work('read'), write: work('write') });
    await startCallee('first');
    await startCallee('second');
    const caller = await stage.startCaller();
    const calls = { read: stage.read(caller), write: stage.write(caller) };
    const outcomes: (readonly [name: keyof typeof runs, input: number, outcome: AnyOutcome])[] = [];
    let next = 0;
    let isKilled = false;
    const ask = async (): Promise<void> => {
      while (next < 1_000 || !isKilled) {
        const input = next++;
        const name = input % 2 === 0 ? 'read' : 'write';
        outcomes.push([name, input, await calls[name].outcome(input, { timeoutMs: stage.patientMs })]);
      }
    };
    const change = async (): Promise<void> => {
      while (next < 300) await stage.broker.pass(5);
      await startCallee('third');
      await stage.broker.pass(100);
      await stage.ability('kill')('first');
      isKilled = true;
    };
    await stage.within(90_000, Promise.all([change(), ...Array.from({ length: 32 }, ask)]));
    expect(outcomes.length).toBeGreaterThanOrEqual(1_000);
    expect(outcomes.filter(([name, , { status }]) => name === 'read' && status !== 'ok')).toEqual([]);
    // What the dead one had begun nobody answers, and nobody does again.
    const unanswered = outcomes.filter(([, , { status }]) => status !== 'ok');
    expect(unanswered.length).toBeLessThanOrEqual(32);
    for (const [, input, outcome] of unanswered) {
      const ran = runs.write.has(input) ? 'ran' : 'did not run';
      expect([ran, outcome.status !== 'ok' && outcome.executed]).not.toEqual(['ran', 'no']);
    }
    for (const [name, input, outcome] of outcomes)
      if (outcome.status === 'ok') expect([name, outcome.data]).toEqual([name, input]);
    expect(Math.max(...runs.write.values())).toBe(1);
  },
);

const waitingForReaders = (broker: () => Broker) =>
  defineCase(3, 'a request whose time is up before anybody reads it never runs', {}, async (stage) => {
    const caller = await stage.startCaller();
    const outcome = await stage.within(5_000, stage.write(caller).outcome('late', { timeoutMs: 500 }));
    expect(outcome.status).toBe('timeout');
    // What the broker takes in late it holds for less long.
    await stage.until(
      5_000,
      'It is in the topic',
      async () => (await readTopic(broker(), stage.requestsTopic)).length > 0,
    );
    await stage.broker.pass(600);
    const ran: unknown[] = [];
    // By its own clock all of it has time enough.
    const clock: Clock = { ...systemClock, now: () => systemClock.now() - 300_000 };
    await stage.startCallee({ clock, write: (input) => ran.push(input) });
    await stage.within(5_000, stage.write(caller)('in time'));
    expect(ran).toEqual(['in time']);
  });

const waitingForNobody = defineCase(
  5,
  'an acknowledgement waits for nothing that comes before it in its partition',
  { abilities: ['kill'] },
  async (stage) => {
    const [first, second, publisher] = [await stage.stranger(), await stage.stranger(), await stage.stranger()];
    const acknowledged: string[] = [];
    await first.connection.subscribe(stage.requestsTopic, 'requests', ({ bytes, ack }) => {
      const text = Buffer.from(bytes).toString();
      if (text !== '"runs on"') void ack().then(() => acknowledged.push(text));
    });
    for (const text of ['done', 'runs on', 'done, too']) await publisher.send(stage.requestsTopic, text);
    await stage.until(5_000, 'Two are done', () => acknowledged.length === 2);
    await stage.ability('kill')(first.instance);
    const came: unknown[] = [];
    await second.connection.subscribe(stage.requestsTopic, 'requests', ({ bytes, redelivered, ack }) => {
      came.push([Buffer.from(bytes).toString(), redelivered]);
      void ack();
    });
    await publisher.send(stage.requestsTopic, 'new');
    await stage.until(5_000, 'Two come', () => came.length === 2);
    expect(came).toEqual([
      ['"runs on"', true],
      ['"new"', false],
    ]);
  },
);

const stoppedInMidCall = defineCase(
  24,
  'what was answered while a service stopped does not come to the next one',
  {},
  async (stage) => {
    const runs: unknown[] = [];
    const read = async (input: unknown) => {
      runs.push(input);
      await stage.broker.pass(400);
      return input;
    };
    const { bus } = await stage.startCallee({ instance: 'first', read });
    const caller = await stage.startCaller();
    const call = stage.read(caller).outcome('once', { timeoutMs: stage.patientMs });
    await stage.until(5_000, 'It runs', () => runs.length === 1);
    await stage.within(10_000, bus.stop());
    expect((await call).status).toBe('ok');
    await stage.startCallee({ instance: 'second', read });
    await stage.within(10_000, stage.read(caller)('after', { timeoutMs: stage.patientMs }));
    // Not all partitions of the inbox are read at once.
    await stage.broker.pass(1_000);
    expect(runs).toEqual(['once', 'after']);
  },
);

const severalInstances = defineCase(13, 'each instance of a caller hears its own answers only', {}, async (stage) => {
  await stage.startCallee();
  const callers = [await stage.startCaller(), await stage.startCaller(), await stage.startCaller()];
  await stage.within(
    20_000,
    Promise.all(
      callers.flatMap((caller, index) =>
        Array.from({ length: 20 }, async (_, count) => {
          const input = `${index}.${count}`;
          expect(await stage.write(caller)(input, { correlationId: 'one for all' })).toBe(input);
        }),
      ),
    ),
  );
  expect(callers.map((caller) => caller.health().late)).toEqual([0, 0, 0]);
});

/** Publishes and reads as programs do that know nothing of what is special to ours. */
const strangers = (broker: () => Broker) =>
  defineCase(13, 'who sends bare bytes is answered, and whose answers are bare bytes is heard', {}, async (stage) => {
    await stage.startCallee();
    const caller = await stage.startCaller();
    const topic = 'agents.stranger.responses';
    const request = {
      ...{
        version: 1,
        kind: 'request',
        messageId: 'm',
        correlationId: 'c',
        from: 'agent://stranger',
        to: stage.callee,
      },
      ...{ capability: 'write', replyTo: `kafka://${topic}`, payload: 'bare' },
    };
    const response = {
      ...{ version: 1, kind: 'response', messageId: 'r', correlationId: 'c', causedBy: 'unknown', from: stage.callee },
      ...{ to: stage.caller, capability: 'write', payload: { ok: true, data: 1 } },
    };
    await withAdmin(broker(), (admin) => admin.createTopics({ topics: [{ topic }] }));
    const producer = createClient(broker()).producer();
    await producer.connect();
    await producer.send({ topic: stage.requestsTopic, messages: [{ value: JSON.stringify(request) }] });
    await producer.send({ topic: stage.replyTopicOf(caller), messages: [{ value: JSON.stringify(response) }] });
    await producer.disconnect();
    await stage.until(5_000, 'The answer is heard', () => caller.health().late === 1);
    let answers: Awaited<ReturnType<typeof readTopic>> = [];
    await stage.until(5_000, 'The request is answered', async () => {
      answers = await readTopic(broker(), topic);
      return answers.length > 0;
    });
    expect(answers.map(({ headers }) => headers)).toEqual([{}]);
    expect(JSON.parse(String(answers[0]?.value))).toMatchObject({ causedBy: 'm', payload: { ok: true, data: 'bare' } });
  });

const foreignTopics = (broker: () => Broker) =>
  defineCase(3, 'topics that somebody else has made otherwise will do', {}, async (stage) => {
    await withAdmin(broker(), (admin) =>
      admin.createTopics({ topics: [{ topic: stage.requestsTopic, numPartitions: 2 }] }),
    );
    const ages: unknown[] = [];
    const [reader, publisher] = [await stage.stranger(), await stage.stranger()];
    await reader.connection.subscribe(stage.requestsTopic, 'requests', ({ ageMs, ack }) => {
      ages.push(ageMs);
      void ack();
    });
    const topic = stage.requestsTopic;
    const ids = { topic, kind: 'request', messageId: 'm', correlationId: 'c' } as const;
    await publisher.connection.publish({ ...ids, bytes: Buffer.alloc(1_000_000) });
    await stage.until(5_000, 'It comes', () => ages.length === 1);
    // When its sender wrote it says nothing of how long the broker has held it.
    expect(ages).toEqual([undefined]);
    // The broker's limit is that of what comes at once, too.
    const large = () => publisher.connection.publish({ ...ids, bytes: Buffer.alloc(200_000) });
    await Promise.all(Array.from({ length: 20 }, large));
    await stage.until(5_000, 'All come', () => ages.length === 21);
    const tooLarge = publisher.connection.publish({ ...ids, bytes: Buffer.alloc(2 ** 20) });
    await expect(tooLarge).rejects.toMatchObject({ code: 'EAGENTRPC_PUBLISH_FAILED', executed: 'no' });
  });

const tooLargeToBury = (broker: () => Broker) =>
  defineCase(18, 'a request that does not fit in with its reason is buried in part, once', {}, async (stage) => {
    await stage.startCallee();
    const topic = stage.requestsTopic;
    const value = Buffer.alloc(2 * 2 ** 20 - 75, 'x');
    const producer = createClient(broker()).producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value }] });
    await producer.disconnect();
    let letters: Awaited<ReturnType<typeof readTopic>> = [];
    await stage.until(10_000, 'It is buried', async () => {
      letters = await readTopic(broker(), `${topic}.dlq`);
      return letters.length > 0;
    });
    // Were it put back, it would have come again by then.
    await stage.broker.pass(1_000);
    letters = await readTopic(broker(), `${topic}.dlq`);
    expect(letters).toHaveLength(1);
    expect(letters[0]?.value).toEqual(value.subarray(0, 1_024));
    expect(letters[0]?.headers).toEqual({
      'declaragent-reason': expect.stringMatching(/./),
      ...{ 'declaragent-topic': topic, 'declaragent-size': String(value.length) },
    });
  });

const ownCases = (broker: () => Broker) => [
  ...[changeOfHands, waitingForNobody, stoppedInMidCall, severalInstances],
  ...[waitingForReaders(broker), strangers(broker), foreignTopics(broker), tooLargeToBury(broker)],
];

describeRealBroker(realBroker, 'kafka', () => {
  for (const { fault, name, run } of ownCases(() => realBroker.broker()))
    test(`fault ${fault}: ${name}`, () => run(realBroker.harness));

  describe('a broker of its own', () => {
    let broker: Broker;
    const certificates = makeCertificates();
    const user = { name: 'concierge', password: 'not guessed' };
    const right = {
      ssl: { ca: certificates.ca },
      sasl: { mechanism: 'plain', username: user.name, password: user.password },
    } as const;
    const open = (config: Partial<KafkaConfig>) =>
      createBus({ agent: 'agent://a', transports: [kafka({ brokers: [`127.0.0.1:${broker.port}`], ...config })] });
    beforeAll(async () => {
      broker = await brokerPrograms.kafka.start({ user, certificates });
    });
    afterAll(() => broker.close());

    test('lets in who has the password and trusts its certificate', async () => {
      const bus = await open(right);
      expect(bus.health().ready).toBe(true);
      await bus.stop();
    });

    test('says in a sentence why it lets in nobody else', async () => {
      const wrong = { ...right.sasl, password: 'guessed' };
      const start = Date.now();
      await expect(open({ ...right, sasl: wrong })).rejects.toThrow(
        /^Kafka at 127\.0\.0\.1:\d+ cannot be used: .*auth.*\.$/i,
      );
      await expect(open({ ...right, ssl: true })).rejects.toThrow(/cannot be used: .*certificate.*\.$/);
      expect(Date.now() - start).toBeLessThan(5_000);
      await expect(open({ ssl: right.ssl })).rejects.toThrow(/^Kafka at .* cannot be used: [^\n]+\.$/);
      await expect(open({ sasl: right.sasl })).rejects.toThrow(/^Kafka at .* cannot be used: [^\n]+\.$/);
      await expect(open({ ...right, ssl: { ca: '/nowhere.pem' } })).rejects.toThrow(/tls\.ca names .*nowhere/);
    });
  });
});
