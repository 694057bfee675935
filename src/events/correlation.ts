import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { type Chain, createChain, isFailed, onlyFailed } from './chain.js';

/** The correlation that the beginning of an id means, or those that it may mean; undefined where there is none. */
export function findCorrelation(
  beginning: string,
  events: readonly LoggedEvent[],
): { readonly id: string } | { readonly candidates: readonly string[] } | undefined {
  const ids = new Set(events.flatMap(({ correlationId }) => (correlationId === undefined ? [] : [correlationId])));
  const [first] = ids;
  if (first === undefined) return undefined;
  if (ids.has(beginning)) return { id: beginning };
  return ids.size === 1 ? { id: first } : { candidates: [...ids].sort() };
}

/** Every chain among some events, the last first. */
export function chainsOf(events: readonly LoggedEvent[], failed: boolean, readAgents: ReadonlySet<string>): Chain[] {
  const byId = new Map<string, LoggedEvent[]>();
  for (const event of events) {
    const { correlationId } = event;
    if (correlationId === undefined) continue;
    const known = byId.get(correlationId);
    if (known === undefined) byId.set(correlationId, [event]);
    else known.push(event);
  }
  const chains = [...byId].map(([id, own]) => createChain(id, own, readAgents)).reverse();
  return failed ? chains.filter(({ calls }) => calls.some(isFailed)).map(onlyFailed) : chains;
}
