import { type Cause, createHeaders, HOPS_HEADER, hopsOf, inheritTimeout, MAX_HOPS } from './cause.js';
import { type Clock, createUuid, type Random } from './clock.js';
import type { AgentAddress } from './contract.js';
import { watch } from './deadline.js';
import { reportHop } from './diagnostics.js';
import { type AgentRpcEnvelope, type EnvelopeLimits, encodeEnvelope, type Result } from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit, isAgentRpcError, type RuntimeCode } from './errors.js';
import type { InboundMessage } from './inbox.js';
import { MAX_PENDING, type PendingCalls } from './pending.js';
import type { Line, Routes } from './routes.js';
import type { OutgoingMessage } from './transport.js';

/** The ids that a message starts with. */
export interface MessageIds {
  readonly messageId: string;
  readonly correlationId: string;
}

/** A call as data: what generated clients make of their arguments. */
export interface OutgoingCall extends MessageIds {
  readonly to: AgentAddress;
  readonly capability: string;
  readonly payload: unknown;
  /** A whole number from 1 to 600,000, which the caller has made sure of. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
}

/** Sends what goes out. None of its promises rejects. */
export interface Outbox {
  request(call: OutgoingCall, cause: Cause | undefined): Promise<AgentRpcEnvelope | AgentRpcError>;
  notify(call: OutgoingCall, cause: Cause | undefined): Promise<AgentRpcError | undefined>;
  answer(message: InboundMessage, result: Result): Promise<void>;
}

export interface OutboxOptions {
  readonly agent: AgentAddress;
  readonly tenantId: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly pending: PendingCalls;
  readonly routes: Routes;
  /** Whether calls still go out: those that skills make go on while the bus waits for the skills. */
  readonly isOpen: (cause: Cause | undefined) => boolean;
}

/** A request or event, ready to be published. */
interface Prepared {
  readonly line: Line;
  readonly envelope: AgentRpcEnvelope;
  readonly message: OutgoingMessage;
  readonly timeoutMs: number;
}

type Init = AgentRpcErrorInit<RuntimeCode>;

export function createOutbox(options: OutboxOptions): Outbox {
  const { agent, tenantId, clock, random, pending, routes, isOpen } = options;

  /** Why a call is not sent at all. */
  const findObjection = (call: OutgoingCall, cause: Cause | undefined, timeoutMs: number): Init | undefined => {
    if (!isOpen(cause)) return { code: 'EAGENTRPC_ABANDONED', message: 'The bus is stopped.', executed: 'no' };
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
    cause: Cause | undefined,
  ): Prepared | AgentRpcError => {
    const timeoutMs = inheritTimeout(call.timeoutMs, cause, clock);
    const objection = findObjection(call, cause, timeoutMs);
    if (objection !== undefined) return fail(call, objection);
    const headers = createHeaders({ own: call.headers, cause, timeoutMs, random });
    if (hopsOf(headers) > MAX_HOPS) {
      return fail(call, { code: 'EAGENTRPC_LOOP', message: `The call is nested ${headers[HOPS_HEADER]} calls deep.` });
    }
    const { messageId, correlationId, to, capability, payload } = call;
    try {
      const { line, topics } = routes.routeTo(to);
      const envelope: AgentRpcEnvelope = {
        version: 1,
        kind,
        messageId,
        correlationId,
        causedBy: cause?.messageId,
        from: agent,
        to,
        capability,
        replyTo: kind === 'request' ? line.replyTo : undefined,
        deadline: clock.now() + timeoutMs,
        tenantId,
        headers,
        payload,
      };
      const bytes = encodeEnvelope(envelope, line.limits);
      const message = { topic: topics.requests, kind, bytes, messageId, correlationId, ttlMs: timeoutMs };
      return { line, envelope, timeoutMs, message };
    } catch (error) {
      return failAs(call, error);
    }
  };

  const publish = async ({ line, envelope, message }: Prepared): Promise<void> => {
    reportHop('sent', agent, clock.now(), envelope);
    await line.connection.publish(message);
  };

  const watchCall = (call: OutgoingCall, prepared: Prepared, settle: (error: AgentRpcError) => void): (() => void) =>
    watch(clock, prepared.timeoutMs, call.signal, (why) =>
      settle(fail(call, why === 'timeout' ? timeoutOf(prepared) : cancellationOf(call))),
    );

  return {
    request(call, cause) {
      return new Promise((resolve) => {
        const prepared = prepare('request', call, cause);
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

    notify(call, cause) {
      return new Promise((resolve) => {
        const prepared = prepare('event', call, cause);
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

    async answer({ envelope: asked, line, answerTopic }, result) {
      if (answerTopic === undefined) return;
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
      const verdict = result.ok ? undefined : { code: result.error.code };
      try {
        const bytes = encodeAnswer(envelope, line.limits);
        reportHop('answered', agent, clock.now(), envelope, verdict);
        await line.connection.publish({ topic: answerTopic, kind: 'response', bytes, messageId, correlationId });
      } catch (error) {
        reportHop('unanswered', agent, clock.now(), envelope, { ...verdict, error });
      }
    },
  };
}

/** Encodes an answer, or an answer that says why the one that was meant cannot be sent. */
function encodeAnswer(envelope: AgentRpcEnvelope, limits: EnvelopeLimits): Uint8Array {
  try {
    return encodeEnvelope(envelope, limits);
  } catch (error) {
    const reason = isAgentRpcError(error) ? error.message : 'It has no JSON form.';
    const message = `The result of ${envelope.capability} cannot be sent. ${reason}`;
    const payload: Result = { ok: false, error: { code: 'EAGENTRPC_HANDLER_ERROR', message } };
    return encodeEnvelope({ ...envelope, payload }, limits);
  }
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
