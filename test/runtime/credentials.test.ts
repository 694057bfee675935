import { afterEach, expect, test } from 'vitest';
import type { HmacKey } from '../../runtime/auth.js';
import type { Bus } from '../../runtime/bus.js';
import { createCall } from '../../runtime/client.js';
import { type BusConfig, type ConnectOptions, connect, type PeerConfig } from '../../runtime/connect.js';
import type { AuthConfig } from '../../runtime/credentials.js';
import { serve } from '../../runtime/server.js';
import { implement } from '../../runtime/skill.js';
import { createMemoryBroker, type MemoryBroker, type MemoryConfig, memory } from '../../runtime/transports/memory.js';
import { createManualClock } from '../support/manual-clock.js';
import { inject, listen, strangersRequest } from '../support/pair.js';
import { echoCapability, reviewCapability, reviewerContract } from '../support/reviewer.js';

const CONCIERGE = 'agent://concierge';
const REVIEWER = 'agent://pr-reviewer';
const env = { CONCIERGE_SECRET: 's3cret of the concierge', REVIEWER_SECRET: 's3cret of the reviewer', SHARED: 'both' };

const hmac = (keyId: string, variable: string): AuthConfig => ({
  kind: 'hmac',
  keyId,
  secret: `\${env:${variable}}`,
});
const concierges = hmac('c1', 'CONCIERGE_SECRET');
const reviewers = hmac('r1', 'REVIEWER_SECRET');

const buses: Bus[] = [];
afterEach(async () => {
  for (const bus of buses.splice(0)) await bus.stop();
});

function configOf(
  agent: BusConfig['agent'],
  peer: PeerConfig['agent'],
  own?: AuthConfig,
  theirs?: AuthConfig,
): BusConfig {
  const transports = [{ kind: 'memory' as const }];
  const peers = [{ agent: peer, transports, ...(theirs && { auth: theirs }) }];
  return { agent, transports, peers, ...(own && { auth: own }) };
}

async function connectTo(broker: MemoryBroker, config: BusConfig, options: ConnectOptions = {}): Promise<Bus> {
  const loaders = { memory: async () => (settings: MemoryConfig) => memory({ ...settings, broker }) };
  const bus = await connect(config, loaders, { env, ...options });
  buses.push(bus);
  return bus;
}

/** A concierge and a reviewer as their YAML files make them, and what goes over between them. */
async function createPeers(concierge: BusConfig, reviewer: BusConfig, options: ConnectOptions = {}) {
  const broker = createMemoryBroker();
  const clock = createManualClock();
  const reviewing = await connectTo(broker, reviewer, { clock, ...options });
  const calling = await connectTo(broker, concierge, { clock, instance: 'i', ...options });
  await serve(reviewing, reviewerContract, [
    implement(reviewCapability, () => {}),
    implement(echoCapability, (input) => input),
  ]);
  return { broker, clock, calling, reviewing, echo: createCall(calling, reviewerContract, echoCapability) };
}

test('two agents that have each a key of their own prove both legs of a call', async () => {
  const { echo, reviewing, calling } = await createPeers(
    configOf(CONCIERGE, REVIEWER, concierges, reviewers),
    configOf(REVIEWER, CONCIERGE, reviewers, concierges),
  );
  expect(await echo('proved')).toBe('proved');
  expect(reviewing.health().refused + calling.health().refused).toBe(0);
});

test('two agents that share the key of a peer entry prove both legs of a call', async () => {
  const shared = hmac('k', 'SHARED');
  const { broker, echo, clock, reviewing } = await createPeers(
    configOf(CONCIERGE, REVIEWER, undefined, shared),
    configOf(REVIEWER, CONCIERGE, undefined, shared),
  );
  expect(await echo('proved')).toBe('proved');
  inject(broker, 'agents.pr-reviewer.requests', strangersRequest({ from: CONCIERGE, deadline: clock.now() + 1_000 }));
  await clock.advance(1);
  expect(reviewing.health().refused).toBe(1);
});

