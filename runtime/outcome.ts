import type { CapabilityContract } from './contract.js';
import { type AgentRpcEnvelope, parseResult, type ResultError } from './envelope.js';
import {
  type AgentRpcError,
  type AgentRpcErrorInit,
  type Executed,
  errorCodes,
  type FailureStatus,
  isRuntimeCode,
  type RuntimeCode,
} from './errors.js';
import type { ViolationReport } from './validation.js';

/**
 * What can go wrong with a call: an error that its capability declares, with the details declared for it, or one of the
 * runtime's own. Comparing `code` tells which.
 */
export type CallError<Errors = unknown> =
  | { [Code in keyof Errors & string]: AgentRpcError<Code, Errors[Code]> }[keyof Errors & string]
  | AgentRpcError<RuntimeCode>;

/** How a call ended: it always does, and once. */
export type Outcome<Output, Errors = unknown> = Success<Output> | Failure<Errors>;

export interface Success<Output> {
  readonly status: 'ok';
  readonly data: Output;
  readonly correlationId: string;
  readonly messageId: string;
}

export interface Failure<Errors = unknown> {
  readonly status: FailureStatus;
  readonly error: CallError<Errors>;
  /** Whether the skill may have run. */
  readonly executed: Executed;
  readonly correlationId: string;
  readonly messageId: string;
}

/** Why a value that one side sends does not keep to the contract. */
export function violationOf(
  capability: CapabilityContract,
  side: 'input' | 'output',
  { violations, total }: ViolationReport,
): AgentRpcErrorInit<RuntimeCode> {
  const [first] = violations;
  const rest = total > 1 ? ` (and ${total - 1} more)` : '';
  const what = first === undefined ? 'breaks its schema' : `${first.path} ${first.message}`.trim();
  return {
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    message: `The ${side} of ${capability.name} is invalid: ${what}${rest}.`,
    executed: side === 'input' ? 'no' : 'yes',
    details: { side, violations, total },
  };
}

/** What a response says: its data, or what went wrong. Nothing in it is believed before it is checked. */
export type Reading = { readonly data: unknown } | { readonly error: AgentRpcErrorInit };

/** Reads the response to a call of `capability`. */
export function readResponse(capability: CapabilityContract, { payload, from }: AgentRpcEnvelope): Reading {
  const result = parseResult(payload);
  if (result === undefined) {
    const message = `${from} answered ${capability.name} with something that is no result.`;
    const problems = [{ path: '/payload', message: 'must be {"ok":true,"data":…} or {"ok":false,"error":…}' }];
    return { error: { code: 'EAGENTRPC_INVALID_ENVELOPE', message, executed: 'maybe', details: { problems } } };
  }
  if (!result.ok) return { error: readError(capability, result.error) };
  const report = capability.output.check(result.data);
  return report === null ? { data: result.data } : { error: violationOf(capability, 'output', report) };
}

function readError(capability: CapabilityContract, error: ResultError): AgentRpcErrorInit {
  const { code, message, details } = error;
  const declared = findDeclared(capability, code);
  if (declared !== undefined) {
    if (declared.details === undefined) return { code, message };
    const report = declared.details.check(details);
    return report === null ? { code, message, details } : violationOf(capability, 'output', report);
  }
  if (!isRuntimeCode(code) || !errorCodes[code].answered) {
    // The skill may have run or not: a code that nobody here knows does not say.
    return { code: 'EAGENTRPC_HANDLER_ERROR', message, executed: 'maybe', details: { code, details } };
  }
  const isOutput = code === 'EAGENTRPC_SCHEMA_VIOLATION' && (details as { side?: unknown } | null)?.side !== 'input';
  return isOutput ? { code, message, details, executed: 'yes' } : { code, message, details };
}

/** What a capability says about an error that it declares; undefined for all that it does not. */
export function findDeclared(
  { errors }: CapabilityContract,
  code: string,
): { readonly details?: { check(value: unknown): ViolationReport | null } } | undefined {
  const declared = errors as { readonly [code: string]: { details?: { check(v: unknown): ViolationReport | null } } };
  return Object.hasOwn(declared, code) ? declared[code] : undefined;
}
