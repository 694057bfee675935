import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shareOut } from '../../../runtime/transports/kafka/balance.js';

const claim = fc.record({
  owned: fc.uniqueArray(fc.integer({ min: 0, max: 11 })),
  isBusy: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
});

test('each partition goes to one reader, and no reader has two more than another', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(claim, { minLength: 1, maxLength: 15 }), (count, claims) => {
      const partitions = Array.from({ length: count }, (_, index) => index);
      const claimants = claims.map(({ owned, isBusy }, index) => ({
        ...{ member: `m${index}`, owned, busy: owned.filter((partition) => isBusy[partition]) },
      }));
      const shares = shareOut(partitions, claimants);
      expect([...shares.keys()].sort()).toEqual(claimants.map(({ member }) => member).sort());
      expect([...shares.values()].flat().sort((one, other) => one - other)).toEqual(partitions);
      const sizes = Array.from(shares.values(), ({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      // It does not depend on who is asked first.
      expect(new Map([...shareOut(partitions, claimants.toReversed())].sort())).toEqual(new Map([...shares].sort()));
    }),
  );
});

test('a reader keeps what it has work of, and gives what it has none of to one that joins', () => {
  const shares = shareOut(
    [0, 1, 2, 3, 4, 5],
    [
      { member: 'b', owned: [0, 1, 2, 3, 4, 5], busy: [1, 5] },
      { member: 'a', owned: [], busy: [] },
    ],
  );
  expect(shares.get('b')).toEqual([0, 1, 5]);
  expect(shares.get('a')).toEqual([2, 3, 4]);
});
