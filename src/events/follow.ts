import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { readLogs } from './read-logs.js';
import type { Stopwatch } from './stopwatch.js';

export interface FollowOptions {
  /** The folders of logs there are now: agents that are started later make theirs later. */
  readonly findLogs: () => Promise<readonly string[]>;
  readonly since: number;
  readonly isWanted: (event: LoggedEvent) => boolean;
  readonly stopwatch: Stopwatch;
  readonly onEvents: (events: readonly LoggedEvent[]) => void;
  readonly signal: AbortSignal;
}

const POLL_MS = 250;
/** How often it looks for folders that were not there. */
const POLLS_PER_SEARCH = 20;

/** Tells events as they are written, each once, until it is aborted. Files that are begun and deleted make no difference. */
export async function followLogs(options: FollowOptions): Promise<void> {
  const { findLogs, since, isWanted, stopwatch, onEvents, signal } = options;
  let logs = await findLogs();
  let state = '';
  const positions = new Map<string, number>();
  for (let polls = 1; !signal.aborted; polls++) {
    const now = stateOf(logs);
    if (now !== state) {
      state = now;
      const { events } = await readLogs(logs, { since, isWanted, onEvent: stopwatch.see, positions });
      if (events.length > 0) onEvents(events);
    }
    await pause(signal);
    if (polls % POLLS_PER_SEARCH === 0) logs = await findLogs();
  }
}

/** Changes when a file of the logs does: most of the time nothing has, and nothing has to be read. */
function stateOf(logs: readonly string[]): string {
  return logs.flatMap((log) => filesOf(log).map((name) => `${log}/${name} ${sizeOf(path.join(log, name))}`)).join('\n');
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, POLL_MS);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
