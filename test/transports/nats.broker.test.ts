import { nats } from '../../runtime/transports/nats.js';
import { createRealBroker, describeRealBroker } from './real-broker.js';

const serverAt = (port: number): { readonly servers: readonly string[] } => ({ servers: [`127.0.0.1:${port}`] });

const core = createRealBroker({
  kind: 'nats',
  createTransport: ({ port }) => nats(serverAt(port)),
});

describeRealBroker(core, 'nats');
