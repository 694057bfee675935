import { type LoggedEvent, type ReadCounts, type ReadEventsOptions, readEvents } from '@declaragent/runtime/event-log';

export interface ReadLogsOptions extends Pick<ReadEventsOptions, 'since' | 'positions'> {
  readonly isWanted: (event: LoggedEvent) => boolean;
  /** Sees all of them, wanted or not. */
  readonly onEvent?: (event: LoggedEvent) => void;
  /** How many of the last are kept; all unless set. */
  readonly last?: number | undefined;
}

export interface LogReading {
  /** In the order of time. */
  readonly events: readonly LoggedEvent[];
  readonly counts: ReadCounts;
  /** How many there were before those that were kept. */
  readonly omitted: number;
}

/** Reads the logs of several folders as one. */
export async function readLogs(logs: readonly string[], options: ReadLogsOptions): Promise<LogReading> {
  const { isWanted, onEvent, last = Number.POSITIVE_INFINITY, since, positions } = options;
  const all: LoggedEvent[] = [];
  const counts = { torn: 0, unknown: 0, dropped: 0 };
  let omitted = 0;
  for (const log of logs) {
    const reading = readEvents(log, { ...(since === undefined ? {} : { since }), ...(positions && { positions }) });
    let kept: LoggedEvent[] = [];
    for await (const event of reading) {
      onEvent?.(event);
      if (!isWanted(event)) continue;
      kept.push(event);
      // Seldom, so that a log of any length costs what its last lines do.
      if (kept.length < 2 * last + 1000) continue;
      omitted += kept.length - last;
      kept = kept.slice(-last);
    }
    const { torn, unknown, dropped } = reading.counts();
    counts.torn += torn;
    counts.unknown += unknown;
    counts.dropped += dropped;
    for (const event of kept) all.push(event);
  }
  all.sort((left, right) => left.at - right.at);
  const surplus = Math.max(0, all.length - last);
  return { events: surplus === 0 ? all : all.slice(surplus), counts, omitted: omitted + surplus };
}

/** A sentence about what could not be shown; undefined where all was. */
export function countsText({ torn, unknown, dropped }: ReadCounts): string | undefined {
  const parts = [
    torn === 0 ? '' : `${torn === 1 ? '1 line is' : `${torn} lines are`} broken`,
    unknown === 0 ? '' : `${unknown === 1 ? '1 line is' : `${unknown} lines are`} of another version`,
    dropped === 0 ? '' : `${dropped === 1 ? '1 hop was' : `${dropped} hops were`} not written`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? undefined : `Note: ${parts.join(', ')}.`;
}
