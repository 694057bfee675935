import type { AgentAddress } from './address.js';
import type { Authenticator } from './auth.js';
import type { Clock } from './clock.js';
import { reportHop } from './diagnostics.js';
import { type AgentRpcEnvelope, decodeEnvelope } from './envelope.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import type { PendingCalls } from './pending.js';
import type { Refusals } from './refusals.js';
import { type Result, toResult } from './result.js';
import type { ConnectedTransport, Routes } from './routes.js';
import type { Settlements, Taken } from './settlement.js';
import type { Delivery } from './transport.js';

/** A request or event that was let in. */
export interface InboundMessage extends Taken {
  readonly envelope: AgentRpcEnvelope;
  /** Where its answer goes; undefined for an event, which gets none. */
  readonly answerTopic: string | undefined;
}

/** Who runs what comes in. */
export interface Receiver {
  /** How many messages it takes before it has settled any. */
  readonly prefetch: number;
  /** Takes a message over, to settle it. Never throws. */
  receive(message: InboundMessage): void;
  /** How many skills run. */
  running(): number;
  /**
   * Takes no more, waits for what runs, interrupts what still runs after `graceMs` (10,000 unless given). Called again,
   * a `graceMs` that is given may shorten the wait.
   */
  stop(graceMs: number | undefined): Promise<void>;
}

/** Lets messages in, cheapest check first. What is not let in is counted, and goes to the dead letters. */
export interface Inbox {
  /** Takes what came to the requests topic, for a receiver, or to the reply topic. */
  take(via: ConnectedTransport, delivery: Delivery, receiver?: Receiver): void;
  counts(): { readonly late: number; readonly refused: number };
}

export interface InboxOptions {
  readonly agent: AgentAddress;
  readonly tenantId: string | undefined;
  readonly clock: Clock;
  readonly clockSkewMs: number;
  readonly pending: PendingCalls;
  readonly routes: Routes;
  readonly refusals: Refusals;
  readonly settlements: Settlements;
  /** Without it nothing proves who sent a message, and what claims to prove it is refused. */
  readonly authenticator: Authenticator | undefined;
  readonly answer: (message: InboundMessage, result: Result) => Promise<unknown>;
}

export function createInbox(options: InboxOptions): Inbox {
  const { agent, tenantId, clock, clockSkewMs, pending, routes, refusals, settlements, authenticator, answer } =
    options;
  let late = 0;

  /** `delivery` is that of what was to be a request or event: a response is not settled. */
  const refuse = (
    via: ConnectedTransport,
    delivery: Delivery | undefined,
    envelope: AgentRpcEnvelope | undefined,
    code: string,
    reason: string,
  ): void => {
    refusals.report(envelope ?? {}, code, reason);
    if (delivery !== undefined) settlements.reject({ via, delivery }, `${code}: ${reason}`);
  };

  /** Reads what is addressed to this agent; undefined where it is refused without an answer. */
  const read = (via: ConnectedTransport, bytes: Uint8Array, delivery?: Delivery): AgentRpcEnvelope | undefined => {
    let envelope: AgentRpcEnvelope;
    try {
      envelope = decodeEnvelope(bytes, via.limits);
    } catch (error) {
      if (!isAgentRpcError(error)) throw error;
      refuse(via, delivery, undefined, error.code, error.message);
      return undefined;
    }
    if (envelope.to === agent) return envelope;
    refuse(via, delivery, envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'It is for another agent.');
    return undefined;
  };

  const verify = (envelope: AgentRpcEnvelope): ReturnType<Authenticator['verify']> => {
    if (authenticator !== undefined) return authenticator.verify(envelope);
    if (envelope.auth === undefined || envelope.auth.kind === 'internal') return undefined;
    const message = `${agent} cannot verify auth of kind ${envelope.auth.kind}.`;
    return new AgentRpcError({ code: 'EAGENTRPC_AUTH_FAILED', message });
  };

  const findTenantMismatch = (envelope: AgentRpcEnvelope): AgentRpcError | undefined => {
    if (tenantId === undefined || envelope.tenantId === tenantId) return undefined;
    const message = `${agent} serves another tenant here.`;
    return new AgentRpcError({ code: 'EAGENTRPC_TENANT_MISMATCH', message });
  };

  const admit = (
    via: ConnectedTransport,
    delivery: Delivery,
    receiver: Receiver,
    envelope: AgentRpcEnvelope,
    flaw: AgentRpcError | undefined,
  ): void => {
    const disproof = flaw ?? authenticator?.findReplay(envelope, clock.now(), clockSkewMs);
    const answerTopic = envelope.kind === 'request' ? routes.answerTopic(via, envelope) : undefined;
    const message = { envelope, via, delivery, answerTopic };
    const objection = disproof ?? findTenantMismatch(envelope);
    if (objection !== undefined) {
      refuse(via, delivery, envelope, objection.code, explain(objection));
      // Who has to prove who they are and cannot is nobody to write to.
      if (disproof === undefined || authenticator?.requiresProof(envelope) !== true)
        void answer(message, toResult(objection));
    } else if (envelope.kind === 'request' && answerTopic === undefined) {
      refuse(via, delivery, envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'Its replyTo is no reply topic of its sender.');
    } else {
      reportHop('received', agent, clock, envelope, undefined, envelope.payload);
      receiver.receive(message);
    }
  };

  const settleCall = (via: ConnectedTransport, envelope: AgentRpcEnvelope, flaw: AgentRpcError | undefined): void => {
    const objection = flaw ?? findTenantMismatch(envelope);
    const call = objection === undefined ? pending.match(envelope) : objection;
    if (isAgentRpcError(call)) {
      refuse(via, undefined, envelope, call.code, explain(call));
    } else if (call === 'late') {
      late++;
      reportHop('late', agent, clock, envelope);
    } else if (call === 'stranger') {
      const reason = 'It answers for another agent, capability, tenant or correlationId.';
      refuse(via, undefined, envelope, 'EAGENTRPC_INVALID_ENVELOPE', reason);
    } else {
      call.take(envelope);
    }
  };

  const take: Inbox['take'] = (via, delivery, receiver) => {
    const held = receiver && delivery;
    const envelope = read(via, delivery.bytes, held);
    if (envelope === undefined) return;
    if ((envelope.kind === 'response') === (receiver !== undefined)) {
      const reason = `A ${envelope.kind} came to the ${receiver === undefined ? 'reply' : 'requests'} topic.`;
      refuse(via, held, envelope, 'EAGENTRPC_INVALID_ENVELOPE', reason);
      return;
    }
    const pass = (flaw: AgentRpcError | undefined): void => {
      if (receiver === undefined) settleCall(via, envelope, flaw);
      else admit(via, delivery, receiver, envelope, flaw);
    };
    const flaw = verify(envelope);
    if (flaw === undefined || !('then' in flaw)) pass(flaw);
    else void flaw.then(pass);
  };

  return {
    take,
    counts: () => ({ late, refused: refusals.count }),
  };
}

/** What is told on this side only: a reason in words may help whoever guesses at keys. */
function explain({ message, cause }: AgentRpcError): string {
  return typeof cause === 'string' ? `${message} Reason: ${cause}.` : message;
}
