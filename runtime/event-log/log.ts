import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import process from 'node:process';
import type { AgentAddress } from '../address.js';
import { type Clock, type Random, systemClock, systemRandom, toHex } from '../clock.js';
import type { Contract } from '../contract.js';
import { HOP_CHANNEL, type Hop } from '../diagnostics.js';
import { createBacklog } from './backlog.js';
import { type Entry, toEntry } from './line.js';
import { createPayloadReader } from './payload.js';
import { createWriter } from './writer.js';

/** What an event log writes, and how much of it stays. */
export interface EventLogOptions {
  /** The folder of the segments, made when the first is written. Logs of several agents and processes may share one. */
  readonly directory: string;
  /** The agents whose hops are written; those of all that are in the process unless set. */
  readonly agents?: readonly AgentAddress[];
  /**
   * The contracts whose payloads are written, but for what their schemas mark with `x-redact`; of all other payloads only
   * the size is. No payload is looked at unless this is set.
   */
  readonly contracts?: readonly Contract[];
  /** How much of one payload is written, in bytes of JSON; 4,096 unless set, 1,048,576 at most. */
  readonly payloadBytes?: number;
  /** Writes the name and the message of what skills throw too. Unset, nothing of it is: it may hold secrets. */
  readonly errors?: boolean;
  /**
   * How long a segment may be, in bytes; 16 MiB unless set, and a quarter of maxBytes at most. A line that alone is longer
   * has a segment of its own.
   */
  readonly maxSegmentBytes?: number;
  /** How old a line may become, in milliseconds, while something is written now and then; 7 days unless set. */
  readonly maxAgeMs?: number;
  /** How many bytes the folder may hold; 256 MiB unless set. Where several agents or processes write, they may pass it by a segment each. */
  readonly maxBytes?: number;
  /** The system's unless set. */
  readonly clock?: Clock;
  /** The system's unless set. */
  readonly random?: Random;
}

/** An event log at work. */
export interface EventLog {
  /** Resolves when every hop up to now is written or dropped; never rejects. */
  flush(): Promise<void>;
  /** Hears no more, writes what it has heard and leaves nothing open; never rejects. */
  close(): Promise<void>;
  counts(): EventLogCounts;
}

/** What has become of the hops. */
export interface EventLogCounts {
  readonly written: number;
  /** Hops that could not be written, because the disk failed or stood still. The log has a line with their number. */
  readonly dropped: number;
}

const DEFAULTS = {
  payloadBytes: 4096,
  maxSegmentBytes: 16 * 1024 * 1024,
  maxAgeMs: 7 * 24 * 60 * 60 * 1000,
  maxBytes: 256 * 1024 * 1024,
};
/** More is no line that a reader would take. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;
/** How long a hop waits at most before it is written, while the event loop turns. */
const DELAY_MS = 100;
/** How many lines are made at once: some milliseconds of work, and then whatever else waits may run. */
const AT_ONCE = 1000;
/** A disk that takes longer than this over a batch stands still. */
const STUCK_MS = 1000;

/**
 * Writes the hops of the buses in this process to files, one JSON object a line, until it is closed. A disk that fails
 * breaks no call: it is told by one process warning, and what is lost is counted.
 *
 * @throws RangeError for a limit that is wrong; Error when a contract is of another format
 */
