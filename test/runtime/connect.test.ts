import { expect, test } from 'vitest';
import { createCall } from '../../runtime/client.js';
import { type BusConfig, connect, type TransportLoaders } from '../../runtime/connect.js';
import { EnvironmentError } from '../../runtime/environment.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import type { Transport, TransportConfig } from '../../runtime/transport.js';
import { createMemoryBroker, type MemoryConfig, memory } from '../../runtime/transports/memory.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

/** Loads a memory transport of its own for each kind named, and notes the settings that each was made with. */
function createLoaders(...kinds: ('memory' | 'kafka' | 'nats')[]) {
  const made: TransportConfig[] = [];
  const load =
    async () =>
    (config: TransportConfig): Transport => {
      made.push(config);
      return { ...memory({ broker: createMemoryBroker(), topics: config.topics ?? {} }), kind: config.kind };
    };
  const loaders: TransportLoaders = Object.fromEntries(kinds.map((kind) => [kind, load]));
  return { loaders, made };
}

const concierge: BusConfig = {
  agent: 'agent://concierge',
  transports: [{ kind: 'memory' }],
  peers: [{ agent: 'agent://pr-reviewer', transports: [{ kind: 'memory' }] }],
};

test('what generated code holds makes two agents meet', async () => {
  const loaders: TransportLoaders = { memory: async () => memory };
  const topics = { requests: 'agents.pr-reviewer.requests', responses: 'agents.pr-reviewer.responses' };
  const reviewer = await connect(
    { agent: 'agent://pr-reviewer', transports: [{ kind: 'memory', topics }], peers: [] },
    loaders,
  );
  await serve(reviewer, reviewerContract, [implement(reviewCapability, () => {}), implement(echoCapability, (x) => x)]);
  const bus = await connect(concierge, loaders);
  await expect(createCall(bus, reviewerContract, echoCapability)('hi')).resolves.toBe('hi');
  await bus.stop();
  await reviewer.stop();
});

test('a factory gets the settings of the YAML file, with its variables in place', async () => {
  const { loaders, made } = createLoaders('kafka');
  const transports: TransportConfig[] = [
    { kind: 'kafka', brokers: ['${env:BROKERS}'], topics: { requests: 'in' }, ssl: true },
  ];
  await connect({ agent: 'agent://a', transports }, loaders, { env: { BROKERS: 'a:1,b:2' } });
  expect(made).toEqual([{ kind: 'kafka', brokers: ['a:1', 'b:2'], topics: { requests: 'in' }, ssl: true }]);
});

test('the first transport that can be loaded serves, and the variables of the others are not asked for', async () => {
  const { loaders, made } = createLoaders('memory', 'nats');
  const transports: TransportConfig[] = [
    { kind: 'kafka', brokers: ['${env:NOT_SET}'] },
    { kind: 'nats' },
    { kind: 'memory', x: '${env:NOT_SET}' },
  ];
  await connect({ agent: 'agent://a', transports }, loaders, { env: {} });
  expect(made.map(({ kind }) => kind)).toEqual(['nats']);
});

test('when no transport can be used, one sentence says why of each', async () => {
  const loaders: TransportLoaders = {
    nats: () => Promise.reject(new Error("Cannot find package '@nats-io/transport-node'\nstack")),
  };
  const config: BusConfig = { agent: 'agent://a', transports: [{ kind: 'kafka' }, { kind: 'nats' }] };
  await expect(connect(config, loaders)).rejects.toMatchObject({
    code: 'EAGENTRPC_NO_TRANSPORT',
    executed: 'no',
    message:
      'None of the transports of agent://a can be used here: kafka (this version of @declaragent/runtime has no ' +
      "such transport), nats (its module cannot be loaded: Cannot find package '@nats-io/transport-node'). " +
      'Add one that can, such as memory.',
  });
});

test('a peer that cannot be reached is found at the start', async () => {
  const peers = [{ agent: 'agent://far' as const, transports: [{ kind: 'kafka' as const }] }];
  const { loaders } = createLoaders('memory');
  await expect(connect({ ...concierge, peers }, loaders)).rejects.toThrow(
    /^None of the transports of agent:\/\/far can/,
  );
});

