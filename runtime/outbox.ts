import type { AgentAddress } from './address.js';
import type { MessageIds, OutgoingCall } from './caller.js';
import { type Clock, createUuid, type Random } from './clock.js';
import { watch } from './deadline.js';
import { type HopVerdict, reportHop } from './diagnostics.js';
import { type AgentRpcEnvelope, type EnvelopeLimits, encodeEnvelope } from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit, isAgentRpcError, type RuntimeCode } from './errors.js';
import type { InboundMessage } from './inbox.js';
import { createHeaders, HOPS_HEADER, hopsOf, inheritTimeout, MAX_HOPS, type ParentCall } from './parent.js';
import { MAX_PENDING, type PendingCalls } from './pending.js';
import { type Result, toResult } from './result.js';
import type { ConnectedTransport, Routes } from './routes.js';
import type { OutgoingMessage } from './transport.js';

/** Sends what goes out. None of its promises rejects. */
export interface Outbox {
  request(call: OutgoingCall, parent: ParentCall | undefined): Promise<AgentRpcEnvelope | AgentRpcError>;
  notify(call: OutgoingCall, parent: ParentCall | undefined): Promise<AgentRpcError | undefined>;
  /** Resolves with why another answer had to take the place of this one, if so. */
  answer(message: InboundMessage, result: Result): Promise<AgentRpcError | undefined>;
  /** Resolves when no answer is on its way. */
  answersSent(): Promise<void>;
}

export interface OutboxOptions {
  readonly agent: AgentAddress;
  readonly tenantId: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly pending: PendingCalls;
  readonly routes: Routes;
  /** Whether calls still go out: those that skills make go on while the bus waits for the skills. */
  readonly isOpen: (parent: ParentCall | undefined) => boolean;
}

/** A request or event, ready to be published. */
interface Prepared {
  readonly via: ConnectedTransport;
  readonly envelope: AgentRpcEnvelope;
  readonly message: OutgoingMessage;
  readonly timeoutMs: number;
}

type Init = AgentRpcErrorInit<RuntimeCode>;

export function createOutbox(options: OutboxOptions): Outbox {
  const { agent, tenantId, clock, random, pending, routes, isOpen } = options;

  /** Why a call is not sent at all. */
  const findObjection = (call: OutgoingCall, parent: ParentCall | undefined, timeoutMs: number): Init | undefined => {
    if (!isOpen(parent)) return { code: 'EAGENTRPC_ABANDONED', message: 'The bus is stopped.', executed: 'no' };
    if (call.signal?.aborted) {
      const message = 'The call was cancelled before it was sent.';
      return { code: 'EAGENTRPC_CANCELLED', message, executed: 'no', cause: call.signal.reason };
    }
    if (timeoutMs < 1) {
      const message = `The time of the request that ${call.capability} is called for is up.`;
      return { code: 'EAGENTRPC_DEADLINE_EXCEEDED', message };
    }
    return undefined;
  };

  const prepare = (
    kind: 'request' | 'event',
    call: OutgoingCall,
    parent: ParentCall | undefined,
  ): Prepared | AgentRpcError => {
    const timeoutMs = inheritTimeout(call.timeoutMs, parent, clock);
    const objection = findObjection(call, parent, timeoutMs);
    if (objection !== undefined) return fail(call, objection);
    const headers = createHeaders({ own: call.headers, parent, timeoutMs, random });
    if (hopsOf(headers) > MAX_HOPS) {
      return fail(call, { code: 'EAGENTRPC_LOOP', message: `The call is nested ${headers[HOPS_HEADER]} calls deep.` });
    }
    const { messageId, correlationId, to, capability, payload } = call;
    try {
      const { via, topics } = routes.routeTo(to);
      const envelope: AgentRpcEnvelope = {
        version: 1,
        kind,
        messageId,
        correlationId,
        causedBy: parent?.messageId,
        from: agent,
        to,
        capability,
        replyTo: kind === 'request' ? via.replyTo : undefined,
        deadline: clock.now() + timeoutMs,
        tenantId,
        headers,
        payload,
      };
      const bytes = encodeEnvelope(envelope, via.limits);
      const message = { topic: topics.requests, kind, bytes, messageId, correlationId, ttlMs: timeoutMs };
      return { via, envelope, timeoutMs, message };
    } catch (error) {
      return failAs(call, error);
    }
  };

  const publish = async ({ via, envelope, message }: Prepared): Promise<void> => {
    reportHop('sent', agent, clock.now(), envelope);
    await via.connection.publish(message);
  };

  const watchCall = (call: OutgoingCall, prepared: Prepared, settle: (error: AgentRpcError) => void): (() => void) =>
    watch(clock, prepared.timeoutMs, call.signal, (why) =>
      settle(fail(call, why === 'timeout' ? timeoutOf(prepared) : cancellationOf(call))),
    );

  const answers = new Set<Promise<unknown>>();

  const sendAnswer = async (
    { envelope: asked, via }: InboundMessage,
    topic: string,
    result: Result,
  ): Promise<AgentRpcError | undefined> => {
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
    };
    let encoded: EncodedAnswer | undefined;
    try {
      encoded = encodeAnswer(envelope, asked, result, via.limits);
      reportHop('answered', agent, clock.now(), envelope, encoded.verdict);
      await via.connection.publish({ topic, kind: 'response', bytes: encoded.bytes, messageId, correlationId });
    } catch (error) {
      reportHop('unanswered', agent, clock.now(), envelope, { ...encoded?.verdict, error });
    }
    return encoded?.replaced;
  };

  return {
    request(call, parent) {
      return new Promise((resolve) => {
        const prepared = prepare('request', call, parent);
        if (prepared instanceof AgentRpcError) return resolve(prepared);
        const settle = (end: AgentRpcEnvelope | AgentRpcError): void => {
          pending.remove(waiting);
          unwatch();
          resolve(end);
        };
        const { messageId, correlationId, to, capability } = call;
        const waiting = { messageId, correlationId, to, capability, settle };
        if (!pending.add(waiting)) {
          const message = `${MAX_PENDING} calls of this bus already wait for their answers.`;
          return resolve(fail(call, { code: 'EAGENTRPC_BUSY', message }));
        }
        const unwatch = watchCall(call, prepared, settle);
        publish(prepared).catch((error: unknown) => settle(failAs(call, error)));
      });
    },

    notify(call, parent) {
      return new Promise((resolve) => {
        const prepared = prepare('event', call, parent);
        if (prepared instanceof AgentRpcError) return resolve(prepared);
        const settle = (end: AgentRpcError | undefined): void => {
          unwatch();
          resolve(end);
        };
        const unwatch = watchCall(call, prepared, settle);
        publish(prepared).then(
          () => settle(undefined),
          (error: unknown) => settle(failAs(call, error)),
        );
      });
    },

    answer(message, result) {
      if (message.answerTopic === undefined) return Promise.resolve(undefined);
      const sending = sendAnswer(message, message.answerTopic, result);
      answers.add(sending);
      void sending.then(() => answers.delete(sending));
      return sending;
    },

    async answersSent() {
      while (answers.size > 0) await Promise.all(answers);
    },
  };
}

