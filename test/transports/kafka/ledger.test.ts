import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openLedger } from '../../../runtime/transports/kafka/ledger.js';

/** What happens to one of the next few messages. */
const step = fc.record({
  offset: fc.integer({ min: 0, max: 30 }),
  act: fc.constantFrom('hand', 'settle', 'putBack') as fc.Arbitrary<'hand' | 'settle' | 'putBack'>,
});

test('a message that is settled comes to nobody again, and one that is not comes again as often as it has come', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), fc.array(step), (start, steps) => {
      const ledger = openLedger(start, '');
      const handed = new Map<number, number>();
      const settled = new Set<number>();
      const mine = new Set<number>();
      let next = start;
      for (const { offset: delta, act } of steps) {
        const offset = start + delta;
        // Messages are fetched in their order, and none is skipped.
        if (act === 'hand' && offset <= next && !mine.has(offset) && !settled.has(offset)) {
          ledger.hand(offset);
          handed.set(offset, (handed.get(offset) ?? 0) + 1);
          mine.add(offset);
          next = Math.max(next, offset + 1);
        }
        if (act !== 'hand' && mine.delete(offset)) {
          ledger[act](offset);
          if (act === 'settle') settled.add(offset);
        }
      }
      expect(ledger.live).toBe(mine.size);
      const { offset, metadata } = ledger.save();
      const heir = openLedger(offset, metadata);
      expect(heir.next).toBe(next);
      for (let at = start; at < next + 3; at++) {
        const expected = settled.has(at) ? undefined : (handed.get(at) ?? 0);
        expect(at < offset ? undefined : heir.deliveriesOf(at)).toBe(expected);
      }
      expect(heir.save()).toEqual({ offset, metadata });
      expect(heir.resumeAt()).toBe(offset);
    }),
  );
});

test('what another program has committed is taken as it is', () => {
  for (const metadata of ['', 'anything', 'd1;', 'd1;zz;1', 'd2;1']) {
    const ledger = openLedger(7, metadata);
    expect(ledger.next).toBe(7);
    expect(ledger.deliveriesOf(6)).toBe(undefined);
    expect(ledger.deliveriesOf(7)).toBe(0);
  }
});

test('what the broker has deleted meanwhile is not waited for', () => {
  const before = openLedger(0, '');
  for (const offset of [0, 1, 2]) before.hand(offset);
  before.settle(1);
  const { offset, metadata } = before.save();
  const ledger = openLedger(offset, metadata);
  ledger.forgetBefore(2);
  expect(ledger.save().offset).toBe(2);
});

test('what is said of 400 messages that are not settled goes with an offset', () => {
  const ledger = openLedger(10 ** 9, '');
  for (let offset = 10 ** 9; offset < 10 ** 9 + 1_000_000; offset++) {
    ledger.hand(offset);
    if (offset % 2_500 !== 0) ledger.settle(offset);
  }
  expect(ledger.unsettled).toBe(400);
  // The broker's default for offset.metadata.max.bytes.
  expect(ledger.save().metadata.length).toBeLessThan(4_096);
});
