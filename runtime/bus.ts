import { type AgentAddress, isAgentAddress, isTenantId } from './address.js';
import { createAnswers } from './answers.js';
import type { Auth } from './auth.js';
import type { Caller, CallInterceptors } from './caller.js';
import { type Clock, createUuid, type Random, systemClock, systemRandom, toHex } from './clock.js';
import { createGrace, DEFAULT_CLOCK_SKEW_MS } from './deadline.js';
import { defaultLimits, type EnvelopeLimits, encodeOrdered } from './envelope.js';
import { AgentRpcError } from './errors.js';
import type { Attachment, ServiceHost } from './host.js';
import { createInbox, type Receiver } from './inbox.js';
import { createOutbox } from './outbox.js';
import type { ParentCall } from './parent.js';
import { createPendingCalls } from './pending.js';
import { createRefusals } from './refusals.js';
import type { Retries } from './retry.js';
import { type ConnectedTransport, createRoutes, type Peer } from './routes.js';
import { createSettlements } from './settlement.js';
import { type ConnectionWatcher, type Delivery, type Transport, topicsOf } from './transport.js';

/** What a bus is made from. */
export interface BusOptions {
  /** The agent that the bus is for: the sender of its calls, and whose inbox it can serve. */
  readonly agent: AgentAddress;
  /** One or more. The agent's own service is reached on the first; peers are reached on any. */
  readonly transports: readonly Transport[];
  /** The agents that may be called. Without it any agent may, at its default topics on the first transport. */
  readonly peers?: readonly Peer[];
  /** Binds the bus to a tenant: it says so in what it sends, and lets in nothing of another tenant or of none. */
  readonly tenantId?: string;
  /**
   * How the bus proves who it is, and what proof it asks for: `createAuth(…)` of `@declaragent/runtime/auth`. Unless set it
   * signs nothing and takes what is not signed.
   */
  readonly auth?: Auth;
  /**
   * What stands around each call that is made, also around those that skills make: `chainInterceptors(…)` of
   * `@declaragent/runtime/interceptors`.
   */
  readonly interceptors?: () => CallInterceptors | undefined;
  /** Lets calls ask to be made again (`retry`): `createRetries()` of `@declaragent/runtime/retry`. */
  readonly retries?: Retries;
  /** Tells this bus from the other instances of its agent: letters, digits, `-` and `_`. Random unless set. */
  readonly instance?: string;
  /** How large a message may be; where the broker holds less, its own limit counts. */
  readonly limits?: Partial<EnvelopeLimits>;
  /** How far the clocks of two machines may be apart, where only they tell what time is left; 5,000 ms unless set. */
  readonly clockSkewMs?: number;
  /** For tests: where time and timers come from. */
  readonly clock?: Clock;
  /** For tests: where ids come from. */
  readonly random?: Random;
}

/** How a bus or a service is stopped. */
export interface StopOptions {
  /**
   * How long to wait for skills that run, in milliseconds; 10,000 unless set. Those that still run then are interrupted,
   * and their callers are told.
   */
  readonly graceMs?: number;
}

/** How a bus is. */
export interface BusHealth {
  /** Whether all its connections stand at present. */
  readonly connected: boolean;
  /** Whether calls can be made and answered: it is connected, and not being stopped. */
  readonly ready: boolean;
  /** Calls that wait for their answers. */
  readonly pending: number;
  /** Skills that run. */
  readonly running: number;
  /** Answers so far that no call waited for. */
  readonly late: number;
  /** Messages so far that were no envelopes, or whose sender, tenant or place of answer was not let in. */
  readonly refused: number;
}

/** One agent's place among the others: what generated clients and services are given. */
export interface Bus extends Caller {
  /** Tells this bus from the other instances of its agent. */
  readonly instance: string;
  /** How the bus is now; costs next to nothing. */
  health(): BusHealth;
  /**
   * Takes no new call and no new request, waits for skills that run, ends the calls that still wait as abandoned and
   * closes the connections. Calls that running skills make go on until those have ended. Called again, it resolves
   * with the first, and a `graceMs` that is given may shorten the wait.
   *
   * Rejects, with all of that done, when a transport fails to unsubscribe or to close.
   */
  stop(options?: StopOptions): Promise<void>;
}

/** As a tenant each would make topics that another agent's place is taken for. */
const RESERVED_TENANTS: ReadonlySet<string> = new Set(['requests', 'responses', 'events']);
const INSTANCE = /^[A-Za-z0-9_-]{1,64}$/;

/** How long a connection may take to close. */
const CLOSE_MS = 5_000;

