import type { Writable } from 'node:stream';

const PAGE_BYTES = 2 ** 16;
/** A larger piece is written as it is, not copied. */
const LARGE_BYTES = 2 ** 13;

/**
 * Has a stream write by one system call what is written to it in one go. Clients of brokers write each frame or each piece of one
 * by itself, which costs a socket as much as a message should, and is a frame of its own on a WebSocket.
 *
 * @param defer runs something when all that belongs to one go is written
 */
export function gatherWrites(stream: Writable, defer: (flush: () => void) => void): void {
  const write = stream.write.bind(stream) as (bytes: Uint8Array) => boolean;
  const finish = stream.end.bind(stream) as (...args: unknown[]) => Writable;
  let page = Buffer.allocUnsafeSlow(PAGE_BYTES);
  let start = 0;
  let end = 0;
  let isDue = false;

  const flush = (): void => {
    if (end > start) write(page.subarray(start, end));
    start = end;
  };
  const flushDue = (): void => {
    isDue = false;
    flush();
  };
  /** A page is never written twice: the socket may not have sent it yet. */
  const reserve = (bytes: number): void => {
    if (end + bytes <= PAGE_BYTES) return;
    flush();
    page = Buffer.allocUnsafeSlow(PAGE_BYTES);
    start = 0;
    end = 0;
  };

  const gather = (piece: Uint8Array): void => {
    reserve(piece.length);
    if (piece.length === 1) page[end] = piece[0] as number;
    else page.set(piece, end);
    end += piece.length;
  };

  stream.write = (piece: string | Uint8Array): boolean => {
    if (!isDue) defer(flushDue);
    isDue = true;
    if (piece.length > LARGE_BYTES) {
      flush();
      write(typeof piece === 'string' ? Buffer.from(piece) : piece);
    } else if (typeof piece === 'string') {
      // A character takes three bytes at the most.
      reserve(3 * piece.length);
      end += page.write(piece, end);
    } else {
      gather(piece);
    }
    return !stream.writableNeedDrain;
  };
  stream.end = ((...args: unknown[]): Writable => {
    flush();
    return finish(...args);
  }) as Writable['end'];
}
