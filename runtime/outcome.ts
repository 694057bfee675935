import { type CapabilityContract, findDeclared, violationOf } from './contract.js';
import { readDetails } from './details.js';
import type { AgentRpcEnvelope } from './envelope.js';
import {
  type AgentRpcError,
  type AgentRpcErrorInit,
  type Executed,
  errorCodes,
  type FailureStatus,
  isRuntimeCode,
  type RuntimeError,
  type SchemaViolationDetails,
} from './errors.js';
import { parseResult, type ResultError } from './result.js';

/**
 * What can go wrong with a call: an error that its capability declares, with the details declared for it, or one of the
 * runtime's own. Comparing `code` tells which.
 */
export type CallError<Errors = unknown> =
  | { [Code in keyof Errors & string]: AgentRpcError<Code, Errors[Code]> }[keyof Errors & string]
  | RuntimeError;

/** How a call ended: it always does, and once. */
export type Outcome<Output, Errors = unknown> = Success<Output> | Failure<Errors>;

/** A call that was answered with its output. */
export interface Success<Output> {
  readonly status: 'ok';
  /** The output, which the schema has been held against. */
  readonly data: Output;
  readonly correlationId: string;
  readonly messageId: string;
}

/** A call that was not answered with its output, and why. */
export interface Failure<Errors = unknown> {
  /** `busy` and `timeout` may go better later; `abandoned` is this side's own doing; `error` is all the rest. */
  readonly status: FailureStatus;
  /** Why; its `code` tells what its `details` are. */
  readonly error: CallError<Errors>;
  /** Whether the skill may have run. */
  readonly executed: Executed;
  readonly correlationId: string;
  readonly messageId: string;
}

/** What a response says: its data, or what went wrong. Nothing in it is believed before it is checked. */
export type Reading = ({ readonly data: unknown } | { readonly error: AgentRpcErrorInit | AgentRpcError }) & {
  /** The payload of the response, where there was one. */
  readonly payload?: unknown;
};

/** Reads the response to a call of `capability`. */
export function readResponse(capability: CapabilityContract, { payload, from }: AgentRpcEnvelope): Reading {
  const result = parseResult(payload);
  if (result === undefined) {
    const problem = { path: '/payload', message: 'is not a result' };
    const message = `What ${from} answered to ${capability.name} ${problem.message}.`;
    return {
      error: { code: 'EAGENTRPC_INVALID_ENVELOPE', message, executed: 'maybe', details: { problems: [problem] } },
      payload,
    };
  }
  if (!result.ok) return { error: readError(capability, result.error), payload };
  const report = capability.output.findViolations(result.data);
  return report === null
    ? { data: result.data, payload }
    : { error: violationOf(capability, 'output', report), payload };
}

/** Reads what a response says went wrong. */
export function readError(capability: CapabilityContract, error: ResultError): AgentRpcErrorInit {
  const { code, message, details } = error;
  const declared = findDeclared(capability, code);
  if (declared !== undefined) {
    if (declared.details === undefined) return { code, message };
    const report = declared.details.findViolations(details);
    return report === null ? { code, message, details } : violationOf(capability, 'output', report);
  }
  if (!isRuntimeCode(code) || !errorCodes[code].fromReceiver) {
    // The skill may have run or not: a code that nobody here knows does not say.
    return { code: 'EAGENTRPC_HANDLER_ERROR', message, executed: 'maybe', details: { code, details } };
  }
  const init = { code, message, details: readDetails(code, details) };
  const isOutput = code === 'EAGENTRPC_SCHEMA_VIOLATION' && (init.details as SchemaViolationDetails).side !== 'input';
  return isOutput ? { ...init, executed: 'yes' } : init;
}
