import type { FailureStatus } from '@declaragent/runtime';
import type { LoggedEvent } from '@declaragent/runtime/event-log';

/** How a call ended, as far as the logs say: `sent` is an event, which nobody answers, `open` has no end in them. */
export type CallOutcome = 'ok' | FailureStatus | 'sent' | 'open';

/** One message and what it led to: a request with its answer, or an event. */
export interface ChainCall {
  readonly messageId: string;
  /** The message that it was sent for; undefined for the first of a chain. */
  readonly parent: string | undefined;
  /** How deep it is nested. */
  readonly depth: number;
  readonly kind: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly capability: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: CallOutcome;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  /** How often it was sent; 0 where the sender's log is not there. */
  readonly attempts: number;
  /** How often it came again and was not run again. */
  readonly duplicates: number;
  /** Its hops, in the order of time. */
  readonly events: readonly LoggedEvent[];
}

/** All hops of one correlation, as calls. */
export interface Chain {
  readonly correlationId: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** A call stands before those that were made for it. */
  readonly calls: readonly ChainCall[];
  /** Those whose logs had something of it. */
  readonly agents: readonly string[];
  /** Those whose logs were read, whether these had something of it or not. */
  readonly readAgents: ReadonlySet<string>;
}

/** Puts the hops of one correlation together: by the ids of messages, and by what caused what. */
export function createChain(
  correlationId: string,
  events: readonly LoggedEvent[],
  readAgents: Iterable<string> = [],
): Chain {
  const byCall = new Map<string, LoggedEvent[]>();
  for (const event of events) {
    const id = requestOf(event);
    const known = byCall.get(id);
    if (known === undefined) byCall.set(id, [event]);
    else known.push(event);
  }
  const parents = new Map([...byCall].map(([id, hops]) => [id, parentOf(id, hops, byCall)] as const));
  const calls = inOrder(byCall, parents).map(([id, depth]) => createCall(id, depth, parents.get(id), byCall));
  const agents = [...new Set(events.map(({ agent }) => agent))].sort();
  const times = events.map(({ at }) => at);
  return {
    correlationId,
    startedAt: times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY),
    endedAt: times.reduce((most, at) => Math.max(most, at), 0),
    calls,
    agents,
    readAgents: new Set([...readAgents, ...agents]),
  };
}

/** The message that a hop speaks of; an answer is one with what it answers. */
function requestOf({ kind, event, messageId = '', causedBy }: LoggedEvent): string {
  const isAnswer = kind === 'response' || event === 'answered' || event === 'unanswered' || event === 'late';
  return isAnswer && causedBy !== undefined ? causedBy : messageId;
}

function parentOf(id: string, hops: readonly LoggedEvent[], byCall: ReadonlyMap<string, unknown>): string | undefined {
  const found = hops.find((hop) => requestOf(hop) === hop.messageId && hop.causedBy !== undefined)?.causedBy;
  return found !== undefined && found !== id && byCall.has(found) ? found : undefined;
}

/** Each call with its depth, those made for it after it, all by time. What causes itself in a circle begins anywhere. */
function inOrder(
  byCall: ReadonlyMap<string, readonly LoggedEvent[]>,
  parents: ReadonlyMap<string, string | undefined>,
): [string, number][] {
  const startOf = (id: string): number => byCall.get(id)?.[0]?.at ?? 0;
  const latestFirst = [...byCall.keys()].sort((left, right) => startOf(right) - startOf(left));
  const children = new Map<string, string[]>();
  for (const id of latestFirst) {
    const parent = parents.get(id);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  const ordered: [string, number][] = [];
  const seen = new Set<string>();
  const walk = (roots: readonly string[]): void => {
    const waiting = roots.map((id): [string, number] => [id, 0]);
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [id, depth] = next;
      if (seen.has(id)) continue;
      seen.add(id);
      ordered.push(next);
      for (const child of children.get(id) ?? []) waiting.push([child, depth + 1]);
    }
  };
  walk(latestFirst.filter((id) => parents.get(id) === undefined));
  for (const id of latestFirst) if (!seen.has(id)) walk([id]);
  return ordered;
}

function createCall(
  messageId: string,
  depth: number,
  parent: string | undefined,
  byCall: ReadonlyMap<string, readonly LoggedEvent[]>,
): ChainCall {
  const events = byCall.get(messageId) ?? [];
  const asked = events.find(({ event }) => event === 'sent' || event === 'received');
  const first = asked ?? events[0];
  const settled = events.findLast(({ event }) => event === 'settled');
  const end = settled ?? events.at(-1);
  const verdict = verdictOf(events, settled);
  const isAnswer = first?.kind === 'response';
  return {
    messageId,
    parent,
    depth,
    kind: isAnswer ? 'request' : first?.kind,
    from: (isAnswer ? first?.to : first?.from) ?? settled?.agent,
    to: isAnswer ? first?.from : first?.to,
    capability: first?.capability,
    startedAt: events[0]?.at ?? 0,
    endedAt: end?.at ?? 0,
    ...verdict,
    attempts: events.filter(({ event }) => event === 'sent').length,
    duplicates: events.filter(({ event }) => event === 'duplicate').length,
    events,
  };
}

type Verdict = Pick<ChainCall, 'outcome' | 'code' | 'reason'>;

/** What the caller's log says counts; where it is not there, what the receiver's does. */
function verdictOf(events: readonly LoggedEvent[], settled: LoggedEvent | undefined): Verdict {
  if (settled !== undefined) {
    return { outcome: settled.status ?? 'ok', code: settled.code, reason: settled.reason };
  }
  const bad = events.findLast(({ event }) => BAD_ENDS.has(event));
  const answered = events.findLast(({ event }) => event === 'answered');
  if (answered !== undefined) {
    const { code } = answered;
    return { outcome: code === undefined ? 'ok' : 'error', code, reason: code === undefined ? undefined : bad?.reason };
  }
  if (bad !== undefined) return { outcome: 'error', code: bad.code, reason: bad.reason };
  const isEvent = events.some(({ kind }) => kind === 'event');
  return { outcome: isEvent ? 'sent' : 'open', code: undefined, reason: undefined };
}

const BAD_ENDS: ReadonlySet<LoggedEvent['event']> = new Set(['refused', 'expired', 'failed', 'unanswered'] as const);

/** The calls that went wrong, and those that they were made for. */
export function onlyFailed(chain: Chain): Chain {
  const byId = new Map(chain.calls.map((call) => [call.messageId, call]));
  const kept = new Set<string>();
  for (const call of chain.calls) {
    if (!isFailed(call)) continue;
    for (let at: ChainCall | undefined = call; at !== undefined && !kept.has(at.messageId); ) {
      kept.add(at.messageId);
      at = at.parent === undefined ? undefined : byId.get(at.parent);
    }
  }
  return { ...chain, calls: chain.calls.filter(({ messageId }) => kept.has(messageId)) };
}

export function isFailed({ outcome, events }: ChainCall): boolean {
  if (outcome !== 'ok' && outcome !== 'sent' && outcome !== 'open') return true;
  return events.some(isFailure);
}

/** Whether a hop says that something went wrong. */
export function isFailure({ event, status, code }: LoggedEvent): boolean {
  if (event === 'settled') return status !== 'ok';
  return code !== undefined || FAILURES.has(event);
}

const FAILURES: ReadonlySet<LoggedEvent['event']> = new Set([
  ...(['refused', 'expired', 'failed', 'unanswered', 'late', 'ignored', 'dropped'] as const),
]);
