import type { AgentAddress } from '../../runtime/address.js';
import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { defineCheck, defineValidator, type Validator } from '../../runtime/validation.js';

/** What a skill of the simulation is asked to do. */
export interface Task {
  /** Comes back in the answer, so that an answer can be told from every other. */
  readonly token: string;
  /** How long it works. */
  readonly workMs: number;
  /** Whether it stops working when its signal is aborted. */
  readonly heeds: boolean;
  readonly ending: 'return' | 'respond' | 'fail' | 'throw';
}

/** What it answers. */
export interface Done {
  readonly token: string;
  readonly capability: string;
}

export interface TaskErrors {
  REFUSED: { readonly token: string };
}

export type TaskCapability = CapabilityContract<Task, Done, TaskErrors>;

/** Values that hold a token. */
function tokenHolder<T>(): Validator<T> {
  const check = defineCheck((value: unknown) => {
    const isHolder = typeof value === 'object' && value !== null && typeof Reflect.get(value, 'token') === 'string';
    check.errors = isHolder ? null : [{ path: '/token', keyword: 'type', message: 'must be string' }];
    return isHolder;
  });
  return defineValidator<T>({ type: 'object' }, check);
}

function capability(name: string, idempotent: boolean): TaskCapability {
  const errors = { REFUSED: { details: tokenHolder<{ token: string }>() } };
  return { name, idempotent, timeoutMs: 1_000, input: tokenHolder(), output: tokenHolder(), errors };
}

/** `relay` asks the helper to `write` before it answers; the others work alone. */
export const CAPABILITIES = {
  read: capability('read', true),
  write: capability('write', false),
  relay: capability('relay', true),
} as const;

export type CapabilityName = keyof typeof CAPABILITIES;

function contractOf(agent: AgentAddress): Contract & { readonly capabilities: typeof CAPABILITIES } {
  return { format: 1, agent, capabilities: CAPABILITIES };
}

export const workerContract = contractOf('agent://worker');
export const helperContract = contractOf('agent://helper');
