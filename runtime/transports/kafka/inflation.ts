import { AsyncLocalStorage } from 'node:async_hooks';
import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import type { IncomingRecord } from './client.js';
import { type BatchPlace, type FetchedBatch, readFetchedBatch } from './fetched-batch.js';

/** A compressed batch that is not read. It goes by one record, the last that it may hold, whose value is all of it. */
export interface UnreadBatch extends Pick<BatchPlace, 'end'> {
  readonly from: number;
  readonly to: number;
  readonly record: IncomingRecord;
}

/** What one reader takes of batches that somebody has compressed. */
export interface Inflation {
  /** What is fetched in `read`, and after it, is what this reader fetches. */
  within<T>(read: () => T): T;
  /** A fetch begins. */
  begin(): void;
}

export interface InflationOptions {
  readonly topic: string;
  /** It has read up to the batch, and is to go on after it. */
  readonly skip: (batch: UnreadBatch) => Promise<void>;
}

/** The client's table of what it can inflate, by the number that a batch has for it. It is one for all in the process. */
export type CodecTable = Record<number, () => Codec>;

interface Codec {
  compress(encoder: unknown): Promise<Buffer>;
  decompress(records: Buffer): Promise<Buffer>;
}

/** One batch may grow to that, and so may all together that one fetch brings, but for the first of each partition. */
const MOST_BYTES = 8 * 2 ** 20;
/** A record has seven bytes at least, and some hundreds when it is read. */
const MOST_RECORDS = 16_384;
const KINDS: Readonly<Record<number, string>> = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' };
const GZIP = 1;

const inflate = promisify(unzip);

/** By which a codec knows who reads. */
const readers = new AsyncLocalStorage<Reading | undefined>();

interface Reading {
  take(kind: number, codec: Codec | undefined, records: Buffer): Promise<Buffer>;
}

/** The factories in tables that are ours. */
const ours = new WeakSet<() => Codec>();

/**
 * Limits what the readers of `createInflation` inflate, and nobody else: for all others the table is what it was. A few
 * bytes can grow to a thousand times as much, and the client asks for no limit.
 */
export function limitInflation(codecs: CodecTable): void {
  for (const kind of Object.keys(KINDS).map(Number)) {
    const before = codecs[kind];
    if (before === undefined || ours.has(before)) continue;
    const factory = (): Codec => {
      const reading = readers.getStore();
      if (reading === undefined) return before();
      return {
        compress: (encoder) => before().compress(encoder),
        decompress: (records) => reading.take(kind, kind === GZIP ? undefined : codecOf(before), records),
      };
    };
    ours.add(factory);
    codecs[kind] = factory;
  }
}

/** What runs outside of all readers: whoever is called may read by a client of their own. */
export function outsideOfReaders<T>(act: () => T): T {
  return readers.run(undefined, act);
}

export function createInflation({ topic, skip }: InflationOptions): Inflation {
  let inflated = 0;
  let records = 0;

  const refuse = async (batch: FetchedBatch, place: BatchPlace, value: Buffer, unread: string): Promise<never> => {
    // What stands before it goes first; it is then the first of the next fetch.
    if (!place.isFirst) throw new Partial();
    const { from, to, timestamp } = batch;
    const { partition, end } = place;
    const at = { partition, offset: to - 1, timestamp };
    // A copy, so that it does not keep all that was fetched with it.
    const record = { ...at, value: Buffer.from(value), header: () => undefined, unread };
    await outsideOfReaders(() => skip({ from, to, end, record }));
    throw new Partial();
  };

  const reading: Reading = {
    async take(kind, codec, value) {
      const batch = readFetchedBatch(value, topic);
      const refuseFor = (reason: string): Promise<never> => {
        const sentence = `A batch is not read: ${reason.replace(/[.\s]*$/, '')}.`;
        if (batch?.place === undefined) throw new Error(sentence);
        return refuse(batch, batch.place, value, sentence);
      };
      const count = batch?.count ?? 0;
      if (count > MOST_RECORDS) return refuseFor(`${count} records are in it, and ${MOST_RECORDS} are the most`);
      const isOver = inflated > MOST_BYTES || records + count > MOST_RECORDS;
      if (isOver && batch?.place?.isFirst === false) throw new Partial();
      let result: Buffer;
      try {
        result = await (kind === GZIP
          ? inflate(value, { maxOutputLength: MOST_BYTES })
          : decompress(kind, codec, value));
      } catch (error) {
        return refuseFor(reasonOf(error));
      }
      inflated += result.length;
      records += count;
      return result;
    },
  };

  return {
    within: (read) => readers.run(reading, read),
    begin() {
      inflated = 0;
      records = 0;
    },
  };
}

/** By its name the client knows the end of what it was sent, which is cut off where the answer is full. */
class Partial extends Error {
  override readonly name = 'KafkaJSPartialMessageError';
}

/** Undefined where the client has none, and says so by throwing. */
function codecOf(factory: () => Codec): Codec | undefined {
  try {
    return factory();
  } catch {
    return undefined;
  }
}

function decompress(kind: number, codec: Codec | undefined, records: Buffer): Promise<Buffer> {
  if (codec === undefined) throw new Error(`it is compressed by ${KINDS[kind]}, which is not read here`);
  return codec.decompress(records);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ERR_BUFFER_TOO_LARGE' ? `it inflates to more than ${MOST_BYTES} bytes` : message;
}
