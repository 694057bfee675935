import { type Cause, createHeaders, HOPS_HEADER, hopsOf, inheritTimeout, MAX_HOPS } from './cause.js';
import { type Clock, createUuid, type Random, systemClock, systemRandom, toHex } from './clock.js';
import type { AgentAddress } from './contract.js';
import { DEFAULT_CLOCK_SKEW_MS, DEFAULT_GRACE_MS, watch } from './deadline.js';
import { reportHop } from './diagnostics.js';
import {
  type AgentRpcEnvelope,
  defaultLimits,
  type EnvelopeLimits,
  encodeEnvelope,
  isAgentAddress,
  isTenantId,
  type Result,
} from './envelope.js';
import { AgentRpcError, type AgentRpcErrorInit, isAgentRpcError } from './errors.js';
import { createInbox, type InboundMessage, type Receiver } from './inbox.js';
import { createPendingCalls, MAX_PENDING } from './pending.js';
import { createRoutes, type Line, type Peer, type Route } from './routes.js';
import { type OutgoingMessage, type Subscription, type Transport, topicsOf } from './transport.js';

/** What a bus is made from. */
export interface BusOptions {
  readonly agent: AgentAddress;
  /** One or more. The agent's own service is reached on the first; peers are reached on any. */
  readonly transports: readonly Transport[];
  /** The agents that may be called. Without it any agent may, at its default topics on the first transport. */
  readonly peers?: readonly Peer[];
  /** Binds the bus to a tenant: it says so in what it sends, and lets in nothing of another tenant or of none. */
  readonly tenantId?: string;
  /** Tells this bus from the other instances of its agent: letters, digits, `-` and `_`. Random unless set. */
  readonly instance?: string;
  /** How large a message may be; where the broker holds less, its own limit counts. */
  readonly limits?: Partial<EnvelopeLimits>;
  /** How far the clocks of two machines may be apart, where only they tell what time is left; 5,000 unless set. */
  readonly clockSkewMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface StopOptions {
  /** How long to wait for skills that run, in milliseconds; 10,000 unless set. */
  readonly graceMs?: number;
}

/** How a bus is. */
export interface BusHealth {
  readonly connected: boolean;
  /** Whether calls can be made and answered. */
  readonly ready: boolean;
  /** Calls that wait for their answers. */
  readonly pending: number;
  /** Skills that run. */
  readonly running: number;
  /** Answers so far that no call waited for. */
  readonly late: number;
  /** Messages so far that were not let in. */
  readonly refused: number;
}

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

/** One agent's place among the others. Generated clients and services are given it; they use what stands below `stop`. */
export interface Bus {
  readonly agent: AgentAddress;
  readonly instance: string;
  readonly clock: Clock;
  readonly clockSkewMs: number;
  health(): BusHealth;
  /**
   * Takes no new call and no new request, waits for skills that run, ends the calls that still wait as abandoned and
   * closes the connections. Calls that running skills make go on until those have ended.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Makes the ids of a message; within a skill the correlationId is the one that the skill runs under. */
  identify(correlationId?: string): MessageIds;
  /** Sends a request. Resolves with the response or with why there is none; never rejects. */
  request(call: OutgoingCall): Promise<AgentRpcEnvelope | AgentRpcError>;
  /** Sends an event. Resolves when the broker has it, or with why it has not; never rejects. */
  notify(call: OutgoingCall): Promise<AgentRpcError | undefined>;
  /** Starts to read the inbox of the agent. One receiver at a time. */
  attach(receiver: Receiver): Promise<Attachment>;
  /** Publishes the answer to a request; does nothing for an event. Never rejects. */
  answer(message: InboundMessage, result: Result): Promise<void>;
  /** The same bus for a skill: its calls inherit the ids, the trace and the time left of what the skill runs for. */
  within(cause: Cause): Bus;
}

/** A receiver's hold on the inbox. */
export interface Attachment {
  /** Resolves when no more messages come. */
  close(): Promise<void>;
  /** Lets another receiver in. */
  release(): void;
}

const INSTANCE = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Connects an agent to its transports. Resolves when an answer to the first call would be heard.
 *
 * @throws Error for options that are wrong; and, with the transport's reason, when one cannot be connected
 */
export async function createBus(options: BusOptions): Promise<Bus> {
  const { agent, transports, peers, tenantId, clock = systemClock, random = systemRandom } = options;
  const { instance = toHex(random.bytes(6)), clockSkewMs = DEFAULT_CLOCK_SKEW_MS } = options;
  assertOptions(options, instance);
  const limits = { ...defaultLimits, ...options.limits };

  const pending = createPendingCalls();
  const lines: Line[] = [];
  const routes = createRoutes(peers, lines, tenantId);
  const inbox = createInbox({ agent, tenantId, clock, pending, routes, answer });

  let state: 'open' | 'stopping' | 'stopped' = 'open';
  let attached: Receiver | undefined;
  let stopped: Promise<void> | undefined;

  /** Connections are opened one after another, so that a failure leaves none open behind its back. */
  async function openLines(): Promise<void> {
    for (const transport of transports) {
      const connection = await transport.connect({ agent, instance });
      const topic = `${topicsOf(agent, tenantId, transport.topics).responses}.${instance}`;
      const bytes = Math.min(limits.bytes, transport.flags.maxBytes);
      const line = { transport, connection, replyTo: `${transport.kind}://${topic}`, limits: { ...limits, bytes } };
      lines.push(line);
      await connection.subscribe(topic, 'responses', (delivery) => inbox.takeResponse(line, delivery));
    }
  }

  async function closeLines(): Promise<void> {
    await Promise.all(lines.map(({ connection }) => connection.close()));
  }

  /** Builds what is published, or says why nothing can be. */
  function prepare(kind: 'request' | 'event', call: OutgoingCall, cause: Cause | undefined): Prepared | AgentRpcError {
    const { messageId, correlationId, to, capability, payload } = call;
    if (state === 'stopped' || (state === 'stopping' && cause === undefined)) {
      return failCall(call, { code: 'EAGENTRPC_ABANDONED', message: 'The bus is stopped.', executed: 'no' });
    }
    if (call.signal?.aborted) {
      const message = 'The call was cancelled before it was sent.';
      return failCall(call, { code: 'EAGENTRPC_CANCELLED', message, executed: 'no', cause: call.signal.reason });
    }
    const timeoutMs = inheritTimeout(call.timeoutMs, cause, clock);
    if (timeoutMs < 1) {
      const message = `The time of the request that ${capability} is called for is up.`;
      return failCall(call, { code: 'EAGENTRPC_DEADLINE_EXCEEDED', message });
    }
    const headers = createHeaders({ own: call.headers, cause, timeoutMs, random });
    if (hopsOf(headers) > MAX_HOPS) {
      const message = `The call is nested ${headers[HOPS_HEADER]} calls deep.`;
      return failCall(call, { code: 'EAGENTRPC_LOOP', message });
    }
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
      return {
        line,
        envelope,
        timeoutMs,
        message: { topic: topics.requests, kind, bytes, messageId, correlationId, ttlMs: timeoutMs },
      };
    } catch (error) {
      return failCall(call, error);
    }
  }

