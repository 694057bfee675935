import type { Cause } from './cause.js';
import { type Clock, createUuid, type Random, systemClock, systemRandom, toHex } from './clock.js';
import type { AgentAddress } from './contract.js';
import { DEFAULT_CLOCK_SKEW_MS, DEFAULT_GRACE_MS } from './deadline.js';
import {
  type AgentRpcEnvelope,
  defaultLimits,
  type EnvelopeLimits,
  isAgentAddress,
  isTenantId,
  type Result,
} from './envelope.js';
import { AgentRpcError } from './errors.js';
import { createInbox, type InboundMessage, type Receiver } from './inbox.js';
import { abandonmentOf, createOutbox, type MessageIds, type OutgoingCall } from './outbox.js';
import { createPendingCalls } from './pending.js';
import { createRoutes, type Line, type Peer } from './routes.js';
import { type Subscription, type Transport, topicsOf } from './transport.js';

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
  let state: 'open' | 'stopping' | 'stopped' = 'open';
  const isOpen = (cause: Cause | undefined): boolean =>
    state === 'open' || (state === 'stopping' && cause !== undefined);
  const outbox = createOutbox({ agent, tenantId, clock, random, pending, routes, isOpen });
  const inbox = createInbox({ agent, tenantId, clock, pending, routes, answer: outbox.answer });

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
    for (const call of pending.all()) call.settle(abandonmentOf(call));
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
      request: (call) => outbox.request(call, cause),
      notify: (call) => outbox.notify(call, cause),
      attach,
      answer: outbox.answer,
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
