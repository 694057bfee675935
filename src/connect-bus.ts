import type { AgentAddress, Bus, ConnectOptions, TransportConfig } from '@declaragent/runtime';
import type { AuthConfig, BusConfig, PeerConfig } from '@declaragent/runtime/connect';
import type { BusDescription, FolderDescription } from '../generator/index.js';

/**
 * Connects the bus that an agent's YAML files describe, as `connectBus` of its generated code does. Where the agent stands
 * depends on where it runs, so a block that was put in the place of another counts at once; what its contracts say does not.
 */
export async function connectBus(
  agent: AgentAddress,
  { bus, transportKinds }: FolderDescription,
  options: ConnectOptions,
): Promise<Bus> {
  const { connect } = await import('@declaragent/runtime/connect');
  const loaders = transportKinds.map((kind) => [kind, () => loadTransport(kind)] as const);
  return connect(toConfig(agent, bus), Object.fromEntries(loaders), options);
}

/** The factory that a broker's door exports under the name of its kind. */
async function loadTransport(kind: string): Promise<never> {
  const door = `@declaragent/runtime/${kind}`;
  const exports = (await import(door)) as Readonly<Record<string, unknown>>;
  return exports[kind] as never;
}

/** The generator has checked each block against its format. */
function toConfig(agent: AgentAddress, bus: BusDescription | null): BusConfig {
  const { transports = [], peers = [], auth = null, places = {} } = bus ?? {};
  return {
    agent,
    transports: transports as unknown as readonly TransportConfig[],
    peers: peers as unknown as readonly PeerConfig[],
    ...(auth !== null && { auth: auth as unknown as AuthConfig }),
    places,
  };
}