  async function publish({ line, envelope, message }: Prepared): Promise<void> {
    reportHop('sent', agent, clock.now(), envelope);
    await line.connection.publish(message);
  }

  function request(call: OutgoingCall, cause?: Cause): Promise<AgentRpcEnvelope | AgentRpcError> {
    return new Promise((resolve) => {
      const prepared = prepare('request', call, cause);
      if (prepared instanceof AgentRpcError) return resolve(prepared);
      const { messageId, correlationId, to, capability } = call;
      const settle = (end: AgentRpcEnvelope | AgentRpcError): void => {
        pending.remove(waiting);
        unwatch();
        resolve(end);
      };
      const waiting = { messageId, correlationId, to, capability, settle };
      if (!pending.add(waiting)) {
        const message = `${MAX_PENDING} calls of this bus already wait for their answers.`;
        return resolve(failCall(call, { code: 'EAGENTRPC_BUSY', message }));
      }
      const unwatch = watch(clock, prepared.timeoutMs, call.signal, (why) => {
        settle(failCall(call, why === 'timeout' ? timeoutOf(call, prepared) : cancellationOf(call)));
      });
      publish(prepared).catch((error: unknown) => settle(failCall(call, error)));
    });
  }

  function notify(call: OutgoingCall, cause?: Cause): Promise<AgentRpcError | undefined> {
    return new Promise((resolve) => {
      const prepared = prepare('event', call, cause);
      if (prepared instanceof AgentRpcError) return resolve(prepared);
      const settle = (end: AgentRpcError | undefined): void => {
        unwatch();
        resolve(end);
      };
      const unwatch = watch(clock, prepared.timeoutMs, call.signal, (why) => {
        settle(failCall(call, why === 'timeout' ? timeoutOf(call, prepared) : cancellationOf(call)));
      });
      publish(prepared).then(
        () => settle(undefined),
        (error: unknown) => settle(failCall(call, error)),
      );
    });
  }

  async function answer({ envelope: asked, line, answerTopic }: InboundMessage, result: Result): Promise<void> {
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
  }

