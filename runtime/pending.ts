import type { AgentAddress } from './address.js';
import type { AgentRpcEnvelope } from './envelope.js';
import type { AgentRpcError } from './errors.js';

/** How many calls of one bus may wait for their answers. */
export const MAX_PENDING = 10_000;

/** A call that waits for its answer. */
export interface PendingCall {
  readonly messageId: string;
  readonly correlationId: string;
  readonly to: AgentAddress;
  readonly capability: string;
  readonly tenantId: string | undefined;
  /** The connection that its answer comes by; undefined while it is not with a broker. */
  via?: unknown;
  /** Takes an answer, or why there will be none: the end of the call, unless it is made again. */
  take(end: AgentRpcEnvelope | AgentRpcError): void;
  /** Ends the call, and takes it out of the table. */
  settle(end: AgentRpcEnvelope | AgentRpcError): void;
}

/** The calls of one bus that wait for their answers. */
export interface PendingCalls {
  readonly size: number;
  /** False when the table is full: the newcomer has to go, never one that waits. */
  add(call: PendingCall): boolean;
  remove(call: PendingCall): void;
  /**
   * The call that a response answers; `late` when none waits for it, `stranger` when it comes from another agent or
   * for another capability or tenant than the one asked.
   */
  match(response: AgentRpcEnvelope): PendingCall | 'late' | 'stranger';
  all(): PendingCall[];
}

/** Makes an empty table. */
export function createPendingCalls(limit: number = MAX_PENDING): PendingCalls {
  // Each in a box that is emptied when it goes: V8 chains the tables that a Map has outgrown, and once the first of them is
  // in the old generation, all that any of them holds is kept and copied until that is collected.
  const calls = new Map<string, PendingCall[]>();

  /** Some foreign responders leave causedBy out; a correlationId that several calls share then answers none of them. */
  const findByCorrelation = (correlationId: string): PendingCall | undefined => {
    let found: PendingCall | undefined;
    for (const [call] of calls.values()) {
      if (call?.correlationId !== correlationId) continue;
      if (found !== undefined) return undefined;
      found = call;
    }
    return found;
  };

  return {
    get size() {
      return calls.size;
    },
    add(call) {
      if (calls.size >= limit) return false;
      calls.set(call.messageId, [call]);
      return true;
    },
    remove(call) {
      const box = calls.get(call.messageId);
      if (box?.[0] !== call) return;
      box.pop();
      calls.delete(call.messageId);
    },
    match(response) {
      const { causedBy, correlationId, from, capability, tenantId } = response;
      const call = causedBy === undefined ? findByCorrelation(correlationId) : calls.get(causedBy)?.[0];
      if (call === undefined) return 'late';
      return call.to === from &&
        call.capability === capability &&
        call.tenantId === tenantId &&
        call.correlationId === correlationId
        ? call
        : 'stranger';
    },
    all: () => [...calls.values()].flat(),
  };
}
