import type { AgentAddress } from './address.js';
import type { Authenticator } from './auth.js';
import type { MessageIds } from './caller.js';
import { type Clock, createUuid, type Random } from './clock.js';
import { type HopVerdict, reportHop } from './diagnostics.js';
import type { AgentRpcEnvelope } from './envelope.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import type { InboundMessage } from './inbox.js';
import { type Result, toResult } from './result.js';

/** Publishes answers. None of its promises rejects. */
export interface Answers {
  /** Undefined for an event, which is not answered. */
  answer(message: InboundMessage, result: Result): Promise<SentAnswer | undefined>;
  /** Resolves when no answer is on its way. */
  answersSent(): Promise<void>;
}

/** What became of an answer. */
export interface SentAnswer {
  /** What was published; undefined where it could not even be encoded. */
  readonly bytes: Uint8Array | undefined;
  /** What the answer says went wrong. */
  readonly code: string | undefined;
  /** Why it is not the answer that was meant, if so. */
  readonly replaced: AgentRpcError | undefined;
  /** Why the broker does not have it, if so. */
  readonly error: unknown;
}

export interface AnswersOptions {
  readonly agent: AgentAddress;
  readonly clock: Clock;
  readonly random: Random;
  readonly encode: Authenticator['encode'];
}

export function createAnswers({ agent, clock, random, encode }: AnswersOptions): Answers {
  let underWay = 0;
  let onSent = (): void => {};

  const answer: Answers['answer'] = async ({ envelope: asked, via, delivery, answerTopic: topic }, result) => {
    if (topic === undefined) return undefined;
    underWay++;
    const { correlationId, capability } = asked;
    const messageId = createUuid(clock, random);
    const envelope: AgentRpcEnvelope = {
      version: 1,
      kind: 'response',
      messageId,
      correlationId,
      causedBy: asked.messageId,
      from: agent,
      to: asked.from,
      capability,
      tenantId: asked.tenantId,
      payload: result,
    };
    let encoded: EncodedAnswer | undefined;
    let bytes: Uint8Array | undefined;
    let error: unknown;
    try {
      encoded = encodeAnswer(envelope, asked, result, (answer) => encode(answer, via.limits));
      bytes = encoded.bytes instanceof Promise ? await encoded.bytes : encoded.bytes;
      reportHop('answered', agent, clock, envelope, encoded.verdict, encoded.payload);
      await via.connection.publish({ topic, kind: 'response', bytes, messageId, correlationId, inReplyTo: delivery });
    } catch (thrown) {
      error = thrown;
      reportHop('unanswered', agent, clock, envelope, { ...encoded?.verdict, error });
    }
    if (--underWay === 0) onSent();
    return { bytes, code: encoded?.verdict?.code, replaced: encoded?.replaced, error };
  };

  return {
    answer,

    async answersSent() {
      // Who has waited before waits no longer: it is one service that asks, and its time was up.
      while (underWay > 0) {
        await new Promise<void>((resolve) => {
          onSent = resolve;
        });
      }
    },
  };
}

/** An answer as bytes. */
interface EncodedAnswer {
  readonly bytes: Uint8Array | Promise<Uint8Array>;
  readonly payload: Result;
  readonly verdict: HopVerdict | undefined;
  /** Why it is not the one that was meant, if so. */
  readonly replaced?: AgentRpcError;
}

/** Encodes an answer, or one that says why the one that was meant cannot be sent. */
function encodeAnswer(
  envelope: AgentRpcEnvelope,
  asked: MessageIds,
  result: Result,
  encode: (answer: AgentRpcEnvelope) => EncodedAnswer['bytes'],
): EncodedAnswer {
  try {
    if (result.ok && isLeftOut(result.data)) throw new TypeError('JSON leaves it out.');
    const verdict = result.ok ? undefined : { code: result.error.code };
    return { bytes: encode(envelope), payload: result, verdict };
  } catch (cause) {
    const reason = isAgentRpcError(cause) ? cause.message : 'It has no JSON form.';
    const message = `The result of ${envelope.capability} cannot be sent. ${reason}`;
    const { messageId, correlationId } = asked;
    const init = { code: 'EAGENTRPC_HANDLER_ERROR', message, cause, messageId, correlationId };
    const replaced = new AgentRpcError(init);
    const payload = toResult(replaced);
    return { bytes: encode({ ...envelope, payload }), payload, verdict: { code: replaced.code }, replaced };
  }
}

/** Whether JSON has no way to write `data` and says nothing of it, as with a function or a symbol. */
function isLeftOut(data: unknown): boolean {
  // Most results are not written twice: only a toJSON makes an object vanish.
  if (typeof data === 'string' || (typeof data === 'object' && (data === null || !('toJSON' in data)))) return false;
  return JSON.stringify(data) === undefined;
}
