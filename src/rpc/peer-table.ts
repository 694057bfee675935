import { type AgentAddress, type TopicNames, topicsOf } from '@declaragent/runtime';
import type { FolderDescription } from '../../generator/index.js';
import { callKey, createPermissions, REQUEST_AGENT } from '../agent/permissions.js';

/** A peer as it is effective: what a call of it would use. */
export interface PeerRow {
  readonly agent: AgentAddress;
  /** The kind that serves: the first that is named. */
  readonly transport: string;
  /** The kinds behind it, for a runtime that does not know the first. */
  readonly others: readonly string[];
  /** The topic of its requests, with `${env:…}` as the YAML has it. */
  readonly requests: string;
  /** The path of its contract, relative to the agent's folder; null where there is none. */
  readonly contract: string | null;
  /** The names of its capabilities; null without a contract, or where that is not there. */
  readonly capabilities: readonly string[] | null;
  /** Those of them that permissions of agent.yaml let a model call; null as those are. */
  readonly allowed: readonly string[] | null;
}

/** The effective table of peers of a folder. */
export function peerTable({ bus, peers, settings }: FolderDescription): PeerRow[] {
  const { allow, deny } = settings.permissions ?? {};
  const permissions = createPermissions({ grants: [REQUEST_AGENT], allow, deny });
  return (bus?.peers ?? []).map((peer) => {
    const agent = peer['agent'] as AgentAddress;
    const [first, ...rest] = peer['transports'] as readonly TransportEntry[];
    const known = peers.find((contract) => contract.agent === agent);
    const capabilities = known?.isRead === true ? known.capabilities.map(({ name }) => name) : null;
    return {
      agent,
      transport: first?.kind ?? '',
      others: rest.map(({ kind }) => kind),
      requests: topicsOf(agent, undefined, first?.topics ?? first?.subjects ?? first?.queues).requests,
      contract: known?.source ?? null,
      capabilities,
      allowed: capabilities?.filter((name) => permissions.allows(callKey(agent, name))) ?? null,
    };
  });
}

interface TransportEntry {
  readonly kind: string;
  readonly topics?: TopicNames;
  readonly subjects?: TopicNames;
  readonly queues?: TopicNames;
}

/** How many of a peer's capabilities a model may call, in words. */
export function permissionText({ capabilities, allowed }: PeerRow): string {
  if (capabilities === null || allowed === null) return '-';
  if (allowed.length === capabilities.length) return 'allowed';
  return allowed.length === 0 ? 'denied' : `${allowed.length} of ${capabilities.length} allowed`;
}
