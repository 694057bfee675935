import { mqtt } from '../../runtime/transports/mqtt.js';
import { createRealBroker, describeRealBroker } from './real-broker.js';

const realBroker = createRealBroker({
  kind: 'mqtt',
  createTransport: ({ port }) => mqtt({ url: `mqtt://127.0.0.1:${port}` }),
});

describeRealBroker(realBroker, 'mqtt');
