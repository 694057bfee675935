import { type AgentAddress, agentIdOf } from '../address.js';
import type { Clock } from '../clock.js';
import { droppedEntry, type Entry, toLine } from './line.js';

/** The hops that wait to be written, and the account of what became of the others. */
export interface Backlog {
  /** Whether no more should wait. */
  isFull(): boolean;
  /** How many wait. */
  size(): number;
  /** Whether there are dropped hops that no line tells of. */
  hasUntold(): boolean;
  add(entry: Entry): void;
  /** Counts a hop that will not be written. */
  drop(agent: AgentAddress | undefined): void;
  /** Takes the oldest out, each of which is written or dropped when its batch is settled. */
  take(count: number): Batch[];
  counts(): { readonly written: number; readonly dropped: number };
}

/** Lines of one agent: those of hops and, where hops were dropped before, a last one that says how many. */
export interface Batch {
  readonly agentId: string;
  readonly lines: readonly string[];
  /** Says how many of the lines, counted from the first, have been written. */
  settle(lines: number): void;
}

/** How many hops may wait, and how many characters of their payloads. */
const MAX_WAITING = 10_000;
const MAX_WAITING_TEXT = 16 * 1024 * 1024;

export function createBacklog(clock: Clock): Backlog {
  let waiting: Entry[] = [];
  let waitingText = 0;
  let written = 0;
  let dropped = 0;
  const untold = new Map<AgentAddress, number>();

  const addUntold = (agent: AgentAddress, count: number): void => {
    if (count > 0) untold.set(agent, (untold.get(agent) ?? 0) + count);
  };

  const createBatch = (agent: AgentAddress, entries: readonly Entry[]): Batch => {
    const missing = untold.get(agent) ?? 0;
    untold.delete(agent);
    const lines = entries.map(toLine);
    if (missing > 0) lines.push(toLine(droppedEntry(agent, clock.now(), missing)));
    return {
      agentId: agentIdOf(agent),
      lines,
      settle(count) {
        const lost = Math.max(0, entries.length - count);
        written += entries.length - lost;
        dropped += lost;
        addUntold(agent, count < lines.length ? missing + lost : 0);
      },
    };
  };

  return {
    isFull: () => waiting.length >= MAX_WAITING || waitingText > MAX_WAITING_TEXT,
    size: () => waiting.length,
    hasUntold: () => untold.size > 0,
    add(entry) {
      waiting.push(entry);
      waitingText += lengthOf(entry);
    },
    drop(agent) {
      dropped++;
      if (agent !== undefined) addUntold(agent, 1);
    },
    take(count) {
      const taken = waiting.slice(0, count);
      waiting = waiting.slice(count);
      const byAgent = new Map<AgentAddress, Entry[]>(Array.from(untold.keys(), (agent) => [agent, []]));
      for (const entry of taken) {
        waitingText -= lengthOf(entry);
        const entries = byAgent.get(entry.agent);
        if (entries === undefined) byAgent.set(entry.agent, [entry]);
        else entries.push(entry);
      }
      return Array.from(byAgent, ([agent, entries]) => createBatch(agent, entries));
    },
    counts: () => ({ written, dropped }),
  };
}

function lengthOf({ payload }: Entry): number {
  return payload?.json?.length ?? payload?.start?.length ?? 0;
}
