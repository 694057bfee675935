import { connect } from 'node:net';
import { kafka } from '../../runtime/transports/kafka.js';
import { createRealBroker, describeRealBroker, type Way } from './real-broker.js';

const createTransport = ({ port }: Way) =>
  kafka({ brokers: [`127.0.0.1:${port}`], connectSocket: () => connect(port, '127.0.0.1') });

const realBroker = createRealBroker({
  kind: 'kafka',
  createTransport,
  repetitions: 20,
  slownessMs: 15_000,
});

describeRealBroker(realBroker, 'kafka');