test('the secret of a key never goes over, and its signature does', async () => {
  const config = configOf(CONCIERGE, REVIEWER, concierges, reviewers);
  const broker = createMemoryBroker();
  const heard = listen(broker, 'agents.pr-reviewer.requests');
  const bus = await connectTo(broker, config, { clock: createManualClock() });
  await createCall(bus, reviewerContract, echoCapability).notify('x');
  await Promise.resolve();
  expect(heard[0]?.auth).toMatchObject({
    kind: 'hmac',
    keyId: 'c1',
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(JSON.stringify(heard)).not.toContain('s3cret');
});

test('an agent with a key takes nothing unproved, but from peers that are said to prove nothing', async () => {
  const transports = [{ kind: 'memory' as const }];
  const reviewer: BusConfig = {
    ...configOf(REVIEWER, CONCIERGE, reviewers, concierges),
    peers: [
      { agent: CONCIERGE, transports, auth: concierges },
      { agent: 'agent://stranger', transports, auth: { kind: 'internal' } },
    ],
  };
  const { broker, clock, reviewing } = await createPeers(
    configOf(CONCIERGE, REVIEWER, concierges, reviewers),
    reviewer,
  );
  const heard = listen(broker, 'agents.stranger.responses');
  inject(broker, 'agents.pr-reviewer.requests', strangersRequest());
  inject(broker, 'agents.pr-reviewer.requests', strangersRequest({ from: 'agent://unknown' }));
  await clock.advance(1);
  expect(heard.map(({ payload }) => payload)).toEqual([{ ok: true, data: 'hello' }]);
  expect(reviewing.health().refused).toBe(1);
});

test('keys that the process gives go before those of the configuration', async () => {
  const broker = createMemoryBroker();
  const heard = listen(broker, 'agents.pr-reviewer.requests');
  let keys: HmacKey[] = [];
  const config = configOf(CONCIERGE, REVIEWER, concierges, reviewers);
  const bus = await connectTo(broker, config, { clock: createManualClock(), auth: { keys: () => keys } });
  const { notify } = createCall(bus, reviewerContract, echoCapability);
  await notify('before');
  keys = [{ keyId: 'c2', secret: 'the next one', agent: CONCIERGE }];
  await notify('after');
  await Promise.resolve();
  expect(heard.map(({ auth }) => auth)).toMatchObject([{ keyId: 'c1' }, { keyId: 'c2' }]);
});

test('a token of the configuration goes along, and a verifier that the process gives checks it', async () => {
  const tokens: string[] = [];
  const verifiers = {
    oidc: ({ token }: { readonly token: string }) => {
      tokens.push(token);
      return true;
    },
  };
  const { echo } = await createPeers(
    configOf(CONCIERGE, REVIEWER, { kind: 'oidc', token: 'of ${env:SHARED}' }, { kind: 'oidc', token: 'unused' }),
    configOf(REVIEWER, CONCIERGE, { kind: 'oidc', token: 'answer' }, { kind: 'oidc', token: 'unused' }),
    { auth: { verifiers } },
  );
  expect(await echo('proved')).toBe('proved');
  expect(tokens).toEqual(['of both', 'answer']);
});

test.each<[string, AuthConfig | undefined, AuthConfig | undefined, RegExp]>([
  [
    'a key without a secret',
    { kind: 'hmac', keyId: 'k' },
    reviewers,
    /^The auth of agent:\/\/concierge .* needs a keyId and a secret\.$/,
  ],
  [
    'a kind that does not exist',
    undefined,
    { kind: 'basic' },
    /^The auth of agent:\/\/pr-reviewer is of kind basic; write internal, hmac/,
  ],
  [
    'a token that nobody checks',
    { kind: 'oidc', token: 't' },
    reviewers,
    /nothing here can check such tokens; give connectBus/,
  ],
  [
    "a peer's token that nobody checks",
    undefined,
    { kind: 'oauth2-client', token: 't' },
    /^The auth of agent:\/\/pr-reviewer .* a verifier for oauth2-client/,
  ],
  [
    'a peer that could not be proved',
    concierges,
    undefined,
    /^agent:\/\/concierge has an auth .* its peer agent:\/\/pr-reviewer does not have one/,
  ],
])('%s is one clear error', async (_, own, theirs, message) => {
  const connecting = connectTo(createMemoryBroker(), configOf(CONCIERGE, REVIEWER, own, theirs));
  await expect(connecting).rejects.toThrow(message);
});

test('an agent that hears nobody it could prove is told so', async () => {
  const config: BusConfig = { agent: REVIEWER, transports: [{ kind: 'memory' }], auth: reviewers };
  await expect(connectTo(createMemoryBroker(), config)).rejects.toThrow(/none of its peers has one to be proved with/);
});

test('a secret that is missing is named with its place', async () => {
  const config = {
    ...configOf(CONCIERGE, REVIEWER, undefined, hmac('k', 'NOT_SET')),
    places: { '/peers/0/auth/secret': 'rpc-peers.yaml:8:15' },
  };
  await expect(connectTo(createMemoryBroker(), config)).rejects.toThrow(/^rpc-peers\.yaml:8:15: .*NOT_SET is not set/);
});

test('auth of kind internal proves nothing and asks for nothing', async () => {
  const internal = { kind: 'internal' };
  const { echo } = await createPeers(
    configOf(CONCIERGE, REVIEWER, internal, internal),
    configOf(REVIEWER, CONCIERGE, internal),
  );
  expect(await echo(1)).toBe(1);
});
