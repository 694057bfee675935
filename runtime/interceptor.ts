import type { AgentAddress } from './address.js';
import { type CapabilityContract, findDeclared, violationOf } from './contract.js';
import { readDetails } from './details.js';
import {
  AgentRpcError,
  type AgentRpcErrorInit,
  type Executed,
  errorCodes,
  type FailureStatus,
  isAgentRpcError,
  isRuntimeCode,
} from './errors.js';
import type { Reading } from './outcome.js';
import { isRecord } from './record.js';
import { type Result, toResult } from './result.js';

/** A call as an interceptor sees it: on its way out of a client, or into a skill. */
export interface InterceptedCall {
  readonly side: 'client' | 'server';
  /** An event ends when the broker has it, or when its skill has run. */
  readonly kind: 'request' | 'event';
  readonly messageId: string;
  readonly correlationId: string;
  readonly from: AgentAddress;
  readonly to: AgentAddress;
  readonly capability: string;
  readonly tenantId: string | undefined;
  /** The input. On the server it has not been checked yet. */
  readonly payload: unknown;
  /** Those that go out, or that came in and the skill will see; an interceptor may change them before `next`. */
  readonly headers: Record<string, string>;
  /** When its time is up: milliseconds since the epoch, on this machine's clock. */
  readonly deadline: number;
}

/** How a call ends for an interceptor: an `Outcome` is one. */
export type Verdict =
  | { readonly status: 'ok'; readonly data: unknown }
  | { readonly status: FailureStatus; readonly error: AgentRpcError };

/**
 * Stands around calls: `next` does what is inside, may be called once, and never rejects. What the interceptor resolves
 * with is how the call ends: what `next` gave, or something of its own without calling it. To fail a call, throw an
 * AgentRpcError whose code is declared by the capability or one of the runtime's; anything else that is thrown is
 * EAGENTRPC_HANDLER_ERROR. The first interceptor of a list is the outermost.
 */
export type Interceptor = (call: InterceptedCall, next: () => Promise<Verdict>) => Promise<Verdict>;

/** What interceptors made of a call. */
export interface Interception {
  readonly reading: Reading;
  /** What was thrown, or returned instead of an outcome, that nobody can be told; undefined where all went well. */
  readonly fault?: unknown;
}

/**
 * Runs a call through its interceptors. `core` does the call itself; its data need not be checked again. Never rejects.
 */
export async function runIntercepted(
  interceptors: readonly Interceptor[],
  call: InterceptedCall,
  capability: CapabilityContract,
  core: () => Promise<Verdict>,
): Promise<Interception> {
  let own: Verdict | undefined;
  let executed: Executed = 'no';
  let fault: unknown;

  /** Whatever an error says of itself, only what has been sent tells whether the skill may have run. */
  const readThrown = (thrown: unknown): Reading => {
    const known = isAgentRpcError(thrown) ? findKnown(capability, thrown) : undefined;
    if (known !== undefined) return { error: { ...known, executed } };
    fault ??= thrown ?? new Error('An interceptor threw nothing.');
    const message = `An interceptor of ${capability.name} failed.`;
    return { error: { code: 'EAGENTRPC_HANDLER_ERROR', message, executed, cause: thrown } };
  };

  /** Holds an interceptor's own end of the call against the contract. */
  const readVerdict = (verdict: unknown): Reading => {
    if (isRecord(verdict) && verdict['status'] === 'ok') {
      const { data } = verdict;
      const report = call.kind === 'event' ? null : capability.output.findViolations(data);
      if (report === null) return { data };
      const violation = { ...violationOf(capability, 'output', report), executed };
      fault ??= new AgentRpcError(violation);
      return { error: violation };
    }
    const error = isRecord(verdict) ? verdict['error'] : undefined;
    return readThrown(
      isAgentRpcError(error) ? error : new TypeError('An interceptor gave something that is no outcome.'),
    );
  };

  const enter = async (index: number): Promise<Verdict> => {
    const interceptor = interceptors[index];
    if (interceptor === undefined) {
      executed = 'maybe';
      own = await core();
      executed = own.status === 'ok' ? 'yes' : own.error.executed;
      return own;
    }
    let isEntered = false;
    return interceptor(call, () => {
      if (isEntered) return Promise.reject(new Error('An interceptor may call next() once.'));
      isEntered = true;
      return enter(index + 1).catch((thrown: unknown) => toVerdict(readThrown(thrown)));
    });
  };

  let reading: Reading;
  try {
    const verdict = await enter(0);
    reading = verdict === own ? readOwn(verdict) : readVerdict(verdict);
  } catch (thrown) {
    reading = readThrown(thrown);
  }
  return fault === undefined ? { reading } : { reading, fault };
}

/** What came of the call itself. */
function readOwn(verdict: Verdict): Reading {
  return verdict.status === 'ok' ? { data: verdict.data } : { error: verdict.error };
}

/** What an error says, if its code and details are among those that the types of a call know. */
function findKnown(capability: CapabilityContract, error: AgentRpcError): AgentRpcErrorInit | undefined {
  const { code, message, details, cause } = error;
  const declared = findDeclared(capability, code);
  if (declared === undefined) {
    return isRuntimeCode(code) ? { code, message, details: readDetails(code, details), cause } : undefined;
  }
  if (declared.details === undefined) return { code, message, cause };
  return declared.details.findViolations(details) === null ? { code, message, details, cause } : undefined;
}

/** What a receiver answers when its interceptors are done; `fault` as in {@link Interception}. */
export function toAnswer(
  capability: CapabilityContract,
  { reading, fault }: Interception,
): { readonly result: Result; readonly fault?: unknown } {
  if ('data' in reading) return { result: { ok: true, data: reading.data ?? null }, fault };
  const { code, executed = 'yes' } = reading.error;
  // The caller takes from the code whether the skill may have run.
  const isSayable = isRuntimeCode(code)
    ? errorCodes[code].fromReceiver && errorCodes[code].executed.includes(executed)
    : findDeclared(capability, code) !== undefined;
  if (isSayable) return { result: toResult(reading.error), fault };
  const message = `An interceptor of ${capability.name} failed.`;
  return { result: toResult({ code: 'EAGENTRPC_HANDLER_ERROR', message }), fault: fault ?? reading.error };
}

/** A reading as those see it who stand around it. */
export function toVerdict(reading: Reading): Verdict {
  if ('data' in reading) return { status: 'ok', data: reading.data };
  const error = isAgentRpcError(reading.error) ? reading.error : new AgentRpcError(reading.error);
  return { status: error.status, error };
}
