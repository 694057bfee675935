import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach } from 'vitest';
import { systemClock } from '../../runtime/clock.js';
import { type HopEvent, type HopSubject, type HopVerdict, reportHop } from '../../runtime/diagnostics.js';
import {
  createEventLog,
  type EventLog,
  type EventLogOptions,
  type LoggedEvent,
  type ReadCounts,
  type ReadEventsOptions,
  readEvents,
} from '../../runtime/event-log/index.js';

const open: EventLog[] = [];
afterEach(async () => {
  for (const log of open.splice(0)) await log.close();
});

/** A log that is closed when the test has run. */
export function openLog(options: EventLogOptions): EventLog {
  const log = createEventLog(options);
  open.push(log);
  return log;
}

/** A hop of some request to the reviewer, as a bus would report it. */
export interface SampleHop extends HopSubject, HopVerdict {
  readonly event?: HopEvent;
  readonly agent?: `agent://${string}`;
  readonly at?: number;
  readonly payload?: unknown;
}

/** Reports a hop on the channel. */
export function report(sample: SampleHop = {}): void {
  const { event = 'sent', agent = 'agent://concierge', at = 1_767_225_600_000, payload, ...rest } = sample;
  const { status, code, executed, reason, omitted, error, ...subject } = rest;
  const verdict = Object.entries({ status, code, executed, reason, omitted, error }).filter(
    ([, value]) => value !== undefined,
  );
  reportHop(
    event,
    agent,
    { ...systemClock, now: () => at },
    {
      kind: 'request',
      messageId: 'm1',
      correlationId: 'c1',
      from: 'agent://concierge',
      to: 'agent://pr-reviewer',
      capability: 'review-pr',
      ...subject,
    },
    Object.fromEntries(verdict),
    payload,
  );
}

/** Every event of a folder, and what the reading counted. */
export async function readAll(
  directory: string,
  options?: ReadEventsOptions,
): Promise<{ events: LoggedEvent[]; counts: ReadCounts }> {
  const reading = readEvents(directory, options);
  const events: LoggedEvent[] = [];
  for await (const event of reading) events.push(event);
  return { events, counts: reading.counts() };
}

/** The names of a folder's segments. */
export function segmentsIn(directory: string): string[] {
  return readdirSync(directory).sort();
}

/** The text of all segments. */
export function textIn(directory: string): string {
  return segmentsIn(directory)
    .map((name) => readFileSync(path.join(directory, name), 'utf8'))
    .join('');
}
