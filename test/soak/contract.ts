import type { AgentAddress } from '../../runtime/address.js';
import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { defineCheck, defineValidator, type Validator } from '../../runtime/validation.js';

/** What a skill of the soak is asked to do. */
export interface Errand {
  /** Comes back in the answer, so that an answer can be told from every other. */
  readonly token: string;
  /** How long it takes. */
  readonly workMs: number;
}

/** What it answers. */
export interface Receipt {
  readonly token: string;
  readonly capability: string;
  readonly agent: string;
}

export type NoErrors = Record<never, never>;
export type ErrandCapability = CapabilityContract<Errand, Receipt, NoErrors>;

function tokenHolder<T>(): Validator<T> {
  const check = defineCheck((value: unknown) => {
    const isHolder = typeof value === 'object' && value !== null && typeof Reflect.get(value, 'token') === 'string';
    check.errors = isHolder ? null : [{ path: '/token', keyword: 'type', message: 'must be string' }];
    return isHolder;
  });
  return defineValidator<T>({ type: 'object' }, check);
}

function capability(name: string, idempotent: boolean): ErrandCapability {
  return { name, idempotent, input: tokenHolder(), output: tokenHolder(), errors: {} };
}

/** One that may run twice, and one that may not. */
export const CAPABILITIES = { look: capability('look', true), book: capability('book', false) } as const;
export type CapabilityName = keyof typeof CAPABILITIES;

/** Both are served by each receiver, so that an answer of the wrong one would be seen. */
export const AGENTS = ['agent://east', 'agent://west'] as const;
export const CALLER: AgentAddress = 'agent://traveller';

export function contractOf(agent: AgentAddress): Contract & { readonly capabilities: typeof CAPABILITIES } {
  return { format: 1, agent, capabilities: CAPABILITIES };
}
