import type { AgentAddress, TransportKind } from './address.js';
import { type AuthOptions, createAuth } from './auth.js';
import { type Bus, type BusOptions, createBus } from './bus.js';
import { type AuthConfig, readCredentials } from './credentials.js';
import { type Environment, type Places, resolveEnvironment } from './environment.js';
import { AgentRpcError } from './errors.js';
import { createRetries } from './retry.js';
import type { Peer } from './routes.js';
import { type Transport, type TransportConfig, topicNamesOf } from './transport.js';
import { deepEqual } from './validation.js';

export type { AuthConfig } from './credentials.js';
export {
  type Environment,
  EnvironmentError,
  type EnvironmentProblem,
  type Places,
  type ResolveOptions,
  resolveEnvironment,
} from './environment.js';

/** What `bus.gen.ts` knows from the YAML files: as they say it, with each `${env:…}` still in place. */
export interface BusConfig {
  readonly agent: AgentAddress;
  /** The agent's own, best first; empty for an agent that only calls others. */
  readonly transports: readonly TransportConfig[];
  /** The agents that may be called. Without it any agent may, at its default topics on the first transport. */
  readonly peers?: readonly PeerConfig[];
  /** Where each string that holds `${env:…}` stands, for the error about a variable that is missing. */
  readonly places?: Places;
  /** What the agent proves itself with; it then asks a proof of all others, but for peers whose auth is `internal`. */
  readonly auth?: AuthConfig;
}

/** An agent that may be called: an entry under `peers:` of rpc-peers.yaml. */
export interface PeerConfig {
  readonly agent: AgentAddress;
  /** The ways to it, best first; their topics are the peer's. */
  readonly transports: readonly TransportConfig[];
  /**
   * What it proves itself with. Where this agent has no auth of its own, the two share this one: it also proves this agent
   * to the peer.
   */
  readonly auth?: AuthConfig;
}

/** How to load the transport of a kind: a promise of the factory that its broker subpath exports. */
export type TransportLoaders = { readonly [Kind in TransportKind]?: () => Promise<(config: never) => Transport> };

/** What a process may add to its configuration. */
export interface ConnectOptions extends Omit<BusOptions, 'agent' | 'transports' | 'peers' | 'auth'> {
  /** Its keys go before those of the configuration, and what else it says counts instead of that. */
  readonly auth?: AuthOptions;
  /** Where `${env:…}` is looked up; `process.env` unless set. */
  readonly env?: Environment;
}

/**
 * Makes the bus that a configuration describes; called by generated code. The first transport that this process can
 * load serves, and each peer is reached by the first of its own.
 *
 * @throws AgentRpcError EAGENTRPC_NO_TRANSPORT when none of an agent's transports can be loaded; EnvironmentError when a
 * variable is missing; Error for an auth that cannot work; and what `createBus` throws
 */
export async function connect(
  config: BusConfig,
  loaders: TransportLoaders,
  options: ConnectOptions = {},
): Promise<Bus> {
  const { env, auth: given, ...busOptions } = options;
  const environment = { ...(env && { env }), ...(config.places && { places: config.places }) };
  const auth = readCredentials({
    own: config,
    peers: config.peers ?? [],
    tenantId: options.tenantId,
    given,
    env: environment,
  });
  const opened: { readonly settings: unknown; readonly transport: Transport }[] = [];

  /** Chooses one of the transports of an agent, which stand at `pointer` of the configuration. */
  const open = async ({ agent, transports }: PeerConfig | BusConfig, pointer: string): Promise<Opened> => {
    const reasons: string[] = [];
    for (const [index, candidate] of transports.entries()) {
      const factory = await load(candidate.kind, loaders);
      if (typeof factory === 'string') {
        reasons.push(`${candidate.kind} (${factory})`);
        continue;
      }
      const resolved = resolveEnvironment(candidate, { ...environment, pointer: `${pointer}/${index}` });
      const { topics, subjects, queues, ...settings } = resolved;
      const same = opened.find((other) => deepEqual(other.settings, settings));
      if (same !== undefined) return { transport: same.transport, config: resolved };
      // A transport's topics are those of the agent whose bus it is given to: a peer's say where the peer is read.
      const own = agent === config.agent ? resolved : settings;
      // The generator has checked the settings against those of the kind.
      const transport = factory(own as never);
      opened.push({ settings, transport });
      return { transport, config: resolved };
    }
    const why = reasons.join(', ');
    const message = `None of the transports of ${agent} can be used here: ${why}. Add one that can, such as memory.`;
    throw new AgentRpcError({ code: 'EAGENTRPC_NO_TRANSPORT', message });
  };

  if (config.transports.length > 0) await open(config, '/transports');
  const peers: Peer[] = [];
  for (const [index, peer] of (config.peers ?? []).entries()) {
    const { transport, config: resolved } = await open(peer, `/peers/${index}/transports`);
    peers.push({
      agent: peer.agent,
      transports: [{ kind: transport.kind, topics: topicNamesOf(resolved), via: transport }],
    });
  }
  return createBus({
    retries: createRetries(),
    ...busOptions,
    ...(auth && { auth: createAuth(auth) }),
    agent: config.agent,
    transports: opened.map(({ transport }) => transport),
    ...(config.peers && { peers }),
  });
}

interface Opened {
  readonly transport: Transport;
  /** As it is at run time. */
  readonly config: TransportConfig;
}

/** The factory of a kind, or why there is none. */
async function load(kind: TransportKind, loaders: TransportLoaders): Promise<((config: never) => Transport) | string> {
  const loader = Object.hasOwn(loaders, kind) ? loaders[kind] : undefined;
  if (loader === undefined) return 'this version of @declaragent/runtime has no such transport';
  try {
    return await loader();
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    return `its module cannot be loaded: ${reason}`;
  }
}
