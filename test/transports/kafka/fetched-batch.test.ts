import { expect, test } from 'vitest';
import { readFetchedBatch } from '../../../runtime/transports/kafka/fetched-batch.js';

const TOPIC = 'agents.a.requests';

const int = (bytes: 2 | 4 | 8, value: number): Buffer => {
  const buffer = Buffer.alloc(8);
  buffer.writeBigInt64BE(BigInt(value));
  return buffer.subarray(8 - bytes);
};

const batch = (offset: number, records: Buffer, count = 1) =>
  Buffer.concat([
    ...[int(8, offset), int(4, 49 + records.length), int(4, 0), Buffer.from([2]), int(4, 0), int(2, 9)],
    ...[int(4, count - 1), int(8, 0), int(8, 1_700), int(8, -1), int(2, -1), int(4, -1), int(4, count), records],
  ]);

const partition = (index: number, end: number, aborted: number, batches: readonly Buffer[]) => {
  const records = Buffer.concat(batches);
  return Buffer.concat([
    ...[int(4, index), int(2, 0), int(8, end), int(8, end), int(8, 0)],
    ...[int(4, aborted), Buffer.alloc(Math.max(0, aborted) * 16)],
    ...[int(4, -1), int(4, records.length), records],
  ]);
};

const response = (...partitions: readonly Buffer[]) =>
  Buffer.concat([
    ...[int(4, 0), int(2, 0), int(4, 0), int(4, 1), int(2, TOPIC.length), Buffer.from(TOPIC)],
    ...[int(4, partitions.length), ...partitions],
  ]);

/** As the client does: a part of the memory that the answer is in. */
const find = (answer: Buffer, records: Buffer) => {
  const at = answer.lastIndexOf(records);
  return readFetchedBatch(answer.subarray(at, at + records.length), TOPIC);
};

const records = Buffer.from('the records that are looked for');

test('a batch says which offsets it holds, how many records and when it was written', () => {
  expect(find(response(partition(3, 90, -1, [batch(70, records, 5)])), records)).toEqual({
    ...{ from: 70, to: 75, count: 5, timestamp: 1_700 },
    place: { partition: 3, end: 90, isFirst: true },
  });
});

test.each([
  ['the first of the second partition', [partition(0, 4, 0, []), partition(1, 7, 0, [batch(6, records)])], 1, true],
  ['the second of its partition', [partition(2, 8, 0, [batch(5, Buffer.from('x')), batch(6, records)])], 2, false],
  ['after aborted transactions', [partition(4, 8, 3, [batch(6, records)])], 4, true],
] as const)('it is found where it stands: %s', (_, partitions, index, isFirst) => {
  const found = find(response(...partitions), records);
  expect(found?.place).toMatchObject({ partition: index, isFirst });
});

test('records that pretend to be the front of an answer are not believed', () => {
  const forged = response(partition(1, 1_000, 0, [batch(6, records)])).subarray(0, -batch(6, records).length);
  const answer = response(partition(0, 8, 0, [batch(5, forged), batch(6, records)]));
  expect(find(answer, records)?.place).toEqual({ partition: 0, end: 8, isFirst: false });
});

test('what has another form is no batch, and one of another answer has no place', () => {
  expect(readFetchedBatch(Buffer.from(records), TOPIC)).toBeUndefined();
  expect(find(Buffer.concat([Buffer.alloc(100), batch(6, records)]), records)).toMatchObject({ place: undefined });
  const whole = response(partition(0, 8, 0, [batch(5, records)]));
  const at = whole.lastIndexOf(records);
  expect(readFetchedBatch(whole.subarray(at, at + 5), TOPIC)).toBeUndefined();
});
