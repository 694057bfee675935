import { isDeepStrictEqual } from 'node:util';
import { type AgentAddress, isAgentRpcError, type TransportConfig } from '@declaragent/runtime';
import { EnvironmentError, resolveEnvironment } from '@declaragent/runtime/connect';
import type { FolderDescription } from '../../generator/index.js';
import { type ConfigSurroundings, connectConfig } from '../connect-config.js';
import { readConnectFailure } from '../connect-remedy.js';
import { placeOf } from '../connection-news.js';
import { type Check, fail, ok, warn } from './check.js';

/** Connects to each broker that the YAML names, once, and leaves nothing there. */
export async function checkTransports(
  { bus, agent }: FolderDescription,
  surroundings: ConfigSurroundings,
  timeoutMs: number,
): Promise<Check[]> {
  if (bus === null || agent === null) return [];
  const ofPeers = bus.peers.flatMap((peer) => peer['transports'] as readonly TransportConfig[]);
  const all = [...(bus.transports as unknown as readonly TransportConfig[]), ...ofPeers].map(withoutTopics);
  const distinct = all.filter((one, index) => all.findIndex((other) => isDeepStrictEqual(one, other)) === index);
  const checks = await Promise.all(
    distinct.map((one) => checkTransport(one, agent as AgentAddress, surroundings, timeoutMs)),
  );
  return checks.flat();
}

/** One broker carries many topics. */
function withoutTopics({ topics: _t, subjects: _s, queues: _q, ...settings }: TransportConfig): TransportConfig {
  return settings;
}

async function checkTransport(
  transport: TransportConfig,
  agent: AgentAddress,
  surroundings: ConfigSurroundings,
  timeoutMs: number,
): Promise<Check[]> {
  const { kind } = transport;
  if (kind === 'memory') return [ok('broker memory', 'joins agents of one process', 'environment')];
  const name = `broker ${kind}`;
  try {
    resolveEnvironment(transport, { env: surroundings.environment });
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return [warn(name, 'was not tried: a variable is missing', 'set it first', 'environment')];
  }
  const failure = await tryConnect(transport, agent, surroundings, timeoutMs);
  if (isAgentRpcError(failure) && failure.code === 'EAGENTRPC_NO_TRANSPORT') {
    const install = /run "([^"]+)"/.exec(failure.message)?.[1];
    const remedy = install === undefined ? 'use a transport that this version has' : `run ${install}`;
    return [
      fail(`driver ${kind}`, install === undefined ? failure.message : 'is not installed', remedy, 'environment'),
    ];
  }
  const driver = ok(`driver ${kind}`, 'is installed', 'environment');
  if (failure === undefined) return [driver, ok(name, 'is reached', 'environment')];
  const { reason, remedy = 'correct its block in the YAML, or what it takes from the environment' } =
    readConnectFailure(failure);
  return [driver, fail(name, reason, remedy, 'environment')];
}

/** Why there is no connection; undefined where there is one. */
async function tryConnect(
  transport: TransportConfig,
  agent: AgentAddress,
  surroundings: ConfigSurroundings,
  timeoutMs: number,
): Promise<unknown> {
  const connecting = connectConfig({ agent, transports: [transport] }, surroundings);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Error>((resolve) => {
    timer = setTimeout(
      () => resolve(new Error(`${placeOf({ ...transport })} does not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  const stopped = connecting.then(
    (bus) => bus.stop({ graceMs: 0 }).catch(() => {}),
    (error: unknown) => error,
  );
  try {
    return await Promise.race([stopped, late]);
  } finally {
    clearTimeout(timer);
  }
}
