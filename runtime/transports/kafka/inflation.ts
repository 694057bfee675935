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

/** Who reads a topic. */
export interface TopicReader {
  readonly topic: string;
  /** Tells the cluster from others that this process reads. */
  readonly cluster: string;
  /** Goes on after a batch; whether it has come to that batch, or is just past it. `isAlone`: nobody else reads the topic here. */
  pass(batch: UnreadBatch, isAlone: boolean): Promise<boolean>;
}

/** The client's table of what it can inflate, by the number that a batch has for it. It is one for all in the process. */
export type CodecTable = Record<number, () => Codec>;

interface Codec {
  compress(encoder: unknown): Promise<Buffer>;
  decompress(records: Buffer): Promise<Buffer>;
}

/** A batch of a topic that is read here. */
interface OwnBatch extends FetchedBatch {
  readonly topic: string;
  readonly place: BatchPlace;
}

/** One batch may grow to that, and so may all together that one fetch brings, but for the first of each partition. */
const MOST_BYTES = 8 * 2 ** 20;
/** A record has seven bytes at least, and some hundreds when it is read. */
const MOST_RECORDS = 16_384;
const KINDS: Readonly<Record<number, string>> = { 1: 'gzip', 2: 'snappy', 3: 'lz4', 4: 'zstd' };
const GZIP = 1;

const inflate = promisify(unzip);

/**
 * As the table, one for all in the process: a codec is told nothing but the bytes. An `AsyncLocalStorage` would say who reads,
 * and would cost each call a tenth of its time.
 */
const readers = new Map<string, Set<TopicReader>>();
/** What was inflated of one answer, by the memory that it is in. */
const inflated = new WeakMap<ArrayBufferLike, { bytes: number; records: number }>();
/** The factories in tables that are ours. */
const ours = new WeakSet<() => Codec>();

/**
 * Limits what is inflated of the topics of `addReader`: a few bytes can grow to a thousand times as much, and the client asks
 * for no limit. For all else the table is what it was.
 */
export function limitInflation(codecs: CodecTable): void {
  for (const kind of Object.keys(KINDS).map(Number)) {
    const before = codecs[kind];
    if (before === undefined || ours.has(before)) continue;
    const factory = (): Codec => ({
      compress: (encoder) => before().compress(encoder),
      async decompress(records) {
        const batch = findBatch(records);
        return batch === undefined ? before().decompress(records) : decompress(kind, before, batch, records);
      },
    });
    ours.add(factory);
    codecs[kind] = factory;
  }
}

/** Limits what is inflated of a topic until the returned function is called. */
export function addReader(reader: TopicReader): () => void {
  const { topic } = reader;
  const all = readers.get(topic) ?? new Set();
  readers.set(topic, all.add(reader));
  return () => {
    all.delete(reader);
    if (all.size === 0 && readers.get(topic) === all) readers.delete(topic);
  };
}

function findBatch(records: Buffer): OwnBatch | undefined {
  for (const topic of readers.keys()) {
    const batch = readFetchedBatch(records, topic);
    if (batch?.place !== undefined) return { ...batch, topic, place: batch.place };
  }
  return undefined;
}

async function decompress(kind: number, before: () => Codec, batch: OwnBatch, records: Buffer): Promise<Buffer> {
  const { count, place } = batch;
  const so = inflated.get(records.buffer) ?? { bytes: 0, records: 0 };
  inflated.set(records.buffer, so);
  if (count > MOST_RECORDS) {
    return refuse(batch, records, `${count} records are in it, and ${MOST_RECORDS} are the most`);
  }
  if (!place.isFirst && (so.bytes > MOST_BYTES || so.records + count > MOST_RECORDS)) throw new Partial();
  let result: Buffer;
  try {
    result = await (kind === GZIP ? inflate(records, { maxOutputLength: MOST_BYTES }) : before().decompress(records));
  } catch (error) {
    return refuse(batch, records, reasonOf(error, kind));
  }
  so.bytes += result.length;
  so.records += count;
  return result;
}

async function refuse(batch: OwnBatch, value: Buffer, reason: string): Promise<never> {
  const { topic, from, to, timestamp, place } = batch;
  // What stands before it goes first; it is then the first of the next fetch.
  if (!place.isFirst) throw new Partial();
  const unread = `A batch is not read: ${reason.replace(/[.\s]*$/, '')}.`;
  const at = { partition: place.partition, offset: to - 1, timestamp };
  // A copy, so that it does not keep all that was fetched with it.
  const record = { ...at, value: Buffer.from(value), header: () => undefined, unread };
  let hasPassed = false;
  // Several may read the answers of one agent, and none of them can read this.
  const all = [...(readers.get(topic) ?? [])];
  // Whose answer it is in is known by the topic alone: what is of one cluster is not to be passed over in another.
  if (new Set(all.map(({ cluster }) => cluster)).size > 1) throw new Error(unread);
  for (const reader of all) {
    if (await reader.pass({ from, to, end: place.end, record }, all.length === 1)) hasPassed = true;
  }
  throw hasPassed ? new Partial() : new Error(unread);
}

/** By its name the client knows the end of what it was sent, which is cut off where the answer is full. */
class Partial extends Error {
  override readonly name = 'KafkaJSPartialMessageError';
}

function reasonOf(error: unknown, kind: number): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (name === 'KafkaJSNotImplemented') return `it is compressed by ${KINDS[kind]}, which is not read here`;
  return code === 'ERR_BUFFER_TOO_LARGE' ? `it inflates to more than ${MOST_BYTES} bytes` : message;
}
