import { encodeData, quoteData } from './fence.js';
import { type CallMode, type CallScope, makeCall, refuseCall } from './make-call.js';
import { findPeerCapability, type PeerCapability } from './peer.js';
import { quoteSchema } from './peer-schema.js';
import { callKey, REQUEST_AGENT } from './permissions.js';
import type { Tool } from './tool.js';
import { toToolSchema } from './tool-schema.js';

const MODES: readonly CallMode[] = ['sync', 'async', 'fire-and-forget'];
const MAX_TIMEOUT_MS = 600_000;
/** What the Messages API takes as the name of a tool. */
const TOOL_NAME = /^[A-Za-z0-9_-]{1,128}$/;
/** The name of the tool that a skill answers by. */
export const RESPOND = 'respond';

/** What there is to call others with: one tool for each capability that may be called, and RequestAgent for all of them. */
export function createCallTools(peers: readonly PeerCapability[], scope: CallScope): Tool[] {
  const allowed = peers.filter(({ contract, capability }) =>
    scope.permissions.allows(callKey(contract.agent, capability.name)),
  );
  if (allowed.length === 0) return [];
  const typed = allowed.flatMap((peer) => {
    const name = toolName(peer, peers);
    return TOOL_NAME.test(name) ? [createTypedTool(name, peer, scope)] : [];
  });
  return [...typed, createRequestAgent(peers, allowed, scope)];
}

/** The name of the capability, unless another peer has one of that name too. */
export function toolName({ contract, capability: { name } }: PeerCapability, peers: readonly PeerCapability[]): string {
  const isTaken =
    [REQUEST_AGENT, RESPOND].includes(name) || peers.filter((peer) => peer.capability.name === name).length > 1;
  return isTaken ? `${contract.agent.replace('agent://', '')}__${name}` : name;
}

/** The names of tools as patterns of permission keys: that of one capability grants it by whichever tool it is called. */
export function toGrants(names: readonly string[], peers: readonly PeerCapability[]): string[] {
  return names.map((name) => {
    const peer = peers.find((candidate) => toolName(candidate, peers) === name);
    return peer === undefined ? name : callKey(peer.contract.agent, peer.capability.name);
  });
}

function createTypedTool(name: string, peer: PeerCapability, scope: CallScope): Tool {
  const { capability, contract, definition } = peer;
  const { inputSchema, unwrap } = toToolSchema(quoteSchema(capability.input.schema), 'input');
  return {
    spec: {
      name,
      description: `Calls ${capability.name} of ${contract.agent}. ${quoteData(definition.description)}`,
      inputSchema,
      accepts: (input) => capability.input.is(unwrap(input)),
    },
    run: (input) => makeCall({ peer, payload: unwrap(input), mode: 'sync' }, scope),
  };
}

function createRequestAgent(
  peers: readonly PeerCapability[],
  allowed: readonly PeerCapability[],
  scope: CallScope,
): Tool {
  const agents = [...new Set(allowed.map(({ contract }) => contract.agent))];
  const known = allowed.map(({ contract, capability }) => `${capability.name} of ${contract.agent}`).join(', ');
  const inputSchema = {
    type: 'object',
    properties: {
      to: { type: 'string', enum: agents, description: 'The address of the agent.' },
      capability: { type: 'string', enum: [...new Set(allowed.map(({ capability }) => capability.name))] },
      payload: { description: 'The input of the capability, by its schema.' },
      timeoutMs: { type: 'integer', minimum: 1, maximum: MAX_TIMEOUT_MS, description: 'How long it may take.' },
      mode: {
        enum: MODES,
        description: 'sync (default) waits for the answer; async tells it at the end; fire-and-forget has none.',
      },
    },
    required: ['to', 'capability', 'payload'],
    additionalProperties: false,
  } as const;

  const read = (input: unknown): CallInput | string => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'The input must be an object.';
    const { to, capability, payload, timeoutMs, mode = 'sync', ...rest } = input as Record<string, unknown>;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined)
      return `There is no ${encodeData(unknown)}; there are to, capability, payload, timeoutMs and mode.`;
    if (typeof to !== 'string' || typeof capability !== 'string') return 'to and capability must be text.';
    const isTime = typeof timeoutMs === 'number' && Number.isInteger(timeoutMs);
    if (timeoutMs !== undefined && !(isTime && timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
      return `timeoutMs must be a whole number from 1 to ${MAX_TIMEOUT_MS}.`;
    }
    const chosen = MODES.find((candidate) => candidate === mode);
    if (chosen === undefined) return `mode must be one of ${MODES.join(', ')}.`;
    return { to, capability, payload, timeoutMs: isTime ? timeoutMs : undefined, mode: chosen };
  };

  return {
    spec: {
      name: REQUEST_AGENT,
      description: `Calls a capability of another agent: ${known}.`,
      inputSchema,
      accepts: (input) => {
        const request = read(input);
        if (typeof request === 'string') return false;
        const peer = findPeerCapability(allowed, request.to, request.capability);
        return peer?.capability.input.is(request.payload) === true;
      },
    },
    async run(input) {
      const request = read(input);
      if (typeof request === 'string') return refuseCall('EAGENTRPC_SCHEMA_VIOLATION', request, scope.fence);
      const peer = findPeerCapability(peers, request.to, request.capability);
      if (peer !== undefined) return makeCall({ ...request, peer }, scope);
      const isPeer = peers.some(({ contract }) => contract.agent === request.to);
      return isPeer
        ? refuseCall('EAGENTRPC_NO_CAPABILITY', `${request.to} has no such capability.`, scope.fence)
        : refuseCall('EAGENTRPC_NO_PEER', 'There is no such agent among the peers that have a contract.', scope.fence);
    },
  };
}

interface CallInput {
  readonly to: string;
  readonly capability: string;
  readonly payload: unknown;
  readonly timeoutMs: number | undefined;
  readonly mode: CallMode;
}