/** An answer as bytes. */
interface EncodedAnswer {
  readonly bytes: Uint8Array;
  readonly verdict: HopVerdict | undefined;
  /** Why it is not the one that was meant, if so. */
  readonly replaced?: AgentRpcError;
}

/** Encodes an answer, or one that says why the one that was meant cannot be sent. */
function encodeAnswer(
  envelope: AgentRpcEnvelope,
  asked: MessageIds,
  result: Result,
  limits: EnvelopeLimits,
): EncodedAnswer {
  try {
    if (result.ok && isLeftOut(result.data)) throw new TypeError('JSON leaves it out.');
    const verdict = result.ok ? undefined : { code: result.error.code };
    return { bytes: encodeEnvelope({ ...envelope, payload: result }, limits), verdict };
  } catch (cause) {
    const reason = isAgentRpcError(cause) ? cause.message : 'It has no JSON form.';
    const message = `The result of ${envelope.capability} cannot be sent. ${reason}`;
    const replaced = fail(asked, { code: 'EAGENTRPC_HANDLER_ERROR', message, cause });
    const bytes = encodeEnvelope({ ...envelope, payload: toResult(replaced) }, limits);
    return { bytes, verdict: { code: replaced.code }, replaced };
  }
}

/** Whether JSON has no way to write `data` and says nothing of it, as with a function or a symbol. */
function isLeftOut(data: unknown): boolean {
  // Most results are not written twice: only a toJSON makes an object vanish.
  if (typeof data === 'string' || (typeof data === 'object' && (data === null || !('toJSON' in data)))) return false;
  return JSON.stringify(data) === undefined;
}

function timeoutOf({ timeoutMs, envelope: { kind, to, capability } }: Prepared): Init {
  const missing = kind === 'request' ? `${to} did not answer` : 'The broker did not take';
  return { code: 'EAGENTRPC_TIMEOUT', message: `${missing} ${capability} within ${timeoutMs} ms.` };
}

function cancellationOf({ signal }: OutgoingCall): Init {
  return { code: 'EAGENTRPC_CANCELLED', message: 'The call was cancelled.', cause: signal?.reason };
}

function fail({ messageId, correlationId }: MessageIds, init: AgentRpcErrorInit): AgentRpcError {
  return new AgentRpcError({ ...init, messageId, correlationId });
}

/** What was thrown, with the ids of the call. What is no AgentRpcError says nothing about what was sent. */
function failAs(ids: MessageIds, error: unknown): AgentRpcError {
  if (isAgentRpcError(error)) {
    const { code, message, executed, details, cause } = error;
    return fail(ids, { code, message, executed, details, cause });
  }
  const message = 'The transport failed while it published the message.';
  return fail(ids, { code: 'EAGENTRPC_PUBLISH_FAILED', message, executed: 'maybe', cause: error });
}

/** Why a call that still waits ends when its bus is stopped. */
export function abandonmentOf(ids: MessageIds & { readonly capability: string }): AgentRpcError {
  const message = `The bus was stopped while ${ids.capability} had no answer.`;
  return fail(ids, { code: 'EAGENTRPC_ABANDONED', message });
}
