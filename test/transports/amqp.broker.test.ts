import { connect } from 'amqplib';
import { afterEach } from 'vitest';
import type { DeadLetter } from '../../runtime/testing/index.js';
import { amqp } from '../../runtime/transports/amqp.js';
import { rabbitmqctl } from '../brokers/amqp.js';
import type { Broker } from '../brokers/broker.js';
import { createRealBroker, describeRealBroker, type OwnAbilities, type RealBrokerOptions } from './real-broker.js';

const urlOf = (port: number): string => `amqp://127.0.0.1:${port}`;

/** What is open beside the transport, until a case has ended. */
const open = new Set<() => Promise<void>>();
afterEach(async () => {
  await Promise.all([...open].map((close) => close()));
  open.clear();
});

async function openChannel({ port }: { readonly port: number }) {
  const connection = await connect(urlOf(port));
  connection.on('error', () => {});
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const close = async (): Promise<void> => {
    open.delete(close);
    await connection.close().catch(() => {});
  };
  open.add(close);
  return { channel, close };
}

/** The dead letters of a queue, which stay there. */
async function readLetters(broker: Broker, topic: string): Promise<readonly DeadLetter[]> {
  const { channel, close } = await openChannel(broker);
  const letters: DeadLetter[] = [];
  try {
    for (;;) {
      const message = await channel.get(`${topic}.dlq`);
      if (message === false) break;
      const reason = String(message.properties.headers?.['x-declaragent-reason']);
      letters.push({ topic: `${topic}.dlq`, bytes: message.content, reason });
    }
  } catch {
    // There is no such queue yet.
  }
  await close();
  return letters;
}

function abilitiesOf(broker: Broker): OwnAbilities {
  const paused = new Map<string, () => Promise<void>>();
  return {
    /** One who is served before all others takes everything, and settles nothing. */
    async pause(topic) {
      const { channel, close } = await openChannel(broker);
      await channel.consume(topic, () => {}, { priority: 10 });
      paused.set(topic, close);
    },
    async resume(topic) {
      await paused.get(topic)?.();
    },
    async deleteTopic(topic) {
      const { channel, close } = await openChannel(broker);
      await channel.deleteQueue(topic);
      await close();
    },
    deadLetters: (topic) => readLetters(broker, topic),
    async leftovers() {
      const names = await rabbitmqctl(broker, 'list_queues', 'name');
      return names.split('\n').filter((name) => name.endsWith('.doomed')).length;
    },
    refusedTransport: () => amqp({ url: `amqp://nobody:wrong@127.0.0.1:${broker.port}` }),
  };
}

const options: RealBrokerOptions = {
  kind: 'amqp',
  createTransport: ({ port }) => amqp({ url: urlOf(port) }),
  ownAbilities: ['pause', 'resume', 'deleteTopic', 'deadLetters', 'leftovers', 'refusedTransport'],
  abilitiesOf,
};

describeRealBroker(createRealBroker(options), 'amqp');
