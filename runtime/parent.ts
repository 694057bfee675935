import { type Clock, type Random, toHex } from './clock.js';
import { TTL_HEADER } from './deadline.js';
import type { AgentRpcEnvelope } from './envelope.js';

/** The call that a skill runs for: what the calls that the skill makes inherit of it. */
export interface ParentCall {
  readonly correlationId: string;
  readonly messageId: string;
  /** When its time is up: milliseconds since the epoch, on this machine's clock. */
  readonly deadline: number;
  /** How many calls it is nested in. */
  readonly hops: number;
  readonly traceparent: string | undefined;
  readonly tenantId: string | undefined;
}

/** The header that counts how deep a call is nested. */
export const HOPS_HEADER = 'x-declaragent-hops';

/** How deep calls may be nested before they are taken for a loop. */
export const MAX_HOPS = 16;

const TRACEPARENT_HEADER = 'traceparent';
/** Later versions of the header may have more behind another dash. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]*)?$/;

/** How deep a message is nested; more than the limit where its header is not a number. */
export function hopsOf(headers: AgentRpcEnvelope['headers']): number {
  const header = headers?.[HOPS_HEADER];
  if (header === undefined) return 0;
  return /^\d{1,3}$/.test(header) ? Number(header) : MAX_HOPS + 1;
}

/** What is inherited of a message whose skill has until `deadline`. */
export function createParentCall(
  { correlationId, messageId, headers, tenantId }: AgentRpcEnvelope,
  deadline: number,
): ParentCall {
  const traceparent = headers?.[TRACEPARENT_HEADER];
  return { correlationId, messageId, deadline, hops: hopsOf(headers), traceparent, tenantId };
}

/** What {@link createHeaders} starts from. */
export interface HeaderSources {
  readonly own: { readonly [name: string]: string } | undefined;
  readonly parent: ParentCall | undefined;
  readonly timeoutMs: number;
  readonly random: Random;
}

/** The headers of a request or event: the caller's own, its time to live, its trace, and its depth where it has one. */
export function createHeaders({ own, parent, timeoutMs, random }: HeaderSources): Record<string, string> {
  const headers: Record<string, string> = { ...own, [TTL_HEADER]: String(timeoutMs) };
  headers[TRACEPARENT_HEADER] =
    findTraceparent(own?.[TRACEPARENT_HEADER]) ?? findTraceparent(parent?.traceparent) ?? createTraceparent(random);
  if (parent !== undefined) headers[HOPS_HEADER] = String(parent.hops + 1);
  return headers;
}

/** How much time a call may take: never more than its parent has left. */
export function inheritTimeout(timeoutMs: number, parent: ParentCall | undefined, clock: Clock): number {
  return parent === undefined ? timeoutMs : Math.min(timeoutMs, Math.floor(parent.deadline - clock.now()));
}

function findTraceparent(header: string | undefined): string | undefined {
  return header !== undefined && TRACEPARENT.test(header) ? header : undefined;
}

/** A trace that nobody has recorded so far, which is what its last two digits say. */
function createTraceparent(random: Random): string {
  const bytes = random.bytes(24);
  return `00-${toHex(bytes, 0, 16)}-${toHex(bytes, 16)}-00`;
}
