import type { Executed, FailureStatus, Outcome } from '@declaragent/runtime';

/** How a call ended, as a model is told: data that it can act on. */
export type OutcomeReport =
  | { readonly status: 'ok'; readonly data: unknown }
  | {
      readonly status: FailureStatus;
      readonly code: string;
      readonly message: string;
      /** Whether the skill may have run. */
      readonly executed: Executed;
      readonly retryAfterMs?: number;
      readonly details?: unknown;
      /** What to do about it: one sentence. */
      readonly advice: string;
    };

export function reportOutcome(outcome: Outcome<unknown>, idempotent: boolean): OutcomeReport {
  if (outcome.status === 'ok') return { status: 'ok', data: outcome.data };
  const { status, error, executed } = outcome;
  const { code, message } = error;
  const details: unknown = error.details;
  const retryAfterMs = retryAfterOf(details);
  return {
    ...failureReport({ status, code, message, executed }, idempotent),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(details === undefined || retryAfterMs !== undefined ? {} : { details }),
  };
}

/** Why a call was not made, or how it failed. */
export interface CallFailure {
  readonly status: FailureStatus;
  readonly code: string;
  readonly message: string;
  readonly executed: Executed;
}

export function failureReport(failure: CallFailure, idempotent: boolean): OutcomeReport {
  return { ...failure, advice: adviceOn(failure, idempotent) };
}

function adviceOn({ status, code, executed }: CallFailure, idempotent: boolean): string {
  const mayRepeat = executed === 'no' || idempotent;
  switch (status) {
    case 'busy':
      return 'Nothing was done: ask once more after retryAfterMs, or say that the agent is busy.';
    case 'timeout':
      return mayRepeat
        ? 'No answer came in time: asking once more does no harm.'
        : 'No answer came in time, and it may have been done: do not ask again, and say so.';
    case 'abandoned':
      return 'The call was given up on this side: do not ask again, and say so.';
    case 'error':
      if (code === 'EAGENTRPC_PERMISSION_DENIED')
        return 'This is not allowed here: do not try another way, and say so.';
      if (code === 'EAGENTRPC_SCHEMA_VIOLATION' && executed === 'no') {
        return 'The payload breaks the schema: correct it by what details say, and ask again.';
      }
      return executed === 'no'
        ? 'Nothing was done: say what went wrong, and ask again only if something in the request can be corrected.'
        : 'It went wrong, and some of it may have been done: say what went wrong, and do not ask again unasked.';
    default:
      return status satisfies never;
  }
}

function retryAfterOf(details: unknown): number | undefined {
  if (typeof details !== 'object' || details === null) return undefined;
  const value: unknown = Reflect.get(details, 'retryAfterMs');
  return typeof value === 'number' ? value : undefined;
}
