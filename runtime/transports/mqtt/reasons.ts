import { AgentRpcError, type Executed } from '../../errors.js';
import type { OutgoingMessage } from '../../transport.js';

/** The words of MQTT for its reason codes, which the client knows. */
export type ReasonWords = Readonly<Record<number, string>>;

/** Reason codes that mean more here than that something failed. */
export const NO_MATCHING_SUBSCRIBERS = 0x10;
export const FIRST_FAILURE = 0x80;
const QUOTA_EXCEEDED = 0x97;

/** How long a broker is left alone that has too much to do. */
const RETRY_AFTER_MS = 100;

/** Why a message was not taken, by the reason code that the broker gave; undefined where it was. */
export function findRefusal(
  { topic, kind }: OutgoingMessage,
  code: number,
  words: ReasonWords,
): AgentRpcError | undefined {
  if (code === NO_MATCHING_SUBSCRIBERS && kind !== 'response') {
    return new AgentRpcError({ code: 'EAGENTRPC_NO_RESPONDER', message: `Nobody listens on ${topic}.` });
  }
  if (code < FIRST_FAILURE) return undefined;
  if (code === QUOTA_EXCEEDED) return busy('The broker has as many messages as it takes.');
  return publishFailed(`The broker does not take a message to ${topic}: ${wordsOf(code, words)}.`, 'no');
}

export function wordsOf(code: number, words: ReasonWords): string {
  const text = words[code];
  return text === undefined || text === '' ? `reason ${code}` : `${text} (${code})`;
}

export function busy(message: string): AgentRpcError {
  return new AgentRpcError({ code: 'EAGENTRPC_BUSY', message, details: { retryAfterMs: RETRY_AFTER_MS } });
}

export function tooLarge(max: number): AgentRpcError {
  const message = `The broker takes packets of ${max} bytes at the most.`;
  return new AgentRpcError({ code: 'EAGENTRPC_TOO_LARGE', message, details: { limit: 'bytes', max } });
}

export function publishFailed(message: string, executed: Executed): AgentRpcError {
  return new AgentRpcError({ code: 'EAGENTRPC_PUBLISH_FAILED', message, executed });
}

/** A sentence about a connection that could not be made or is lost, from what the client says of it. */
export function explainLoss(place: string, error: Error | undefined, isOpen: boolean, words: ReasonWords): Error {
  const what = isOpen ? 'The connection to' : 'There is no connection to';
  const verb = isOpen ? ' is lost' : '';
  return new Error(`${what} the MQTT broker at ${place}${verb}: ${reasonOf(error, words)}.`, error && { cause: error });
}

function reasonOf(error: Error | undefined, words: ReasonWords): string {
  if (error === undefined) return 'it was closed';
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'number') return `the broker said ${wordsOf(code, words)}`;
  if (error.message === 'connack timeout') return 'the broker does not answer';
  if (error.message === 'Keepalive timeout') return 'the broker does not answer any more';
  if (typeof code === 'string') return error.message.includes(code) || error.message === '' ? code : error.message;
  return 'what was received is not MQTT 5';
}
