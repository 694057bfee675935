import { expect, test } from 'vitest';
import type { TransportKind } from '../../runtime/address.js';
import { type AgentRpcEnvelope, defaultLimits } from '../../runtime/envelope.js';
import { type ConnectedTransport, createRoutes, type Peer } from '../../runtime/routes.js';
import type { Transport } from '../../runtime/transport.js';
import { memory } from '../../runtime/transports/memory.js';
import { noWatcher } from '../support/pair.js';

async function connectTo(kind: TransportKind): Promise<ConnectedTransport> {
  const transport: Transport = { ...memory(), kind };
  const connection = await transport.connect({ agent: 'agent://me', instance: 'i' }, noWatcher);
  return { transport, connection, replyTo: `${kind}://agents.me.responses.i`, limits: defaultLimits, lost: undefined };
}

const via = await connectTo('memory');
const request: AgentRpcEnvelope = {
  version: 1,
  kind: 'request',
  messageId: 'm1',
  correlationId: 'c1',
  from: 'agent://caller',
  to: 'agent://me',
  capability: 'x',
};

function answerTopic(replyTo: string, options: { tenantId?: string; peers?: Peer[] } = {}): string | undefined {
  const envelope = { ...request, replyTo, tenantId: options.tenantId };
  return createRoutes(options.peers, [via]).answerTopic(via, envelope);
}

test('without a table any agent is reached at its default topics on the first transport', async () => {
  const routes = createRoutes(undefined, [via, await connectTo('nats')]);
  expect(routes.routeTo('agent://b')).toMatchObject({ via, topics: { requests: 'agents.b.requests' } });
});

test('a tenant has topics of its own', () => {
  expect(createRoutes(undefined, [via], 'acme').routeTo('agent://b').topics).toEqual({
    requests: 'agents.b.acme.requests',
    responses: 'agents.b.acme.responses',
    events: 'agents.b.acme.events',
  });
});

test('with a table an agent that it lacks is no peer', () => {
  const routes = createRoutes([{ agent: 'agent://b', transports: [{ kind: 'memory' }] }], [via]);
  expect(() => routes.routeTo('agent://c')).toThrow(expect.objectContaining({ code: 'EAGENTRPC_NO_PEER' }));
  expect(routes.routeTo('agent://b').via).toBe(via);
});

test('the first way that the bus has a transport for is taken, with its topics', () => {
  const peers: Peer[] = [
    { agent: 'agent://b', transports: [{ kind: 'kafka' }, { kind: 'memory', topics: { requests: 'inbox' } }] },
  ];
  expect(createRoutes(peers, [via]).routeTo('agent://b').topics.requests).toBe('inbox');
});

test('a peer that only other transports reach is an error that names both sides', () => {
  const routes = createRoutes([{ agent: 'agent://b', transports: [{ kind: 'kafka' }, { kind: 'nats' }] }], [via]);
  expect(() => routes.routeTo('agent://b')).toThrow(
    expect.objectContaining({
      code: 'EAGENTRPC_NO_TRANSPORT',
      message: 'agent://b is reached by kafka, nats, and this bus has memory.',
    }),
  );
});

test('a way may say which of several transports of a kind it takes', async () => {
  const other = await connectTo('memory');
  const peers: Peer[] = [{ agent: 'agent://b', transports: [{ kind: 'memory', via: other.transport }] }];
  expect(createRoutes(peers, [via, other]).routeTo('agent://b').via).toBe(other);
});

test("an answer goes to the reply topic of the request's own sender, or below it", () => {
  for (const topic of ['agents.caller.responses', 'agents.caller.responses.i1', 'agents.caller.responses.a.b_c-d']) {
    expect(answerTopic(`memory://${topic}`)).toBe(topic);
  }
});

test('without a replyTo the answer goes to the default topic of the sender', () => {
  expect(createRoutes(undefined, [via]).answerTopic(via, request)).toBe('agents.caller.responses');
});

test.each([
  'nats://agents.caller.responses',
  'memory://agents.other.responses',
  'memory://agents.second.responses.x',
  'memory://agents.caller.requests',
  'memory://agents.caller.responsesX',
  'memory://agents.caller.responses.',
  'memory://agents.caller.responses.*',
  'memory://agents.caller.responses.>',
  'memory://agents.caller.responses..x',
  'memory://agents.caller.responses/../x',
  'memory://$SYS.x',
  `memory://agents.caller.responses.${'a'.repeat(99)}`,
])('a replyTo of %s picks no place', (replyTo) => {
  expect(answerTopic(replyTo)).toBeUndefined();
});

test("an agent of one tenant sends a tenant's answers to the tenant's topic only", () => {
  const ask = (topic: string, tenantId?: string): string | undefined =>
    createRoutes(undefined, [via], 'acme').answerTopic(via, { ...request, replyTo: `memory://${topic}`, tenantId });
  expect(ask('agents.caller.acme.responses.i', 'acme')).toBeDefined();
  expect(ask('agents.caller.responses.i', 'acme')).toBeUndefined();
  expect(ask('agents.caller.acme.responses.i')).toBeUndefined();
});

test('an agent that serves all tenants also answers where its caller reads the answers of all of them', () => {
  expect(answerTopic('memory://agents.caller.acme.responses.i', { tenantId: 'acme' })).toBeDefined();
  expect(answerTopic('memory://agents.caller.responses.i', { tenantId: 'acme' })).toBeDefined();
  expect(answerTopic('memory://agents.caller.other.responses.i', { tenantId: 'acme' })).toBeUndefined();
  expect(answerTopic('memory://agents.caller.acme.responses.i')).toBeUndefined();
});

test('an answer may go where the peer table says that the sender listens', () => {
  const peers: Peer[] = [
    { agent: 'agent://caller', transports: [{ kind: 'memory', topics: { responses: 'replies.caller' } }] },
  ];
  expect(answerTopic('memory://replies.caller.i1', { peers })).toBe('replies.caller.i1');
  expect(answerTopic('memory://replies.caller.i1')).toBeUndefined();
});
