import type { AgentAddress } from './address.js';
import type { Clock } from './clock.js';
import { type HopSubject, reportHop } from './diagnostics.js';
import { type AgentRpcEnvelope, decodeEnvelope } from './envelope.js';
import { AgentRpcError, isAgentRpcError } from './errors.js';
import type { PendingCalls } from './pending.js';
import { type Result, toResult } from './result.js';
import type { ConnectedTransport, Routes } from './routes.js';
import type { Delivery } from './transport.js';

/** A request or event that was let in. */
export interface InboundMessage {
  readonly envelope: AgentRpcEnvelope;
  /** What it came in by. */
  readonly via: ConnectedTransport;
  /** How long the broker held it, in milliseconds; undefined where it cannot tell. */
  readonly ageMs: number | undefined;
  /** Where its answer goes; undefined for an event, which gets none. */
  readonly answerTopic: string | undefined;
}

/** Who runs what comes in. */
export interface Receiver {
  /** Never throws. */
  receive(message: InboundMessage): void;
  /** How many skills run. */
  running(): number;
  /**
   * Takes no more, waits for what runs, interrupts what still runs after `graceMs` (10,000 unless given). Called again,
   * a `graceMs` that is given may shorten the wait.
   */
  stop(graceMs: number | undefined): Promise<void>;
}

/** Lets messages in, cheapest check first, and counts what it refuses. */
export interface Inbox {
  takeRequest(via: ConnectedTransport, delivery: Delivery, receiver: Receiver): void;
  takeResponse(via: ConnectedTransport, delivery: Delivery): void;
  counts(): { readonly late: number; readonly refused: number };
}

export interface InboxOptions {
  readonly agent: AgentAddress;
  readonly tenantId: string | undefined;
  readonly clock: Clock;
  readonly pending: PendingCalls;
  readonly routes: Routes;
  readonly answer: (message: InboundMessage, result: Result) => Promise<unknown>;
}

export function createInbox({ agent, tenantId, clock, pending, routes, answer }: InboxOptions): Inbox {
  let late = 0;
  let refused = 0;

  const refuse = (subject: HopSubject, code: string, reason: string): void => {
    refused++;
    reportHop('refused', agent, clock.now(), subject, { code, reason });
  };

  /** Reads what is addressed to this agent; undefined where it is refused without an answer. */
  const read = (via: ConnectedTransport, { bytes }: Delivery): AgentRpcEnvelope | undefined => {
    let envelope: AgentRpcEnvelope;
    try {
      envelope = decodeEnvelope(bytes, via.limits);
    } catch (error) {
      if (!isAgentRpcError(error)) throw error;
      refuse({}, error.code, error.message);
      return undefined;
    }
    if (envelope.to === agent) return envelope;
    refuse(envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'It is addressed to another agent.');
    return undefined;
  };

  /** Why a message that could be read may still not come in. */
  const findObjection = (envelope: AgentRpcEnvelope): AgentRpcError | undefined => {
    if (envelope.auth !== undefined && envelope.auth.kind !== 'internal') {
      const message = `${agent} cannot verify auth of kind ${envelope.auth.kind}.`;
      return new AgentRpcError({ code: 'EAGENTRPC_AUTH_FAILED', message });
    }
    if (tenantId !== undefined && envelope.tenantId !== tenantId) {
      const message = `This inbox of ${agent} belongs to another tenant.`;
      return new AgentRpcError({ code: 'EAGENTRPC_TENANT_MISMATCH', message });
    }
    return undefined;
  };

  return {
    takeRequest(via, delivery, receiver) {
      const envelope = read(via, delivery);
      if (envelope === undefined) return;
      if (envelope.kind === 'response') {
        return refuse(envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'A response came to the requests topic.');
      }
      const isRequest = envelope.kind === 'request';
      const answerTopic = isRequest ? routes.answerTopic(via, envelope) : undefined;
      if (isRequest && answerTopic === undefined) {
        return refuse(envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'Its replyTo is not a reply topic of its sender.');
      }
      const message = { envelope, via, ageMs: delivery.ageMs, answerTopic };
      const objection = findObjection(envelope);
      if (objection !== undefined) {
        refuse(envelope, objection.code, objection.message);
        void answer(message, toResult(objection));
        return;
      }
      reportHop('received', agent, clock.now(), envelope);
      receiver.receive(message);
    },

    takeResponse(via, delivery) {
      const envelope = read(via, delivery);
      if (envelope === undefined) return;
      if (envelope.kind !== 'response') {
        return refuse(envelope, 'EAGENTRPC_INVALID_ENVELOPE', `A ${envelope.kind} came to a reply topic.`);
      }
      const objection = findObjection(envelope);
      if (objection !== undefined) return refuse(envelope, objection.code, objection.message);
      const call = pending.match(envelope);
      if (call === 'late') {
        late++;
        reportHop('late', agent, clock.now(), envelope);
      } else if (call === 'stranger') {
        refuse(envelope, 'EAGENTRPC_INVALID_ENVELOPE', 'It answers for another agent, capability or correlationId.');
      } else {
        call.settle(envelope);
      }
    },

    counts: () => ({ late, refused }),
  };
}
