import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.js';
import { pruneSegments, segmentName } from './segments.js';

/** Where a log writes, and how much of it stays. */
export interface WriterOptions {
  readonly directory: string;
  /** Tells the files of this log from those of all others. */
  readonly writer: string;
  readonly clock: Clock;
  readonly maxSegmentBytes: number;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** Gets why something could not be written or deleted. Never throws. */
  readonly onError: (error: unknown) => void;
}

/** Appends lines to the segments of a log. Nothing of it throws or rejects. */
export interface Writer {
  /** Resolves with how many of the lines are written in full. Called again only when that is known. */
  write(agentId: string, lines: readonly string[]): Promise<number>;
  /** The same at once, to segments of their own, whatever is being written. */
  writeNow(agentId: string, lines: readonly string[]): number;
  close(): Promise<void>;
}

/** The segment of one agent that is being written. */
interface OpenSegment {
  readonly path: string;
  readonly handle: FileHandle;
  readonly startedAt: number;
  bytes: number;
  /** Whether its last line broke off. */
  isTorn: boolean;
  /** Whether a later segment of the agent has been begun. */
  isOver: boolean;
}

/** A segment is closed at this part of the greatest age, so that what is deleted by its start is not much too young. */
const AGE_STEPS = 10;
/** Whoever runs the agent may read; payloads are nobody else's business. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const NEWLINE = 0x0a;

export function createWriter(options: WriterOptions): Writer {
  const { directory, writer, clock, maxSegmentBytes, maxAgeMs, maxBytes, onError } = options;
  const current = new Map<string, OpenSegment>();
  let sequence = 0;

  const nextName = (agentId: string, startedAt: number): string =>
    path.join(directory, segmentName({ agentId, startedAt, writer, sequence: sequence++ }));

  const prune = async (): Promise<void> => {
    const live = new Set(Array.from(current.values(), (segment) => segment.path));
    try {
      await pruneSegments(directory, {
        startedBefore: clock.now() - maxAgeMs * (1 - 1 / AGE_STEPS),
        // Room for what is begun now, and for what others of this log may still take.
        maxBytes: Math.max(0, maxBytes - maxSegmentBytes * (live.size + 1)),
        isKept: (file) => live.has(file),
      });
    } catch (error) {
      onError(error);
    }
  };

  const begin = async (agentId: string): Promise<OpenSegment> => {
    await mkdir(directory, { recursive: true, mode: FOLDER_MODE });
    await prune();
    const startedAt = clock.now();
    const file = nextName(agentId, startedAt);
    // Fails where there is such a file or link: nothing of anybody else is written to.
    const handle = await open(file, 'ax', FILE_MODE);
    return { path: file, handle, startedAt, bytes: 0, isTorn: false, isOver: false };
  };

  const end = async (agentId: string, { handle }: OpenSegment): Promise<void> => {
    current.delete(agentId);
    await handle.close();
  };

  /** The segment that `size` more bytes go to. */
  const segmentFor = async (agentId: string, size: number): Promise<OpenSegment> => {
    const segment = current.get(agentId);
    if (segment !== undefined) {
      const isFull = segment.bytes > 0 && segment.bytes + size > maxSegmentBytes;
      const isOld = clock.now() - segment.startedAt >= maxAgeMs / AGE_STEPS;
      // Another process deletes what is too much for the folder, and what is written then would be in no file.
      if (!segment.isOver && !isFull && !isOld && (await segment.handle.stat()).nlink > 0) return segment;
      await end(agentId, segment);
    }
    const begun = await begin(agentId);
    current.set(agentId, begun);
    return begun;
  };

  return {
    async write(agentId, lines) {
      let written = 0;
      try {
        for (const piece of intoPieces(lines, maxSegmentBytes)) {
          const segment = await segmentFor(agentId, piece.length);
          const { count, error } = await append(segment, piece);
          written += count;
          if (error !== undefined) throw error;
        }
      } catch (error) {
        onError(error);
      }
      return written;
    },

    writeNow(agentId, lines) {
      let written = 0;
      const segment = current.get(agentId);
      // A reader takes it that the segments of a writer follow each other.
      if (segment !== undefined) segment.isOver = true;
      try {
        mkdirSync(directory, { recursive: true, mode: FOLDER_MODE });
        for (const piece of intoPieces(lines, maxSegmentBytes)) {
          const file = openSync(nextName(agentId, clock.now()), 'ax', FILE_MODE);
          try {
            for (let offset = 0; offset < piece.length; ) offset += writeSync(file, piece, offset);
          } finally {
            closeSync(file);
          }
          written += countLines(piece);
        }
      } catch (error) {
        onError(error);
      }
      return written;
    },

    async close() {
      for (const [agentId, segment] of current) await end(agentId, segment).catch(onError);
    },
  };
}

/** Appends a piece and says how many of its lines are in the file, which may be some where the disk is full. */
async function append(segment: OpenSegment, piece: Buffer): Promise<{ count: number; error?: unknown }> {
  const bytes = segment.isTorn ? Buffer.concat([Buffer.of(NEWLINE), piece]) : piece;
  let offset = 0;
  try {
    while (offset < bytes.length) {
      const { bytesWritten } = await segment.handle.write(bytes, offset);
      offset += bytesWritten;
      segment.bytes += bytesWritten;
    }
    segment.isTorn = false;
    return { count: countLines(piece) };
  } catch (error) {
    const count = countLines(bytes.subarray(0, offset)) - (segment.isTorn && offset > 0 ? 1 : 0);
    if (offset > 0) segment.isTorn = bytes[offset - 1] !== NEWLINE;
    return { count, error };
  }
}

/** Lines as bytes, no more at once than a segment holds, where one line alone is not more. */
function* intoPieces(lines: readonly string[], maxSegmentBytes: number): Generator<Buffer> {
  let waiting: string[] = [];
  let size = 0;
  for (const line of lines) {
    const bytes = Buffer.byteLength(line) + 1;
    if (size > 0 && size + bytes > maxSegmentBytes) {
      yield Buffer.from(`${waiting.join('\n')}\n`);
      waiting = [];
      size = 0;
    }
    waiting.push(line);
    size += bytes;
  }
  if (size > 0) yield Buffer.from(`${waiting.join('\n')}\n`);
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let index = bytes.indexOf(NEWLINE); index >= 0; index = bytes.indexOf(NEWLINE, index + 1)) count++;
  return count;
}
