import type { AgentAddress } from './address.js';
import type { Clock } from './clock.js';
import type { CapabilityContract } from './contract.js';
import type { AgentRpcEnvelope } from './envelope.js';
import type { AgentRpcError } from './errors.js';
import type { InterceptedCall } from './interceptor.js';
import type { Reading } from './outcome.js';
import type { Retries, Retry } from './retry.js';

/** The ids that a message starts with. */
export interface MessageIds {
  /** The id of this message alone; its answer names it as `causedBy`. */
  readonly messageId: string;
  /** The id of the whole chain of calls. */
  readonly correlationId: string;
}

/** A call as data: what generated clients make of their arguments. */
export interface OutgoingCall extends MessageIds {
  readonly to: AgentAddress;
  readonly capability: string;
  readonly payload: unknown;
  /** A whole number from 1 to 600,000, which the client has made sure of. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Whether and how it is made again, with the same messageId and within the same timeoutMs. */
  readonly retry?: Retry | undefined;
}

/** One who can call other agents: what a generated client is given. It is a bus, or the `ctx.bus` of a skill. */
export interface Caller {
  /** Who calls. */
  readonly agent: AgentAddress;
  /** What the time of a call is measured with. */
  readonly clock: Clock;
  /** The tenant that its calls are made for; within a skill, that of the call that the skill runs for. */
  readonly tenantId: string | undefined;
  /** What stands around each call; undefined rather than empty. */
  readonly interceptors: CallInterceptors | undefined;
  /** What makes calls again; undefined where none may ask for it. */
  readonly retries: Retries | undefined;
  /** Makes the ids of a message; within a skill the correlationId is that of the call that the skill runs for. */
  createIds(correlationId?: string): MessageIds;
  /** Sends a request; called by generated clients. Resolves with the response or with why there is none; never rejects. */
  request(call: OutgoingCall): Promise<AgentRpcEnvelope | AgentRpcError>;
  /** Sends an event; called by generated clients. Resolves when the broker has it, or with why not; never rejects. */
  notify(call: OutgoingCall): Promise<AgentRpcError | undefined>;
  /**
   * Tells when a call must end that is held up before it is sent or after it has been answered: its time is up, its signal
   * is aborted, the bus is stopped. The returned function ends the watch.
   */
  guard(call: OutgoingCall, onEnd: (error: AgentRpcError) => void): () => void;
}

/** Makes calls through the interceptors of a bus. */
export interface CallInterceptors {
  /** How the call ends; `perform` makes it. Never rejects. */
  aroundCall(around: {
    readonly bus: Caller;
    readonly capability: CapabilityContract;
    readonly kind: InterceptedCall['kind'];
    readonly outgoing: OutgoingCall;
    readonly perform: (outgoing: OutgoingCall) => Promise<Reading>;
  }): Promise<Reading>;
}
