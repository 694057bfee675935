import { readdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

/** One file of an event log: what one process has written of one agent for a while. */
export interface Segment {
  readonly path: string;
  readonly agentId: string;
  /** When it was begun, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The process: its pid and a word of its own, since containers share pids. */
  readonly writer: string;
  /** Counts the segments of one writer. */
  readonly sequence: number;
}

const NAME = /^([A-Za-z0-9][A-Za-z0-9-]{0,62})\.(\d{1,16})\.(\d{1,10}-[0-9a-f]{1,16})\.(\d{1,10})\.jsonl$/;

/** The name of a segment; an agent's id holds no dot. */
export function segmentName({ agentId, startedAt, writer, sequence }: Omit<Segment, 'path'>): string {
  return `${agentId}.${Math.floor(startedAt)}.${writer}.${sequence}.jsonl`;
}

/** The segments in a folder, oldest first; none where there is no folder. What else lies there is left alone. */
export async function listSegments(directory: string): Promise<Segment[]> {
  let entries: Awaited<ReturnType<typeof readEntries>>;
  try {
    entries = await readEntries(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const segments = entries.flatMap((entry) => {
    const [, agentId, startedAt, writer, sequence] = NAME.exec(entry.name) ?? [];
    if (agentId === undefined || writer === undefined || !entry.isFile()) return [];
    const file = path.join(directory, entry.name);
    return [{ path: file, agentId, startedAt: Number(startedAt), writer, sequence: Number(sequence) }];
  });
  return segments.sort(
    (left, right) =>
      left.startedAt - right.startedAt || compare(left.writer, right.writer) || left.sequence - right.sequence,
  );
}

function readEntries(directory: string) {
  return readdir(directory, { withFileTypes: true });
}

/** What may stay in a folder. */
export interface Bounds {
  /** Segments begun before this time go, in milliseconds since the epoch. */
  readonly startedBefore: number;
  /** Of the others the oldest go, until all together have no more bytes than this. */
  readonly maxBytes: number;
  /** Whether a segment stays in any case. */
  readonly isKept: (file: string) => boolean;
}

/** Deletes what is too old and what is too much. */
export async function pruneSegments(directory: string, { startedBefore, maxBytes, isKept }: Bounds): Promise<void> {
  const segments = await listSegments(directory);
  const sizes = await Promise.all(segments.map((segment) => sizeOf(segment.path)));
  let total = sizes.reduce((sum, size) => sum + size, 0);
  for (const [index, segment] of segments.entries()) {
    if (segment.startedAt >= startedBefore && total <= maxBytes) return;
    if (isKept(segment.path)) continue;
    total -= sizes[index] ?? 0;
    await unlink(segment.path).catch(ignoreMissing);
  }
}

/** Another process may have deleted it since. */
async function sizeOf(file: string): Promise<number> {
  return stat(file)
    .then(({ size }) => size, ignoreMissing)
    .then((size) => size ?? 0);
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

/** Whether a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
}

function compare(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
