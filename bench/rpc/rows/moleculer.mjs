/** Moleculer: a call within one node, which hands the object over, and between two nodes whose packets meet in memory. */
import { ServiceBroker } from 'moleculer';
import { CATEGORIES, SEVERITIES } from '../contract.mjs';

const finding = {
  $$type: 'object',
  $$strict: true,
  file: { type: 'string', min: 1, max: 200 },
  line: { type: 'number', integer: true, min: 1 },
  severity: { type: 'enum', values: SEVERITIES },
  rule: { type: 'string', max: 60 },
  message: { type: 'string', max: 400 },
};

const params = {
  $$strict: true,
  number: { type: 'number', integer: true, min: 0 },
  repository: { type: 'string', pattern: '^[a-z0-9-]+/[a-z0-9-]+$', max: 100 },
  category: { type: 'enum', values: CATEGORIES },
  draft: 'boolean',
  confidence: { type: 'number', min: 0, max: 1 },
  labels: { type: 'array', items: { type: 'string', max: 40 }, max: 20 },
  findings: { type: 'array', items: finding, max: 50 },
};

const service = { name: 'bench', actions: { reviewChange: { params, handler: ({ params: input }) => input } } };

async function open(nodes) {
  const options = { logger: false, ...(nodes.length > 1 && { transporter: 'Fake', serializer: 'JSON' }) };
  const brokers = nodes.map((nodeID) => new ServiceBroker({ ...options, nodeID }));
  brokers[0].createService(service);
  await Promise.all(brokers.map((broker) => broker.start()));
  const calling = brokers.at(-1);
  await calling.waitForServices('bench');
  return {
    call: (input) => calling.call('bench.reviewChange', input),
    close: () => Promise.all(brokers.map((broker) => broker.stop())),
  };
}

export const rows = [
  {
    id: 'moleculerLocal',
    name: 'Moleculer, local call',
    notes: 'nothing is serialised',
    serialises: false,
    validates: 1,
    open: () => open(['one']),
  },
  {
    id: 'moleculerNodes',
    name: 'Moleculer, two nodes in memory',
    notes: 'bytes; the input alone is checked',
    serialises: true,
    validates: 1,
    open: () => open(['served', 'calling']),
  },
];
