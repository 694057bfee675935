import type { AgentAddress, Bus, BusConfig, PeerConfig, TransportConfig, TransportLoaders } from '@declaragent/runtime';
import { connect } from '@declaragent/runtime/connect';
import type { BusDescription } from '../generator/index.js';
import type { Environment } from './agent-environment.js';

const KINDS = ['memory', 'kafka', 'nats', 'amqp', 'mqtt', 'sqs'] as const;

/** How to load each transport of the runtime. */
const loaders: TransportLoaders = Object.fromEntries(KINDS.map((kind) => [kind, () => loadTransport(kind)]));

async function loadTransport(kind: (typeof KINDS)[number]) {
  const door = `@declaragent/runtime/${kind}`;
  return (await import(door))[kind];
}

/** Connects a bus by what the YAML says, for programs that look into one part of it: a peer, or a transport. */
export function connectConfig(config: BusConfig, env: Environment): Promise<Bus> {
  return connect(config, loaders, { env });
}

/** The part of a folder's configuration that leads to one of its peers. */
export function configOfPeer({ peers, auth, places }: BusDescription, agent: AgentAddress, index: number): BusConfig {
  const peer = peers[index] as unknown as PeerConfig;
  const prefix = `/peers/${index}/`;
  const own = Object.entries(places).flatMap(([pointer, place]) =>
    pointer.startsWith(prefix)
      ? [[`/peers/0/${pointer.slice(prefix.length)}`, place] as const]
      : pointer.startsWith('/auth')
        ? [[pointer, place] as const]
        : [],
  );
  return { agent, transports: [], peers: [peer], places: Object.fromEntries(own), ...authOf(auth) };
}

/** An agent's way to itself: to call what another process of it serves. */
export function configOfSelf({ transports, auth, places }: BusDescription, agent: AgentAddress): BusConfig {
  const own = transports as unknown as readonly TransportConfig[];
  return { agent, transports: own, peers: [{ agent, transports: own }], places, ...authOf(auth) };
}

function authOf(auth: BusDescription['auth']): Pick<BusConfig, 'auth'> {
  return auth === null ? {} : { auth: auth as unknown as NonNullable<BusConfig['auth']> };
}
