import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { gatherWrites } from '../../runtime/gathered-writes.js';

/** A stream whose writes are seen, and which gathers until the test says so. */
function createStage() {
  const writes: string[] = [];
  let waiting: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    highWaterMark: 10,
    write(chunk, _, done) {
      writes.push(String(chunk));
      done();
    },
  });
  gatherWrites(stream, (flush) => waiting.push(flush));
  return {
    ...{ stream, writes },
    turn() {
      const due = waiting;
      waiting = [];
      for (const flush of due) flush();
      return due.length;
    },
  };
}

test('what is written in one go is one write, in its order, texts and bytes', () => {
  const { stream, writes, turn } = createStage();
  stream.write(Buffer.from('a'));
  stream.write('bé');
  stream.write(Buffer.from('cd'));
  expect(writes).toEqual([]);
  expect(turn()).toBe(1);
  expect(writes).toEqual(['abécd']);
  stream.write('e');
  turn();
  expect(writes).toEqual(['abécd', 'e']);
});

test('what is large is written at once, after what came before it, and not copied', () => {
  const { stream, writes, turn } = createStage();
  const large = 'x'.repeat(10_000);
  stream.write('a');
  stream.write(Buffer.from(large));
  stream.write('b');
  expect(writes).toEqual(['a', large]);
  turn();
  expect(writes).toEqual(['a', large, 'b']);
});

test('more than fits into a page is several writes, and nothing of it is written over', () => {
  const { stream, writes, turn } = createStage();
  const pieces = Array.from({ length: 200 }, (_, index) => String(index % 10).repeat(1_000));
  for (const piece of pieces) stream.write(piece);
  turn();
  expect(writes.join('')).toBe(pieces.join(''));
  expect(writes.length).toBeLessThan(10);
});

test('what is written before the end is written, although its time has not come', async () => {
  const { stream, writes, turn } = createStage();
  stream.write('a');
  stream.end();
  await new Promise((resolve) => stream.on('finish', resolve));
  turn();
  expect(writes).toEqual(['a']);
});
