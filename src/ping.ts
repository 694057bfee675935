import { createHash } from 'node:crypto';
import {
  type AgentAddress,
  type Bus,
  type CapabilityContract,
  type Contract,
  createCall,
  type Implementation,
  type Validator,
} from '@declaragent/runtime';
import { codeExplanations } from '@declaragent/runtime/codes';
import { defineCheck, defineValidator } from '@declaragent/runtime/validation';
import { isJsonObject } from './agent/json.js';

/** No contract can have it, because of its dot: a receiver that does not know it says so, and has been reached. */
export const PING = 'declaragent.ping';

const anything = defineValidator<unknown>(
  {},
  defineCheck(() => true),
);

const pingCapability: CapabilityContract = {
  name: PING,
  idempotent: true,
  input: anything,
  output: anything,
  errors: {},
};

/** What an agent that this program runs serves beside its contract: it says which contract it serves. */
export function implementPing(contract: Contract): Implementation {
  const answer = { contract: hashContract(contract) };
  return { capability: pingCapability, skill: async () => answer };
}

/** Two contracts have the same hash when every text, schema and number of them is the same, in whatever order of keys. */
export function hashContract(contract: Contract): string {
  const text = JSON.stringify(contract, (_, value: unknown) => {
    if (!isJsonObject(value)) return value;
    const plain = isValidator(value) ? value.schema : value;
    return Object.fromEntries(Object.entries(plain).sort(([left], [right]) => (left < right ? -1 : 1)));
  });
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function isValidator(value: object): value is Validator<unknown> {
  return 'findViolations' in value && typeof value.findViolations === 'function';
}

/** What a ping has shown. */
export type Pong =
  /** Something answered: `contract` is the hash of what it serves, where it says so, `code` what else it said. */
  | { readonly status: 'reachable'; readonly contract?: string; readonly code?: string }
  /** The broker was reached, and nobody behind it. */
  | { readonly status: 'no responder'; readonly reason: string }
  | { readonly status: 'unreachable'; readonly reason: string };

const START_IT = codeExplanations.EAGENTRPC_NO_RESPONDER.fix;

/** Sends a request that does nothing, and says what came of it. */
export async function ping(bus: Bus, agent: AgentAddress, timeoutMs: number): Promise<Pong> {
  const call = createCall(bus, { format: 1, agent, capabilities: { [PING]: pingCapability } }, pingCapability);
  const outcome = await call.outcome({}, { timeoutMs });
  if (outcome.status === 'ok') {
    const told = isJsonObject(outcome.data) ? outcome.data['contract'] : undefined;
    return { status: 'reachable', ...(typeof told === 'string' ? { contract: told } : {}) };
  }
  const { code, message } = outcome.error;
  if (UNREACHED.has(code)) return { status: 'unreachable', reason: message };
  if (UNANSWERED.has(code)) return { status: 'no responder', reason: `${message} ${START_IT}` };
  return { status: 'reachable', code };
}

const UNREACHED: ReadonlySet<string> = new Set([
  'EAGENTRPC_NO_PEER',
  'EAGENTRPC_NO_TRANSPORT',
  'EAGENTRPC_PUBLISH_FAILED',
  'EAGENTRPC_CONNECTION_LOST',
]);
const UNANSWERED: ReadonlySet<string> = new Set([
  'EAGENTRPC_NO_RESPONDER',
  'EAGENTRPC_TIMEOUT',
  'EAGENTRPC_DEADLINE_EXCEEDED',
  'EAGENTRPC_ABANDONED',
  'EAGENTRPC_CANCELLED',
]);
