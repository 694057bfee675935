import type {
  AgentAddress,
  Bus,
  BusConfig,
  ConnectOptions,
  PeerConfig,
  TransportConfig,
  TransportLoaders,
} from '@declaragent/runtime';
import { connect } from '@declaragent/runtime/connect';
import type { BusDescription } from '../generator/index.js';
import type { Environment } from './agent-environment.js';
import { connectFailureSentence } from './connect-remedy.js';
import { type ConnectionNews, withNews } from './connection-news.js';
import { withFilesFrom } from './setting-files.js';

const KINDS = ['memory', 'kafka', 'nats', 'amqp', 'mqtt', 'sqs'] as const;

/** How to load each transport of the runtime. */
const loaders: TransportLoaders = Object.fromEntries(KINDS.map((kind) => [kind, () => loadTransport(kind)]));

async function loadTransport(kind: (typeof KINDS)[number]) {
  const door = `@declaragent/runtime/${kind}`;
  return (await import(door))[kind];
}

/** Where a configuration stands. */
export interface ConfigSurroundings {
  /** Of the YAML files, absolute: the files that they name are there. */
  readonly folder: string;
  readonly environment: Environment;
}

/**
 * Connects a bus by what the YAML says now, all of it or a part: a peer, or a transport. Where an agent stands depends on
 * where it runs, so a block that was put in the place of another counts at once, whatever was generated.
 */
export function connectConfig(
  config: BusConfig,
  { folder, environment: env }: ConfigSurroundings,
  options: ConnectOptions = {},
  news?: ConnectionNews,
): Promise<Bus> {
  const own = withFilesFrom(folder, loaders);
  return connect(config, news === undefined ? own : withNews(own, news), { ...options, env });
}

/** Why a bus is not connected, and what to do about it, in a sentence. */
export function connectFailureText(agent: AgentAddress, error: unknown): string {
  return `${agent} cannot be connected: ${connectFailureSentence(error)}`;
}

/** All of a folder's configuration, as `bus.gen.ts` has it. */
export function configOfAgent(bus: BusDescription | null, agent: AgentAddress): BusConfig {
  const { transports = [], peers = [], auth = null, places = {} } = bus ?? {};
  return {
    agent,
    transports: transports as unknown as readonly TransportConfig[],
    peers: peers as unknown as readonly PeerConfig[],
    places,
    ...authOf(auth),
  };
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
