import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparePatterns } from '../../generator/patterns/inclusion.js';

const SEED = Number(process.env['DECLARAGENT_SEED'] ?? 20_241_121);

describe('two patterns', () => {
  it.each([
    ['^[a-z]{11,30}$', '^[a-z]{10,30}$'],
    ['^\\d+$', '^[0-9]+$'],
    ['^[A-Za-z0-9_]$', '^\\w$'],
    ['^(?:[a-z0-9]{1,63}\\.)+[a-z]{2,20}$', '^[a-z0-9.]+$'],
    ['^a*?b$', 'b$'],
    ['', '^[\\s\\S]*$'],
  ])('of which one matches all that the other does: %s and %s', (one, other) => {
    expect(comparePatterns(one, other)).toEqual({ isIncluded: true });
  });

  it.each([
    ['^[a-z]{10,30}$', '^[a-z]{11,30}$'],
    ['^[^ ]+$', '^\\S+$'],
    ['a', '^a'],
    ['^a', '^a$'],
    ['', '^.*$'],
    ['^\\p{L}$', '^[a-z]$'],
  ])('of which one does not are told apart, or not told: %s and %s', (one, other) => {
    expect(comparePatterns(one, other)?.isIncluded).not.toBe(true);
  });

  it('tell a space of any script from what stands beside it', () => {
    expect(comparePatterns('^[\\u1000-\\u1800]$', '^\\S$')).toEqual({ isIncluded: false, text: null });
  });

  it.each(['(?=a)b', '(?<!a)b', '(a)\\1', '\\ba', '^\\p{L}$'])(
    'are left undecided where one of them is %s',
    (pattern) => {
      expect(comparePatterns(pattern, 'a')).toBeNull();
    },
  );

  it('are left undecided where they are too large', () => {
    expect(comparePatterns('(a|b)*a(a|b){30}', '(a|b)*b(a|b){31}')).toBeNull();
  });

  const piece: fc.Arbitrary<string> = fc.letrec<{ pattern: string; atom: string }>((tie) => ({
    atom: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '^', '$', '\\w') },
      { weight: 2, arbitrary: tie('pattern').map((inner) => `(?:${inner})`) },
    ),
    pattern: fc
      .array(
        fc
          .tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '*?', '|'))
          .map(([atom, quantifier]) => (/^[$^]$/.test(atom) && quantifier !== '|' ? atom : atom + quantifier)),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.join('')),
  })).pattern;
  const texts = ['', 'a', 'b', 'c', '\n'];
  for (let round = 0; round < 3; round++) {
    texts.push(...texts.slice(-(4 ** (round + 1))).flatMap((text) => ['a', 'b', 'c', '\n'].map((char) => text + char)));
  }

  it('are compared as the engine matches them, on all texts of up to four characters', () => {
    let decided = 0;
    const wrong = fc.sample(fc.tuple(piece, piece), { seed: SEED, numRuns: 600 }).flatMap(([one, other]) => {
      const found = comparePatterns(one, other);
      const [left, right] = [new RegExp(one, 'u'), new RegExp(other, 'u')];
      const apart = texts.find((text) => left.test(text) && !right.test(text));
      if (found !== null) decided++;
      if (found?.isIncluded === true && apart !== undefined) return [[one, other, apart]];
      if (found?.isIncluded === false && found.text !== null && !(left.test(found.text) && !right.test(found.text))) {
        return [[one, other, found.text]];
      }
      return [];
    });
    expect(wrong).toEqual([]);
    expect(decided).toBeGreaterThan(500);
  });
});