export function createEventLog(options: EventLogOptions): EventLog {
  const { directory, contracts, errors = false, clock = systemClock, random = systemRandom } = options;
  const limits = {
    payloadBytes: limitOf(options, 'payloadBytes', MAX_PAYLOAD_BYTES),
    maxSegmentBytes: limitOf(options, 'maxSegmentBytes'),
    maxAgeMs: limitOf(options, 'maxAgeMs'),
    maxBytes: limitOf(options, 'maxBytes'),
  };
  const agents = options.agents && new Set<string>(options.agents);
  const readPayload = contracts && createPayloadReader(contracts, limits.payloadBytes);
  let hasWarned = false;
  const onError = (error: unknown): void => {
    if (hasWarned) return;
    hasWarned = true;
    warn(directory, error);
  };
  const name = `${process.pid}-${toHex(random.bytes(4))}`;
  // However long segments may be, a folder of a few megabytes keeps more than its newest.
  const maxSegmentBytes = Math.min(limits.maxSegmentBytes, Math.ceil(limits.maxBytes / 4));
  const writer = createWriter({ directory, writer: name, clock, onError, ...limits, maxSegmentBytes });

  const backlog = createBacklog(clock);
  let writing: Promise<void> | undefined;
  let writingSince = 0;
  let cancelTimer: (() => void) | undefined;
  let closing: Promise<void> | undefined;

  const writeBatches = async (count: number): Promise<void> => {
    for (const { agentId, lines, settle } of backlog.take(count)) {
      writingSince = clock.now();
      settle(await writer.write(agentId, lines));
    }
  };

  const writeWaiting = async (): Promise<void> => {
    for (let left = backlog.size(); left > 0; left -= AT_ONCE) await writeBatches(AT_ONCE);
    writing = undefined;
    if (backlog.size() > 0) writeSoon(DELAY_MS);
  };

  const start = (): Promise<void> => {
    cancelTimer?.();
    cancelTimer = undefined;
    writing ??= writeWaiting();
    return writing;
  };

  const writeSoon = (delayMs: number): void => {
    if (writing !== undefined) return;
    cancelTimer?.();
    cancelTimer = clock.setTimer(delayMs, start);
  };

  /** Writes without waiting: the process ends, or has had no time for its timers since the first of so many hops. */
  const writeNow = (): void => {
    for (const { agentId, lines, settle } of backlog.take(backlog.size())) settle(writer.writeNow(agentId, lines));
  };

  const isStuck = (): boolean => writing !== undefined && clock.now() - writingSince > STUCK_MS;

  const add = (entry: Entry): void => {
    if (backlog.isFull()) {
      if (isStuck()) {
        backlog.drop(entry.agent);
        return;
      }
      writeNow();
    }
    backlog.add(entry);
    if (backlog.size() === 1) writeSoon(DELAY_MS);
    else if (backlog.size() === AT_ONCE) writeSoon(0);
  };

  const onHop = (message: unknown): void => {
    let entry: Entry | undefined;
    try {
      const hop = message as Hop;
      if (agents !== undefined && !agents.has(hop.agent)) return;
      entry = toEntry(hop, readPayload?.(hop), errors);
    } catch {
      // Anybody may publish anything on the channel, and what a subscriber throws ends the process.
    }
    if (entry === undefined) backlog.drop(undefined);
    else add(entry);
  };

  const close = async (): Promise<void> => {
    unsubscribe(HOP_CHANNEL, onHop);
    process.off('exit', writeNow);
    if (writing !== undefined) await writing;
    await start();
    if (backlog.hasUntold()) await writeBatches(0);
    await writer.close();
  };

  subscribe(HOP_CHANNEL, onHop);
  process.on('exit', writeNow);
  return {
    async flush() {
      if (writing !== undefined) await writing;
      await start();
    },
    close() {
      closing ??= close();
      return closing;
    },
    counts: backlog.counts,
  };
}

type LimitName = keyof typeof DEFAULTS;

function limitOf(options: EventLogOptions, name: LimitName, most: number = Number.MAX_SAFE_INTEGER): number {
  const limit = options[name] ?? DEFAULTS[name];
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= most) return limit;
  throw new RangeError(`${name} of an event log must be a whole number from 1 to ${most}.`);
}

function warn(directory: string, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  const what = `The event log in ${directory} cannot be written: ${reason}.`;
  const rest = 'Calls go on, and the hops that are lost are counted; free the disk or correct the permissions.';
  process.emitWarning(`${what} ${rest}`, { type: 'EventLogWarning' });
}