/** Kept beside the bus, so that what only a service may do is not among what a user sees. */
const hosts: WeakMap<Bus, ServiceHost> = new WeakMap();

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
  const connected: ConnectedTransport[] = [];
  const routes = createRoutes(peers, connected, tenantId);
  let state: 'open' | 'stopping' | 'stopped' = 'open';
  const isOpen = (parent: ParentCall | undefined): boolean =>
    state === 'open' || (state === 'stopping' && parent !== undefined);
  const authenticator = options.auth?.(agent, clock);
  const interceptors = options.interceptors?.();
  const parts = {
    agent,
    tenantId,
    clock,
    clockSkewMs,
    random,
    pending,
    routes,
    authenticator,
    encode: authenticator?.encode ?? encodeOrdered,
    settlements: createSettlements(clock),
    refusals: createRefusals(agent, clock),
    isOpen,
  };
  const outbox = createOutbox(parts);
  const answers = createAnswers(parts);
  const inbox = createInbox({ ...parts, ...answers });

  let attached: Receiver | undefined;
  let stopped: Promise<void> | undefined;

  /** One after another, so that a failure leaves none open behind its back. */
  async function openTransports(): Promise<void> {
    for (const transport of transports) {
      let via: ConnectedTransport | undefined;
      let lost: Error | undefined;
      const tell = (reason: Error | undefined): void => {
        lost = reason;
        if (via === undefined) return;
        via.lost = reason;
        if (reason !== undefined && transport.flags.losesRepliesWithConnection) outbox.loseReplies(via, reason);
      };
      const watcher: ConnectionWatcher = { lost: tell, restored: () => tell(undefined) };
      const connection = await transport.connect({ agent, instance }, watcher);
      const { responses } = topicsOf(agent, tenantId, transport.topics);
      const topic = transport.flags.sharesReplies ? responses : `${responses}.${instance}`;
      const bytes = Math.min(limits.bytes, transport.flags.maxBytes);
      const replyTo = `${transport.kind}://${topic}`;
      const opened: ConnectedTransport = { transport, connection, replyTo, limits: { ...limits, bytes }, lost };
      via = opened;
      connected.push(opened);
      await connection.subscribe(topic, 'responses', (delivery) => inbox.take(opened, delivery));
    }
  }

  /** Each of them, whether or not another one fails. */
  function closeTransports(): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(
      connected.map(async ({ connection }) => createGrace(clock, CLOSE_MS).wait(connection.close())),
    );
  }

  async function attach(receiver: Receiver): Promise<Attachment> {
    if (state !== 'open') throw new Error(`The bus of ${agent} is stopped; serve before stop().`);
    if (attached !== undefined) {
      throw new Error(`The bus of ${agent} is served already.`);
    }
    // There is one at least.
    const via = connected[0] as ConnectedTransport;
    attached = receiver;
    const release = (): void => {
      if (attached === receiver) attached = undefined;
    };
    const { requests } = topicsOf(agent, tenantId, via.transport.topics);
    const deliver = (delivery: Delivery): void => inbox.take(via, delivery, receiver);
    const { prefetch } = receiver;
    try {
      const subscription = await via.connection.subscribe(requests, 'requests', deliver, { prefetch });
      return { close: () => subscription.close(), release };
    } catch (error) {
      release();
      throw error;
    }
  }

  async function stopNow(graceMs: number | undefined): Promise<void> {
    state = 'stopping';
    const [served] = await Promise.allSettled([attached?.stop(graceMs)]);
    state = 'stopped';
    outbox.abandonAll();
    for (const result of [served, ...(await closeTransports())]) {
      if (result.status === 'rejected') throw result.reason;
    }
  }

  const isConnected = (): boolean => state !== 'stopped' && connected.every(({ lost }) => lost === undefined);

  const createCaller = (parent?: ParentCall): Caller => ({
    agent,
    clock,
    tenantId: tenantId ?? parent?.tenantId,
    interceptors,
    retries: options.retries,
    createIds: (correlationId) => {
      const messageId = createUuid(clock, random);
      return { messageId, correlationId: correlationId ?? parent?.correlationId ?? createUuid(clock, random) };
    },
    request: (call) => outbox.request(call, parent),
    notify: (call) => outbox.notify(call, parent),
    guard: (call, onEnd) => outbox.guard(call, parent, onEnd),
  });

  try {
    await openTransports();
  } catch (error) {
    await closeTransports();
    throw error;
  }

  const bus: Bus = {
    ...createCaller(),
    instance,
    health: () => ({
      connected: isConnected(),
      ready: state === 'open' && isConnected(),
      pending: pending.size,
      running: attached?.running() ?? 0,
      ...inbox.counts(),
    }),
    stop: ({ graceMs } = {}) => {
      // What a later stop of the receiver rejects with, the first one has rejected with too.
      if (stopped !== undefined) attached?.stop(graceMs).catch(() => {});
      stopped ??= stopNow(graceMs);
      return stopped;
    },
  };
  hosts.set(bus, { ...parts, ...answers, attach, createCaller });
  return bus;
}

/** What a service needs of a bus. Throws for an object that is only like a bus. */
export function hostOf(bus: Bus): ServiceHost {
  const host = hosts.get(bus);
  if (host !== undefined) return host;
  throw new Error('Serve a bus that createBus or connectBus has made, of the same copy of @declaragent/runtime.');
}

function assertOptions({ agent, transports, tenantId }: BusOptions, instance: string): void {
  if (!isAgentAddress(agent)) {
    throw new Error(
      `${JSON.stringify(agent)} is not an agent's address, which is agent:// and 1 to 63 letters, digits or -.`,
    );
  }
  if (transports.length === 0) {
    throw new AgentRpcError({
      code: 'EAGENTRPC_NO_TRANSPORT',
      message: `The bus of ${agent} has no transport; name one.`,
    });
  }
  if (tenantId !== undefined && (!isTenantId(tenantId) || RESERVED_TENANTS.has(tenantId))) {
    throw new Error(
      `${JSON.stringify(tenantId)} is not a tenant's id, which is 1 to 63 letters, digits or -, and no word of topics.`,
    );
  }
  if (!INSTANCE.test(instance)) {
    throw new Error(`${JSON.stringify(instance)} is not an instance's name, which is 1 to 64 letters, digits, - or _.`);
  }
}