test('a missing variable is named with its place', async () => {
  const { loaders } = createLoaders('kafka');
  const config: BusConfig = {
    agent: 'agent://a',
    transports: [{ kind: 'kafka', brokers: ['${env:KAFKA_BROKERS}'] }],
    places: { '/transports/0/brokers/0': 'capabilities.yaml:9:15' },
  };
  const connecting = connect(config, loaders, { env: {} });
  await expect(connecting).rejects.toBeInstanceOf(EnvironmentError);
  await expect(connecting).rejects.toThrow(
    /^capabilities\.yaml:9:15: The environment variable KAFKA_BROKERS is not set or is empty;/,
  );
});

test("a peer's missing variable is named with the place in the peer's own file", async () => {
  const { loaders } = createLoaders('memory', 'kafka');
  const config: BusConfig = {
    agent: 'agent://a',
    transports: [],
    peers: [{ agent: 'agent://b', transports: [{ kind: 'kafka', brokers: ['${env:X}'] }] }],
    places: { '/peers/0/transports/0/brokers/0': 'rpc-peers.yaml:5:17' },
  };
  await expect(connect(config, loaders, { env: {} })).rejects.toThrow(/^rpc-peers\.yaml:5:17: /);
});

test('peers with the same settings share a connection, whatever their topics, which no transport is made with', async () => {
  const { loaders, made } = createLoaders('kafka');
  const kafka = (broker: string, requests: string): TransportConfig => ({
    kind: 'kafka',
    brokers: [broker],
    topics: { requests },
  });
  const bus = await connect(
    {
      agent: 'agent://a',
      transports: [kafka('${env:MAIN}', 'a')],
      peers: [
        { agent: 'agent://b', transports: [kafka('main:1', 'b')] },
        { agent: 'agent://c', transports: [kafka('other:1', 'c')] },
        { agent: 'agent://d', transports: [kafka('other:1', 'd')] },
      ],
    },
    loaders,
    { env: { MAIN: 'main:1' } },
  );
  expect(made).toEqual([
    { kind: 'kafka', brokers: ['main:1'], topics: { requests: 'a' } },
    { kind: 'kafka', brokers: ['other:1'] },
  ]);
  await bus.stop();
});

test('an agent that serves nothing is connected by its peers', async () => {
  const { loaders } = createLoaders('memory');
  const bus = await connect({ ...concierge, transports: [] }, loaders);
  expect(bus.health()).toMatchObject({ connected: true, ready: true });
});

test('without peers in the configuration any agent may be called; with an empty table none', async () => {
  const { loaders } = createLoaders('memory');
  const open = await connect({ agent: 'agent://a', transports: [{ kind: 'memory' }] }, loaders);
  const closed = await connect({ agent: 'agent://b', transports: [{ kind: 'memory' }], peers: [] }, loaders);
  const codes = [open, closed].map(async (bus) => {
    const outcome = await createCall(bus, reviewerContract, echoCapability).outcome(1);
    return outcome.status === 'ok' || outcome.error.code;
  });
  expect(await Promise.all(codes)).toEqual(['EAGENTRPC_NO_RESPONDER', 'EAGENTRPC_NO_PEER']);
});

test('a factory may say exactly which settings it takes', () => {
  const factory = (config: MemoryConfig): Transport => memory(config);
  const loaders: TransportLoaders = { memory: async () => factory };
  expect(Object.keys(loaders)).toEqual(['memory']);
});

test.each([
  ['no transport of its own', []],
  ['a transport of its own that names no topics', [{ kind: 'memory' as const }]],
])("an agent with %s is answered at its own topic, not at its peer's", async (_, transports) => {
  const broker = createMemoryBroker();
  const loaders: TransportLoaders = { memory: async () => (config: MemoryConfig) => memory({ ...config, broker }) };
  const served: TransportConfig = { kind: 'memory', topics: { requests: 'reviews', responses: 'reviewer.replies' } };
  const reviewer = await connect({ agent: reviewerContract.agent, transports: [served], peers: [] }, loaders);
  await serve(reviewer, reviewerContract, [implement(reviewCapability, () => {}), implement(echoCapability, (x) => x)]);
  const peers = [{ agent: reviewerContract.agent, transports: [served] }];
  const bus = await connect({ agent: 'agent://concierge', transports, peers }, loaders);
  const outcome = await createCall(bus, reviewerContract, echoCapability).outcome('hi', { timeoutMs: 1000 });
  expect(outcome).toMatchObject({ status: 'ok', data: 'hi' });
  await bus.stop();
  await reviewer.stop();
});
