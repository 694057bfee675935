import { AgentRpcError } from '../../errors.js';

/** What AWS calls a queue that is not there, in its two protocols. */
const MISSING_QUEUE = /QueueDoesNotExist|NonExistentQueue/;
const TAKEN_NAME = /QueueNameExists|QueueAlreadyExists/;
const THROTTLED = /Throttl|OverLimit|TooManyRequests|SlowDown/;
const FORBIDDEN = /AccessDenied|NotAuthorized|UnauthorizedOperation/;
/** There was nothing to sign with. */
const WITHOUT_KEYS = /Credentials|Token/;
/** Nothing has been sent when these are seen. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const TOO_MANY_REQUESTS = 429;
const RETRY_AFTER_MS = 200;

export const isMissingQueue = (error: unknown): boolean => MISSING_QUEUE.test(nameOf(error));
export const isTakenName = (error: unknown): boolean => TAKEN_NAME.test(nameOf(error));
export const isForbidden = (error: unknown): boolean => FORBIDDEN.test(nameOf(error));

/** Whether no answer came at all: the connection failed, and nothing is wrong with what was asked. */
export function isConnectionFailure(error: unknown): boolean {
  const name = nameOf(error);
  if (name === 'AbortError' || WITHOUT_KEYS.test(name)) return false;
  return statusOf(error) === undefined && read(error, '$fault') === undefined;
}

/** Why a message was not published, as its caller is told. `wasSent` says whether the request that failed had it in it. */
export function toPublishError(error: unknown, queue: string, wasSent: boolean): AgentRpcError {
  const name = nameOf(error);
  if (isMissingQueue(error)) {
    const message = `There is no queue ${queue}: nobody serves that agent here at present.`;
    return new AgentRpcError({ code: 'EAGENTRPC_NO_RESPONDER', message, cause: error });
  }
  if (THROTTLED.test(name) || statusOf(error) === TOO_MANY_REQUESTS) {
    const message = `SQS takes no more for ${queue} at present.`;
    return new AgentRpcError({
      code: 'EAGENTRPC_BUSY',
      message,
      details: { retryAfterMs: RETRY_AFTER_MS },
      cause: error,
    });
  }
  const executed = !wasSent || isRefusal(error) || isNeverSent(error) ? 'no' : 'maybe';
  const message = `SQS has not confirmed a message for ${queue} (${describe(error)}).`;
  return new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message, executed, cause: error });
}

/** A few words for a sentence: the name or code of an error, and never what a library says of its inside. */
export function describe(error: unknown): string {
  const code = read(error, 'code');
  if (typeof code === 'string' && /^[A-Z_]+$/.test(code)) return code;
  return nameOf(error) || 'unknown error';
}

/** An answer that cannot be read is none: the message may be in the queue. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined ? read(error, '$fault') === 'client' : status >= 400 && status < 500;
}

/** Where the time for the connection was up before there was one, the library gives no code. */
function isNeverSent(error: unknown): boolean {
  const code = read(error, 'code');
  if (typeof code === 'string') return NEVER_SENT.has(code);
  if (statusOf(error) === undefined && WITHOUT_KEYS.test(nameOf(error))) return true;
  return nameOf(error) === 'TimeoutError';
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function statusOf(error: unknown): number | undefined {
  const status = read(read(error, '$metadata'), 'httpStatusCode') ?? read(read(error, '$response'), 'statusCode');
  return typeof status === 'number' ? status : undefined;
}

function read(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
