import { type FileHandle, open } from 'node:fs/promises';
import { type AgentAddress, agentIdOf } from '../address.js';
import { type LoggedEvent, parseLine } from './line.js';
import { isMissing, listSegments, type Segment } from './segments.js';

/** Which events are read: all unless something is set. */
export interface ReadEventsOptions {
  /** Those that the bus of this agent saw. */
  readonly agent?: AgentAddress;
  /** Those of this chain of calls. */
  readonly correlationId?: string;
  /** Those of this message, and what it led to at once, such as its answer. */
  readonly messageId?: string;
  /** Those from this time on, in milliseconds since the epoch. */
  readonly since?: number;
  /** Those before this time, in milliseconds since the epoch. */
  readonly until?: number;
  /**
   * How far each file has been read, by its path, for who reads a log as it grows: reading goes on from there, leaves a line
   * that has no end yet for the next time, and notes here how far it has come. To be read to the end.
   */
  readonly positions?: Map<string, number>;
}

/** The events of a log, in the order of their time as far as the clock of each process ran forward. */
export interface EventReading extends AsyncIterable<LoggedEvent> {
  /** What the reading has met up to now. */
  counts(): ReadCounts;
}

/** What a reading could not show. */
export interface ReadCounts {
  /** Lines that broke off, as the last of a process that was killed may, or that are no events. */
  readonly torn: number;
  /** Lines of a version that this reader does not know. */
  readonly unknown: number;
  /** Hops that the logs could not write. */
  readonly dropped: number;
}

/** How much later than its first event a segment may say that it begins: a hop waits before it is written. */
const SLACK_MS = 60_000;
const CHUNK_BYTES = 64 * 1024;
/** No log writes a longer line. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads the event logs in a folder, those being written too, and holds few of their lines at once. There are no events in
 * a folder that is not there. Iterating rejects with what keeps a file from being read.
 */
export function readEvents(directory: string, options: ReadEventsOptions = {}): EventReading {
  const counts = { torn: 0, unknown: 0, dropped: 0 };

  /** The events of one segment that are wanted, by the chunk. */
  async function* eventsOf(segment: Segment): AsyncGenerator<LoggedEvent[]> {
    for await (const lines of readLines(segment.path, () => counts.torn++, options.positions)) {
      const events: LoggedEvent[] = [];
      for (const line of lines) {
        const event = parseLine(line, segment.writer);
        if (event === undefined) counts.torn++;
        else if (event === 'unknown') counts.unknown++;
        else {
          const isWanted = isFrom(event, options);
          if (isWanted && event.event === 'dropped') counts.dropped += event.count ?? 0;
          if (isWanted && isOf(event, options)) events.push(event);
        }
      }
      if (events.length > 0) yield events;
    }
  }

  async function* events(): AsyncGenerator<LoggedEvent> {
    Object.assign(counts, { torn: 0, unknown: 0, dropped: 0 });
    const unread = selectSegments(await listSegments(directory), options);
    let sources: Source[] = [];
    try {
      for (;;) {
        let first = findFirst(sources);
        // A segment is opened when its time has come, so that of a thousand few are open at once.
        while (unread[0] !== undefined && (first === undefined || unread[0].startedAt - SLACK_MS <= headOf(first).at)) {
          const source = { chunks: eventsOf(unread.shift() as Segment), events: [], index: 0 };
          if (await advance(source)) sources.push(source);
          first = findFirst(sources);
        }
        if (first === undefined) return;
        yield headOf(first);
        first.index++;
        const isOver = first.index === first.events.length && !(await advance(first));
        if (isOver) sources = sources.filter((source) => source !== first);
      }
    } finally {
      for (const { chunks } of sources) await chunks.return(undefined);
    }
  }

  return { [Symbol.asyncIterator]: events, counts: () => ({ ...counts }) };
}

/** A segment being read: the events of its last chunk, and which of them comes next. */
interface Source {
  readonly chunks: AsyncGenerator<LoggedEvent[]>;
  events: LoggedEvent[];
  index: number;
}

/** Reads the next chunk, if there is one. */
async function advance(source: Source): Promise<boolean> {
  const { done, value } = await source.chunks.next();
  source.events = done ? [] : value;
  source.index = 0;
  return !done;
}

function headOf({ events, index }: Source): LoggedEvent {
  return events[index] as LoggedEvent;
}

/** The source whose next event is the earliest; of those that are equally early the one that was begun first. */
function findFirst(sources: readonly Source[]): Source | undefined {
  let first = sources[0];
  for (const source of sources) {
    if (first !== undefined && headOf(source).at < headOf(first).at) first = source;
  }
  return first;
}

/** The segments that may hold what is wanted. */
function selectSegments(segments: readonly Segment[], { agent, since, until }: ReadEventsOptions): Segment[] {
  const id = agent === undefined ? undefined : agentIdOf(agent);
  const own = segments.filter(({ agentId }) => id === undefined || agentId === id);
  const later = new Map<string, number>();
  const selected: Segment[] = [];
  for (const segment of own.reverse()) {
    const { startedAt, writer, agentId } = segment;
    const key = `${agentId}.${writer}`;
    // It was closed when the next of its writer was begun.
    const endedAt = later.get(key) ?? Number.POSITIVE_INFINITY;
    later.set(key, startedAt);
    const isTooOld = since !== undefined && endedAt + SLACK_MS < since;
    const isTooNew = until !== undefined && startedAt - SLACK_MS >= until;
    if (!isTooOld && !isTooNew) selected.push(segment);
  }
  return selected.reverse();
}

function isFrom({ agent, at }: LoggedEvent, options: ReadEventsOptions): boolean {
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options;
  return (options.agent === undefined || agent === options.agent) && at >= since && at < until;
}

function isOf(event: LoggedEvent, { correlationId, messageId }: ReadEventsOptions): boolean {
  if (correlationId !== undefined && event.correlationId !== correlationId) return false;
  return messageId === undefined || event.messageId === messageId || event.causedBy === messageId;
}

/** The lines of a file, by the chunk, without those that are empty; none where the file has been deleted. */
async function* readLines(
  path: string,
  onTooLong: () => void,
  positions: Map<string, number> | undefined,
): AsyncGenerator<string[]> {
  const file = await openFile(path);
  if (file === undefined) return;
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let isSkipping = false;
    let position = positions?.get(path) ?? 0;
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE);
      rest = bytes.subarray(end + 1);
      if (end >= 0) {
        const lines = bytes.toString('utf8', isSkipping ? bytes.indexOf(NEWLINE) : 0, end).split('\n');
        isSkipping = false;
        yield lines.filter((line) => line !== '');
      }
      if (isSkipping) rest = Buffer.alloc(0);
      else if (rest.length > MAX_LINE_BYTES) {
        onTooLong();
        isSkipping = true;
        rest = Buffer.alloc(0);
      }
    }
    if (positions !== undefined) positions.set(path, position - rest.length);
    else if (rest.length > 0 && !isSkipping) yield [rest.toString()];
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
