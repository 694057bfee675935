import type { AgentAddress } from './address.js';
import type { Authenticator } from './auth.js';
import type { Clock } from './clock.js';
import { reportHop } from './diagnostics.js';
import { MAX_AHEAD_MS } from './duplicates.js';
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
  takeRequest(via: ConnectedTransport, delivery: Delivery, receiver: Receiver): void;
  takeResponse(via: ConnectedTransport, delivery: Delivery): void;
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

/** How many proofs may be under check at once, where that takes time. */
const MAX_CHECKS = 1_000;
const TOO_MANY_CHECKS = `${MAX_CHECKS} other proofs are already under check.`;

export function createInbox(options: InboxOptions): Inbox {
  const { agent, tenantId, clock, clockSkewMs, pending, routes, refusals, settlements, authenticator, answer } =
    options;
  let late = 0;
  let checks = 0;

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
    refuse(via, delivery, envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'It is addressed to another agent.');
    return undefined;
  };

  const verify = (envelope: AgentRpcEnvelope): ReturnType<Authenticator['verify']> => {
    if (authenticator !== undefined) return authenticator.verify(envelope);
    if (envelope.auth === undefined || envelope.auth.kind === 'internal') return undefined;
    return authFailure(`${agent} cannot verify auth of kind ${envelope.auth.kind}.`);
  };

  /** Waits for a proof that takes time. False where too many are waited for. */
  const wait = (
    proof: Promise<AgentRpcError | undefined>,
    next: (flaw: AgentRpcError | undefined) => void,
  ): boolean => {
    if (checks >= MAX_CHECKS) return false;
    checks++;
    void proof.then((flaw) => {
      checks--;
      next(flaw);
    });
    return true;
  };

  const findTenantMismatch = (envelope: AgentRpcEnvelope): AgentRpcError | undefined => {
    if (tenantId === undefined || envelope.tenantId === tenantId) return undefined;
    const message = `This inbox of ${agent} belongs to another tenant.`;
    return new AgentRpcError({ code: 'EAGENTRPC_TENANT_MISMATCH', message });
  };

  /** A message that was proved once could be sent again by anybody, once it is forgotten that it has come. */
  const findReplay = ({ deadline }: AgentRpcEnvelope): AgentRpcError | undefined => {
    const leftMs = deadline === undefined ? Number.NaN : deadline - clock.now();
    if (leftMs > -clockSkewMs && leftMs <= MAX_AHEAD_MS) return undefined;
    return authFailure('A message that has to be proved needs a deadline which is not over, and within 15 minutes.');
  };

  const admit = (
    via: ConnectedTransport,
    delivery: Delivery,
    receiver: Receiver,
    envelope: AgentRpcEnvelope,
    flaw: AgentRpcError | undefined,
  ): void => {
    const needsProof = authenticator?.requiresProof(envelope) === true;
    const disproof = flaw ?? (needsProof ? findReplay(envelope) : undefined);
    const answerTopic = envelope.kind === 'request' ? routes.answerTopic(via, envelope) : undefined;
    const message = { envelope, via, delivery, answerTopic };
    const objection = disproof ?? findTenantMismatch(envelope);
    if (objection !== undefined) {
      refuse(via, delivery, envelope, objection.code, explain(objection));
      // Who has to prove who they are and cannot is nobody to write to.
      if (disproof === undefined || !needsProof) void answer(message, toResult(objection));
    } else if (envelope.kind === 'request' && answerTopic === undefined) {
      refuse(via, delivery, envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'Its replyTo is not a reply topic of its sender.');
    } else {
      reportHop('received', agent, clock.now(), envelope, undefined, envelope.payload);
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
      reportHop('late', agent, clock.now(), envelope);
    } else if (call === 'stranger') {
      const reason = 'It answers for another agent, capability, tenant or correlationId.';
      refuse(via, undefined, envelope, 'EAGENTRPC_INVALID_ENVELOPE', reason);
    } else {
      call.take(envelope);
    }
  };

  return {
    takeRequest(via, delivery, receiver) {
      const envelope = read(via, delivery.bytes, delivery);
      if (envelope === undefined) return;
      if (envelope.kind === 'response') {
        const reason = 'A response came to the requests topic.';
        return refuse(via, delivery, envelope, 'EAGENTRPC_INVALID_ENVELOPE', reason);
      }
      const flaw = verify(envelope);
      if (flaw === undefined || !('then' in flaw)) return admit(via, delivery, receiver, envelope, flaw);
      if (wait(flaw, (found) => admit(via, delivery, receiver, envelope, found))) return;
      refuse(via, delivery, envelope, 'EAGENTRPC_BUSY', TOO_MANY_CHECKS);
    },

    takeResponse(via, { bytes }) {
      const envelope = read(via, bytes);
      if (envelope === undefined) return;
      if (envelope.kind !== 'response') {
        const reason = `A ${envelope.kind} came to a reply topic.`;
        return refuse(via, undefined, envelope, 'EAGENTRPC_INVALID_ENVELOPE', reason);
      }
      const flaw = verify(envelope);
      if (flaw === undefined || !('then' in flaw)) return settleCall(via, envelope, flaw);
      if (wait(flaw, (found) => settleCall(via, envelope, found))) return;
      refuse(via, undefined, envelope, 'EAGENTRPC_BUSY', TOO_MANY_CHECKS);
    },

    counts: () => ({ late, refused: refusals.count }),
  };
}

function authFailure(message: string): AgentRpcError {
  return new AgentRpcError({ code: 'EAGENTRPC_AUTH_FAILED', message });
}

/** What is told on this side only: a reason in words may help whoever guesses at keys. */
function explain({ message, cause }: AgentRpcError): string {
  return typeof cause === 'string' ? `${message} Reason: ${cause}.` : message;
}
