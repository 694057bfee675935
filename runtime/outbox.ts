import type { AgentAddress } from './address.js';
import type { Authenticator } from './auth.js';
import type { Caller, MessageIds, OutgoingCall } from './caller.js';
import type { Clock, Random } from './clock.js';
import { watch } from './deadline.js';
import { readDetails } from './details.js';
import { reportHop } from './diagnostics.js';
import type { AgentRpcEnvelope } from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit, isAgentRpcError, type RuntimeCode } from './errors.js';
import { createHeaders, HOPS_HEADER, hopsOf, inheritTimeout, MAX_HOPS, type ParentCall } from './parent.js';
import { MAX_PENDING, type PendingCall, type PendingCalls } from './pending.js';
import type { CallEnd } from './retry.js';
import type { ConnectedTransport, Routes } from './routes.js';

/** Sends requests and events. None of its promises rejects. */
export interface Outbox {
  request(call: OutgoingCall, parent: ParentCall | undefined): Promise<CallEnd>;
  notify(call: OutgoingCall, parent: ParentCall | undefined): Promise<AgentRpcError | undefined>;
  /** What {@link Caller} promises. */
  guard(call: OutgoingCall, parent: ParentCall | undefined, onEnd: (error: AgentRpcError) => void): () => void;
  /** Ends the calls whose answers would have come by a connection that is lost. */
  loseReplies(via: ConnectedTransport, cause: Error): void;
  /** Ends every call. */
  abandonAll(): void;
}

export interface OutboxOptions {
  readonly agent: AgentAddress;
  readonly tenantId: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly pending: PendingCalls;
  readonly routes: Routes;
  readonly encode: Authenticator['encode'];
  /** Whether calls still go out: those that skills make go on while the bus waits for the skills. */
  readonly isOpen: (parent: ParentCall | undefined) => boolean;
}

/** A request or event, ready to be published. */
interface Prepared {
  readonly via: ConnectedTransport;
  readonly envelope: AgentRpcEnvelope;
  readonly topic: string;
  readonly ttlMs: number;
  /** A promise only where a token for it has to be fetched. */
  readonly bytes: Uint8Array | Promise<Uint8Array>;
}

type Init = AgentRpcErrorInit<RuntimeCode>;
type End = (end: CallEnd | undefined) => void;