  async function attach(receiver: Receiver): Promise<Attachment> {
    if (state !== 'open') throw new Error(`The bus of ${agent} is stopped; serve before stop().`);
    if (attached !== undefined) {
      throw new Error(`The bus of ${agent} is served already; stop that service first, or create another bus.`);
    }
    const [line] = lines;
    if (line === undefined) throw new Error(`The bus of ${agent} has no transport to be served on.`);
    attached = receiver;
    const release = (): void => {
      if (attached === receiver) attached = undefined;
    };
    let subscription: Subscription;
    try {
      const { requests } = topicsOf(agent, tenantId, line.transport.topics);
      subscription = await line.connection.subscribe(requests, 'requests', (delivery) =>
        inbox.takeRequest(line, delivery, receiver),
      );
    } catch (error) {
      release();
      throw error;
    }
    return { close: () => subscription.close(), release };
  }

  async function stopNow(graceMs: number): Promise<void> {
    state = 'stopping';
    await attached?.stop(graceMs);
    state = 'stopped';
    for (const call of pending.all()) {
      const message = `The bus was stopped while ${call.capability} had no answer.`;
      call.settle(failCall(call, { code: 'EAGENTRPC_ABANDONED', message }));
    }
    await closeLines();
  }

  function createView(cause?: Cause): Bus {
    return {
      agent,
      instance,
      clock,
      clockSkewMs,
      health: () => ({
        connected: state !== 'stopped',
        ready: state === 'open',
        pending: pending.size,
        running: attached?.running() ?? 0,
        ...inbox.counts(),
      }),
      stop: ({ graceMs = DEFAULT_GRACE_MS } = {}) => {
        stopped ??= stopNow(graceMs);
        return stopped;
      },
      identify: (correlationId) => {
        const messageId = createUuid(clock, random);
        return { messageId, correlationId: correlationId ?? cause?.correlationId ?? createUuid(clock, random) };
      },
      request: (call) => request(call, cause),
      notify: (call) => notify(call, cause),
      attach,
      answer,
      within: createView,
    };
  }

  try {
    await openLines();
  } catch (error) {
    await closeLines();
    throw error;
  }
  return createView();
}

interface Prepared {
  readonly line: Route['line'];
  readonly envelope: AgentRpcEnvelope;
  readonly message: OutgoingMessage;
  readonly timeoutMs: number;
}

function assertOptions({ agent, transports, tenantId }: BusOptions, instance: string): void {
  if (!isAgentAddress(agent)) {
    throw new Error(`${JSON.stringify(agent)} is no agent's address: agent:// and 1 to 63 letters, digits or -.`);
  }
  if (transports.length === 0) {
    throw new AgentRpcError({ code: 'EAGENTRPC_NO_TRANSPORT', message: `The bus of ${agent} is given no transport.` });
  }
  if (tenantId !== undefined && !isTenantId(tenantId)) {
    throw new Error(`${JSON.stringify(tenantId)} is no tenant's id: 1 to 63 letters, digits or -.`);
  }
  if (!INSTANCE.test(instance)) {
    throw new Error(`${JSON.stringify(instance)} is no instance's name: 1 to 64 letters, digits, - or _.`);
  }
}

/** Encodes an answer, or an answer that says why the one that was meant cannot be sent. */
function encodeAnswer(envelope: AgentRpcEnvelope, limits: EnvelopeLimits): Uint8Array {
  try {
    return encodeEnvelope(envelope, limits);
  } catch (error) {
    const reason = isAgentRpcError(error) ? error.message : 'It has no JSON form.';
    const message = `The result of ${envelope.capability} cannot be sent. ${reason}`;
    return encodeEnvelope(
      { ...envelope, payload: { ok: false, error: { code: 'EAGENTRPC_HANDLER_ERROR', message } } },
      limits,
    );
  }
}

function timeoutOf({ to, capability }: OutgoingCall, { timeoutMs, envelope }: Prepared): AgentRpcErrorInit {
  const missing = envelope.kind === 'request' ? `${to} did not answer` : 'The broker did not take';
  return { code: 'EAGENTRPC_TIMEOUT', message: `${missing} ${capability} within ${timeoutMs} ms.` };
}

function cancellationOf({ signal }: OutgoingCall): AgentRpcErrorInit {
  return { code: 'EAGENTRPC_CANCELLED', message: 'The call was cancelled.', cause: signal?.reason };
}

/** Why a call failed, with its ids; what a transport threw that is no AgentRpcError may have been sent or not. */
function failCall({ messageId, correlationId }: MessageIds, why: unknown): AgentRpcError {
  if (isAgentRpcErrorInit(why)) return new AgentRpcError({ ...why, messageId, correlationId });
  if (!isAgentRpcError(why)) {
    const message = 'The transport failed while it published the message.';
    const code = 'EAGENTRPC_PUBLISH_FAILED';
    return new AgentRpcError({ code, message, executed: 'maybe', messageId, correlationId, cause: why });
  }
  const { code, message, executed, details, cause } = why;
  return new AgentRpcError({ code, message, executed, details, messageId, correlationId, cause });
}

function isAgentRpcErrorInit(value: unknown): value is AgentRpcErrorInit {
  return typeof value === 'object' && value !== null && !(value instanceof Error) && 'code' in value;
}
