import { existsSync } from 'node:fs';
import path from 'node:path';
import { type AgentAddress, type Contract, isAgentAddress, type ToolDefinition } from '@declaragent/runtime';
import type { ContractDescription } from '../generator/index.js';
import type { PeerCapability } from './agent/peer.js';
import { OpenAgentError } from './open-agent-error.js';
import type { UserModules } from './user-modules.js';

/** The format of generated code that this program runs, as the runtime says it. */
const FORMAT = 1;

/** The generated code of a contract, as it is in the folder. */
export interface LoadedContract {
  readonly contract: Contract;
  readonly capabilities: readonly PeerCapability[];
}

/** Loads a generated file, or says how it is made. */
export async function loadGenerated(
  modules: UserModules,
  folder: string,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  if (!existsSync(path.join(folder, file))) {
    throw new OpenAgentError(`${path.join(folder, file)} is missing; run declaragent codegen in ${folder}.`);
  }
  try {
    return await modules.load(file);
  } catch (error) {
    throw new OpenAgentError(
      `${path.join(folder, file)} cannot be loaded (${firstLine(error)}); run declaragent codegen in ${folder}.`,
      { cause: error },
    );
  }
}

/** Loads the contract of an agent and the tools of its capabilities. */
export async function loadContract(
  modules: UserModules,
  folder: string,
  out: string,
  { agent, id, valueName }: ContractDescription,
): Promise<LoadedContract> {
  const file = `${out}/${id}/index.ts`;
  const exports = await loadGenerated(modules, folder, file);
  const contract = exports[`${valueName}Contract`] as Contract | undefined;
  const tools = exports[`${valueName}Tools`] as readonly ToolDefinition[] | undefined;
  if (contract === undefined || tools === undefined) {
    throw new OpenAgentError(`${file} exports nothing of ${agent}; run declaragent codegen in ${folder}.`);
  }
  if (contract.format !== FORMAT) {
    throw new OpenAgentError(
      `The generated code of ${agent} is of format ${String(contract.format)}, and this version runs ${FORMAT}; run ` +
        `declaragent codegen in ${folder}.`,
    );
  }
  const byName = new Map(tools.map((tool) => [tool.name, tool] as const));
  const capabilities = Object.values(contract.capabilities).flatMap((capability) => {
    const definition = byName.get(capability.name);
    return definition === undefined ? [] : [{ contract, capability, definition }];
  });
  return { contract, capabilities };
}

export function assertAddress(agent: string | null, folder: string): AgentAddress {
  if (agent !== null && isAgentAddress(agent)) return agent;
  throw new OpenAgentError(`Nothing in ${folder} says the agent's address; add an agent.yaml with "name:".`);
}

/** The first line of what was thrown. */
export function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
}
