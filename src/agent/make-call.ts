import { type Caller, createCall, errorCodes, type RuntimeCode } from '@declaragent/runtime';
import type { Fence } from './fence.js';
import { failureReport, type OutcomeReport, reportOutcome } from './outcome-report.js';
import type { PeerCapability } from './peer.js';
import { callKey, type Permissions } from './permissions.js';
import type { ToolAnswer } from './tool.js';

/** What a call is made with; a model has a say in none of it. */
export interface CallScope {
  /** The bus, or the `ctx.bus` of the skill that is run. */
  readonly caller: Caller;
  /** Of all calls that are made for one line at the prompt; a skill's are those of the call that it runs for. */
  readonly correlationId?: string;
  readonly signal: AbortSignal;
  /** Until when, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly permissions: Permissions;
  readonly fence: Fence;
  readonly observer?: CallObserver;
}

export interface CallObserver {
  /** A call is made; the function that is returned is called when it has ended. */
  readonly onCall?: (call: { to: string; capability: string; deadline: number }) => () => void;
}

export type CallMode = 'sync' | 'async' | 'fire-and-forget';

export interface CallRequest {
  readonly peer: PeerCapability;
  readonly payload: unknown;
  readonly timeoutMs?: number | undefined;
  readonly mode: CallMode;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** Makes a call that a model asks for, if it may. How it ends is the answer, whatever that is. */
export async function makeCall(request: CallRequest, scope: CallScope): Promise<ToolAnswer> {
  const { contract, capability } = request.peer;
  if (!scope.permissions.allows(callKey(contract.agent, capability.name))) {
    const message = `This agent may not call ${capability.name} of ${contract.agent}.`;
    return refuseCall('EAGENTRPC_PERMISSION_DENIED', message, scope.fence);
  }
  const timeLeft = Math.floor(scope.deadline - scope.caller.clock.now());
  if (timeLeft < 1) return refuseCall('EAGENTRPC_DEADLINE_EXCEEDED', 'The time was up before the call.', scope.fence);
  const timeoutMs = Math.min(request.timeoutMs ?? capability.timeoutMs ?? DEFAULT_TIMEOUT_MS, timeLeft);
  const { correlationId, signal } = scope;
  const options = { timeoutMs, signal, ...(correlationId === undefined ? {} : { correlationId }) };
  const call = createCall(scope.caller, contract, capability);
  const source = `answer of ${contract.agent} to ${capability.name}`;
  const deadline = scope.caller.clock.now() + timeoutMs;
  const start = (): (() => void) | undefined =>
    scope.observer?.onCall?.({ to: contract.agent, capability: capability.name, deadline });

  // JSON has no undefined, and a model that leaves the payload out means nothing by it.
  const payload = request.payload ?? null;

  switch (request.mode) {
    case 'sync': {
      const end = start();
      const outcome = await call.outcome(payload, options).finally(() => end?.());
      return toAnswer(reportOutcome(outcome, capability.idempotent), source, scope.fence);
    }
    case 'async': {
      const { messageId, outcome } = await call.start(payload, options);
      const later = outcome.then((known) => {
        const report = { messageId, ...reportOutcome(known, capability.idempotent) };
        return scope.fence.block(source, report);
      });
      const started = { status: 'started', messageId, advice: 'Its outcome is told when this turn has ended.' };
      return { text: scope.fence.block(source, started), data: started, later };
    }
    case 'fire-and-forget': {
      const sent = await call.notify(payload, options).then(
        () => ({ status: 'sent', advice: 'It is with the broker, and nobody will answer.' }),
        (error: unknown) => notSent(error),
      );
      return { text: scope.fence.block(source, sent), data: sent, isError: sent.status !== 'sent' };
    }
    default:
      return request.mode satisfies never;
  }
}

function notSent(error: unknown): { status: string; message: string } {
  return { status: 'error', message: error instanceof Error ? error.message : 'It was not sent.' };
}

/** The answer to a call that is not made. */
export function refuseCall(code: RuntimeCode, message: string, fence: Fence): ToolAnswer {
  const { status } = errorCodes[code];
  return toAnswer(failureReport({ status, code, message, executed: 'no' }, false), 'refusal', fence);
}

function toAnswer(report: OutcomeReport, source: string, fence: Fence): ToolAnswer {
  return { text: fence.block(source, report), data: report, isError: report.status !== 'ok' };
}
