import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Arena, createArena, type Place } from '../../runtime/arena.js';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

function add(arena: Arena, first: Uint8Array, second: Uint8Array): Place {
  const place: Place = { page: undefined, start: 0, middle: 0, end: 0 };
  arena.add(place, first, second);
  return place;
}

test('what is added is read as it was, whatever becomes of the buffers it came in', () => {
  const arena = createArena(1_000);
  const [asked, answered] = [bytesOf('asked'), bytesOf('')];
  const place = add(arena, asked, answered);
  asked.fill(0);
  expect(arena.read(place)).toEqual([bytesOf('asked'), bytesOf('')]);
});

test('what has been read does not change when its room is used again', () => {
  const arena = createArena(80);
  const [read] = arena.read(add(arena, bytesOf('first'), bytesOf('one'))) ?? [];
  for (let count = 0; count < 50; count++) add(arena, bytesOf('later'), bytesOf('ones'));
  expect(read).toEqual(bytesOf('first'));
});

test('what is larger than the limit is not added, and nothing goes for its sake', () => {
  const arena = createArena(100);
  const place = add(arena, bytesOf('small'), bytesOf('one'));
  expect(arena.read(add(arena, new Uint8Array(60), new Uint8Array(41)))).toBeUndefined();
  expect(arena.read(place)).toEqual([bytesOf('small'), bytesOf('one')]);
});

test('what is not wanted any more makes room, so that nothing has to go', () => {
  const arena = createArena(1_000);
  const kept = add(arena, bytesOf('kept'), bytesOf(''));
  for (let count = 0; count < 500; count++) arena.free(add(arena, new Uint8Array(50), new Uint8Array(50)));
  expect(arena.read(kept)).toEqual([bytesOf('kept'), bytesOf('')]);
});

test('of any additions the last are there, byte for byte, and never more than the limit', () => {
  const additions = fc.array(
    fc.record({
      first: fc.uint8Array({ maxLength: 40 }),
      second: fc.uint8Array({ maxLength: 40 }),
      isFreed: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(additions, fc.integer({ min: 80, max: 400 }), (list, limit) => {
      const arena = createArena(limit);
      const added = list.map((addition) => ({
        ...addition,
        place: add(arena, addition.first, addition.second),
      }));
      const last = added.at(-1);
      if (last !== undefined)
        expect(arena.read(last.place)).toEqual([last.first, last.second].map((part) => Buffer.from(part)));
      for (const { place, isFreed } of added) if (isFreed) arena.free(place);
      let bytes = 0;
      for (const { place, isFreed, first, second } of added) {
        const read = isFreed ? undefined : arena.read(place);
        if (read === undefined) continue;
        expect(read).toEqual([first, second].map((part) => Buffer.from(part)));
        bytes += first.length + second.length;
      }
      expect(bytes).toBeLessThanOrEqual(limit);
    }),
  );
});
