import { statSync } from 'node:fs';
import path from 'node:path';
import type { AgentAddress, Bus, ConnectOptions, Contract } from '@declaragent/runtime';
import type { AgentSettings, FolderDescription } from '../generator/index.js';
import type { PeerCapability } from './agent/peer.js';
import { type Environment, readAgentEnvironment } from './agent-environment.js';
import { configOfAgent, connectConfig } from './connect-config.js';
import type { ConnectionNews } from './connection-news.js';
import { assertAddress, loadContract } from './generated-code.js';
import { InvalidFolderError, OpenAgentError } from './open-agent-error.js';
import { createUserModules, type UserModules } from './user-modules.js';

/** An agent's folder, read: what every command that runs or asks agents starts from. Nothing is connected yet. */
export interface OpenedAgent {
  /** Absolute. */
  readonly folder: string;
  readonly address: AgentAddress;
  readonly settings: AgentSettings;
  readonly description: FolderDescription;
  /** What the agent sees of the environment: the process's variables over its own `.env`. */
  readonly environment: Environment;
  /** The agent's own contract as it was generated; undefined for one that only calls. */
  readonly own: Contract | undefined;
  /** What its peers with a contract can do. */
  readonly peers: readonly PeerCapability[];
  readonly modules: UserModules;
  /** Connects its bus as the YAML files say now, with the agent's own environment. */
  connectBus(options?: Omit<ConnectOptions, 'env'>, news?: ConnectionNews): Promise<Bus>;
}

const GENERATED = 'generated';

/** The folder that an argument of `--agent` means: a folder, or the agent.yaml in it. */
export function agentFolderOf(argument: string, cwd: string): string {
  const target = path.resolve(cwd, argument);
  const found = statSync(target, { throwIfNoEntry: false });
  // What is not there is taken for a folder, so that the folder above it is never opened in its place.
  const isFile = found === undefined ? path.extname(target) === '.yaml' : !found.isDirectory();
  return isFile ? path.dirname(target) : target;
}

/**
 * Opens an agent's folder: agent.yaml, capabilities.yaml, rpc-peers.yaml, `.env`, and the generated code as it is there.
 *
 * @throws {OpenAgentError} a sentence with what to do; {InvalidFolderError} with every problem of the folder's files
 */
export async function openAgent(folder: string, environment: Environment): Promise<OpenedAgent> {
  const { ContractError, describeFolder } = await import('../generator/index.js');
  const description = await describeFolder(folder).catch((error: unknown) => {
    throw error instanceof ContractError ? new InvalidFolderError(folder, error) : error;
  });
  const address = assertAddress(description.agent, folder);
  const modules = await createUserModules(folder, description.transportKinds);
  const contracts = await Promise.all(
    [description.own, ...description.peers].map(async (contract) => {
      return contract === null ? undefined : await loadContract(modules, folder, GENERATED, contract);
    }),
  );
  const own = readEnvironment(folder, environment);
  return {
    folder,
    address,
    settings: description.settings,
    description,
    environment: own,
    own: contracts[0]?.contract,
    peers: contracts.slice(1).flatMap((loaded) => loaded?.capabilities ?? []),
    modules,
    connectBus: (options = {}, news) =>
      connectConfig(configOfAgent(description.bus, address), { folder, environment: own }, options, news),
  };
}

function readEnvironment(folder: string, environment: Environment): Environment {
  try {
    return readAgentEnvironment(folder, environment);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OpenAgentError(`The .env in ${folder} cannot be read (${code}).`, { cause: error });
  }
}
