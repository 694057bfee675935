import type { CapabilityContract, Contract, ToolDefinition } from '@declaragent/runtime';

/** A capability of another agent that this one has the contract of. */
export interface PeerCapability {
  readonly contract: Contract;
  readonly capability: CapabilityContract;
  /** From the generated `tools.gen.ts`. */
  readonly definition: ToolDefinition;
}

/** The capability that a model means; undefined where it means none. */
export function findPeerCapability(
  peers: readonly PeerCapability[],
  to: string,
  name: string,
): PeerCapability | undefined {
  return peers.find(({ contract, capability }) => contract.agent === to && capability.name === name);
}