export function createOutbox(options: OutboxOptions): Outbox {
  const { agent, tenantId, clock, random, pending, routes, encode, isOpen } = options;
  const guards = new Map<(error: AgentRpcError) => void, OutgoingCall>();

  /** Why a call is not sent at all. */
  const findObjection = (call: OutgoingCall, parent: ParentCall | undefined, timeoutMs: number): Init | undefined => {
    if (!isOpen(parent)) return { code: 'EAGENTRPC_ABANDONED', message: 'The bus is stopped.', executed: 'no' };
    if (call.signal?.aborted) return { ...cancellationOf(call), executed: 'no' };
    if (timeoutMs < 1) {
      const message = `The time of the request that calls ${call.capability} is up.`;
      return { code: 'EAGENTRPC_DEADLINE_EXCEEDED', message };
    }
    return undefined;
  };

  const prepare = (
    kind: 'request' | 'event',
    call: OutgoingCall,
    parent: ParentCall | undefined,
    timeoutMs: number,
  ): Prepared | AgentRpcError => {
    const headers = createHeaders({ own: call.headers, parent, timeoutMs, random });
    if (hopsOf(headers) > MAX_HOPS) {
      return fail(call, { code: 'EAGENTRPC_LOOP', message: `The call is nested ${headers[HOPS_HEADER]} calls deep.` });
    }
    const { messageId, correlationId, to, capability, payload } = call;
    try {
      const { via, topics } = routes.routeTo(to);
      if (via.lost !== undefined) return fail(call, lossOf(via, via.lost));
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
        tenantId: tenantId ?? parent?.tenantId,
        headers,
        payload,
      };
      return { via, envelope, topic: topics.requests, ttlMs: timeoutMs, bytes: encode(envelope, via.limits) };
    } catch (error) {
      return failAs(call, error);
    }
  };

  const send = ({ via, envelope, topic, ttlMs }: Prepared, bytes: Uint8Array): Promise<void> => {
    const { kind, messageId, correlationId } = envelope;
    reportHop('sent', agent, clock, envelope, undefined, envelope.payload);
    return via.connection.publish({ topic, kind, bytes, messageId, correlationId, ttlMs });
  };

  const publish = (prepared: Prepared, isWanted: () => boolean): Promise<void> => {
    const { bytes } = prepared;
    if (bytes instanceof Promise) return bytes.then((encoded) => (isWanted() ? send(prepared, encoded) : undefined));
    try {
      return send(prepared, bytes);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const watchCall = (
    kind: 'request' | 'event',
    call: OutgoingCall,
    timeoutMs: number,
    settle: (error: AgentRpcError) => void,
  ): (() => void) =>
    watch(clock, timeoutMs, call.signal, (why) =>
      settle(fail(call, why === 'timeout' ? timeoutOf(kind, call, timeoutMs) : cancellationOf(call))),
    );

  /** An event ends with undefined when the broker has it. */
  const start = (kind: 'request' | 'event', call: OutgoingCall, parent: ParentCall | undefined, resolve: End): void => {
    const timeoutMs = inheritTimeout(call.timeoutMs, parent, clock);
    const objection = findObjection(call, parent, timeoutMs);
    if (objection !== undefined) {
      resolve(fail(call, objection));
      return;
    }
    let isSettled = false;
    let endRetries: (() => void) | undefined;
    const settle = (end: CallEnd | undefined): void => {
      isSettled = true;
      pending.remove(waiting);
      unwatch();
      endRetries?.();
      resolve(end);
    };
    const { messageId, correlationId, to, capability } = call;
    const waiting: PendingCall = {
      messageId,
      correlationId,
      to,
      capability,
      tenantId: tenantId ?? parent?.tenantId,
      via: undefined,
      take: settle,
      settle,
    };

    const send = (outgoing: OutgoingCall, leftMs: number, take: PendingCall['take']): void => {
      const prepared = prepare(kind, outgoing, parent, leftMs);
      if (prepared instanceof AgentRpcError) {
        take(prepared);
        return;
      }
      waiting.via = prepared.via;
      publish(prepared, () => !isSettled).then(
        kind === 'event' ? () => settle(undefined) : undefined,
        (error: unknown) => take(failAs(call, error)),
      );
    };

    if (kind === 'request' && !pending.add(waiting)) {
      const message = `${MAX_PENDING} calls of this bus already wait for their answers.`;
      resolve(fail(call, { code: 'EAGENTRPC_BUSY', message }));
      return;
    }
    const unwatch = watchCall(kind, call, timeoutMs, settle);
    if (call.retry === undefined || kind === 'event') {
      send(call, timeoutMs, settle);
      return;
    }
    // Made once: all attempts are one span of the trace.
    const outgoing = { ...call, headers: createHeaders({ own: call.headers, parent, timeoutMs, random }) };
    endRetries = call.retry({
      clock,
      random,
      timeoutMs,
      send(leftMs, take) {
        waiting.take = take;
        send(outgoing, leftMs, take);
      },
      pause() {
        waiting.via = undefined;
      },
      hasEnded: () => isSettled,
      settle,
    });
  };

  return {
    request: (call, parent) => new Promise((resolve) => start('request', call, parent, resolve as End)),
    notify: (call, parent) => new Promise((resolve) => start('event', call, parent, resolve as End)),

    guard(call, parent, onEnd) {
      const timeoutMs = Math.max(0, inheritTimeout(call.timeoutMs, parent, clock));
      const leave = (): void => {
        guards.delete(end);
        unwatch();
      };
      const end = (error: AgentRpcError): void => {
        leave();
        onEnd(error);
      };
      const unwatch = watchCall('request', call, timeoutMs, end);
      guards.set(end, call);
      return leave;
    },

    loseReplies(via, cause) {
      const message = 'The connection for the answer was lost.';
      for (const call of pending.all()) {
        if (call.via === via) call.take(fail(call, { code: 'EAGENTRPC_CONNECTION_LOST', message, cause }));
      }
    },

    abandonAll() {
      for (const call of pending.all()) call.settle(abandonmentOf(call));
      for (const [end, call] of guards) end(abandonmentOf(call));
    },
  };
}

function timeoutOf(kind: 'request' | 'event', { to, capability }: OutgoingCall, timeoutMs: number): Init {
  const missing = kind === 'request' ? `${to} did not answer` : 'The broker did not take';
  return { code: 'EAGENTRPC_TIMEOUT', message: `${missing} ${capability} within ${timeoutMs} ms.` };
}

function cancellationOf({ signal }: OutgoingCall): Init {
  return { code: 'EAGENTRPC_CANCELLED', message: 'The call was cancelled.', cause: signal?.reason };
}

function lossOf({ transport }: ConnectedTransport, cause: Error): Init {
  const message = `The connection by ${transport.kind} is lost.`;
  return { code: 'EAGENTRPC_PUBLISH_FAILED', message, cause };
}

function fail({ messageId, correlationId }: MessageIds, init: AgentRpcErrorInit): AgentRpcError {
  return new AgentRpcError({ ...init, messageId, correlationId });
}

/** What was thrown, with the ids of the call. What is no AgentRpcError says nothing about what was sent. */
function failAs(ids: MessageIds, error: unknown): AgentRpcError {
  if (isAgentRpcError(error)) {
    const { code, message, executed, details, cause } = error;
    return fail(ids, { code, message, executed, details: readDetails(code, details), cause });
  }
  const message = 'The transport failed to publish.';
  return fail(ids, { code: 'EAGENTRPC_PUBLISH_FAILED', message, executed: 'maybe', cause: error });
}

/** Why a call that still waits ends when its bus is stopped. */
function abandonmentOf(ids: MessageIds & { readonly capability: string }): AgentRpcError {
  const message = `The bus was stopped while ${ids.capability} had no answer.`;
  return fail(ids, { code: 'EAGENTRPC_ABANDONED', message });
}
