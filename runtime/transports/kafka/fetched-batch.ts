/** A batch of records in the answer to a fetch, as the broker keeps it. */
export interface FetchedBatch {
  /** The first offset that it may hold. */
  readonly from: number;
  /** The offset after the last. */
  readonly to: number;
  /** How many records it says that it has. */
  readonly count: number;
  readonly timestamp: number;
  /** Where it stands; undefined where the answer is not as expected. */
  readonly place: BatchPlace | undefined;
}

/** Where a batch stands in an answer. */
export interface BatchPlace {
  readonly partition: number;
  /** The offset of the next message that will be written to the partition. */
  readonly end: number;
  /** Nothing of its partition stands before it. */
  readonly isFirst: boolean;
}

/** Of a batch, up to its records. */
const HEADER_BYTES = 61;
/** Its offset and its length, which does not count them. */
const FRAME_BYTES = 12;
const MAGIC = 2;
/** Of a partition, with no aborted transaction. */
const PARTITION_BYTES = 42;
const TRANSACTION_BYTES = 16;

/**
 * Reads what stands before the records of a batch: the client hands over the records alone, in the very memory that the
 * whole answer is in. Undefined for what is no batch of the form that brokers have written since 0.11.
 */
export function readFetchedBatch(records: Buffer, topic: string): FetchedBatch | undefined {
  const start = records.byteOffset - HEADER_BYTES;
  if (start < 0) return undefined;
  const memory = Buffer.from(records.buffer, 0, records.byteOffset + records.length);
  if (memory.readInt8(start + 16) !== MAGIC) return undefined;
  if (memory.readInt32BE(start + 8) !== HEADER_BYTES - FRAME_BYTES + records.length) return undefined;
  const from = Number(memory.readBigInt64BE(start));
  return {
    from,
    to: from + memory.readInt32BE(start + 23) + 1,
    timestamp: Number(memory.readBigInt64BE(start + 35)),
    count: memory.readInt32BE(start + 57),
    place: findPlace(memory, start, topic),
  };
}

/**
 * Walks through the partitions of an answer (to version 11 of the request, which brokers know since 2.3) up to the one that
 * the batch is in. It begins at the front: what is said by records, anybody can have written.
 */
function findPlace(memory: Buffer, batch: number, topic: string): BatchPlace | undefined {
  const front = frontOf(topic);
  for (let at = memory.indexOf(front); at !== -1; at = memory.indexOf(front, at + 1)) {
    const place = walk(memory, at + front.length, batch);
    if (place !== undefined) return place;
  }
  return undefined;
}

/** No error, no session, and one topic with its name. */
function frontOf(topic: string): Buffer {
  const name = Buffer.from(topic);
  // In memory of its own: answers may be in what small buffers share.
  const front = Buffer.allocUnsafeSlow(12 + name.length).fill(0);
  front.writeInt32BE(1, 6);
  front.writeInt16BE(name.length, 10);
  name.copy(front, 12);
  return front;
}

function walk(memory: Buffer, partitions: number, batch: number): BatchPlace | undefined {
  if (partitions + 4 > batch) return undefined;
  const count = memory.readInt32BE(partitions);
  let at = partitions + 4;
  for (let index = 0; index < count && at + PARTITION_BYTES <= batch; index++) {
    const partition = memory.readInt32BE(at);
    const end = Number(memory.readBigInt64BE(at + 6));
    const aborted = memory.readInt32BE(at + 30);
    const records = at + PARTITION_BYTES + Math.max(0, aborted) * TRANSACTION_BYTES;
    if (partition < 0 || aborted < -1 || records > batch) return undefined;
    const after = records + Math.max(0, memory.readInt32BE(records - 4));
    if (after > batch) {
      const isWhole = after >= memory.length && memory.readInt16BE(at + 4) === 0;
      return isWhole ? { partition, end, isFirst: records === batch } : undefined;
    }
    at = after;
  }
  return undefined;
}
