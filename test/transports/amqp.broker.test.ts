import { describe } from 'vitest';
import { amqp } from '../../runtime/transports/amqp.js';
import { rabbitmqctl } from '../brokers/amqp.js';
import type { Broker } from '../brokers/broker.js';
import { openChannel, readLetters, urlOf } from './amqp-client.js';
import { brokerModes } from './broker-modes.js';
import { createRealBroker, describeRealBroker, type OwnAbilities, type RealBrokerOptions } from './real-broker.js';

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
  ...brokerModes.amqp,
  createTransport: ({ port }) => amqp({ url: urlOf(port) }),
  abilitiesOf,
};

describeRealBroker(createRealBroker(options), 'amqp');

describe('with quorum queues', () => {
  const createTransport: RealBrokerOptions['createTransport'] = ({ port }) => amqp({ url: urlOf(port), quorum: true });
  describeRealBroker(createRealBroker({ ...options, createTransport, repetitions: 20 }), 'amqp');
});
