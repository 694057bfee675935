import { createAlphabet } from './alphabet.js';
import { createBudget, TooIntricateError } from './budget.js';
import { createMatcher, type Matcher } from './matcher.js';
import { forEachPattern, type Pattern, parsePattern } from './syntax.js';

/** Whether every text that one pattern matches is matched by another, and else a text that shows it, where one could be written. */
export type Inclusion = { readonly isIncluded: true } | { readonly isIncluded: false; readonly text: string | null };

/** How much work one comparison may be: a second at most. */
const MOST_WORK = 2_000_000;

/** Characters of every kind of space beyond the first 256, so that `\s` is told from all that is beside it. */
const SPACES = '[\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';
const ANYTHING = '[^]';

/**
 * Walks through two patterns at once and looks for a text that only the first matches. Null where that cannot be told:
 * patterns that look around, refer back or speak of properties of characters, and those that are too large.
 */
export function comparePatterns(first: string, second: string): Inclusion | null {
  const key = JSON.stringify([first, second]);
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const found = compare(first, second);
  known.set(key, found);
  return found;
}

/** A proof asks the same of many values. */
const known = new Map<string, Inclusion | null>();
const MOST_KNOWN = 1_000;

function compare(first: string, second: string): Inclusion | null {
  const patterns = [parsePattern(first), parsePattern(second)];
  if ([first, second].some((text) => /\\p|\(\?[a-z-]+:/i.test(text)) || !patterns.every(isRegular)) return null;
  const sets = new Set([ANYTHING, SPACES]);
  for (const pattern of patterns)
    forEachPattern(pattern, (inner) => void (inner.type === 'set' && sets.add(inner.text)));
  try {
    const budget = createBudget(MOST_WORK);
    const alphabet = createAlphabet([...sets], budget);
    const [left, right] = patterns.map((pattern) => createMatcher(pattern, alphabet, budget));
    return left === undefined || right === undefined ? null : walk(left, right, alphabet);
  } catch (error) {
    if (error instanceof TooIntricateError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Whether a pattern has only what can be followed a character at a time. */
function isRegular(pattern: Pattern): boolean {
  let isPlain = true;
  forEachPattern(pattern, ({ type }) => {
    isPlain &&= type !== 'look' && type !== 'reference' && type !== 'boundary';
  });
  return isPlain;
}

function walk(left: Matcher, right: Matcher, alphabet: ReadonlyMap<string, bigint>): Inclusion {
  const all = alphabet.get(ANYTHING) ?? 0n;
  const letters: bigint[] = [];
  for (let letter = 1n; letter <= all; letter <<= 1n) if ((all & letter) !== 0n) letters.push(letter);
  const queue = [{ one: left.start, other: right.start, path: null as Step | null }];
  const seen = new Set<string>();
  for (let at = 0; at < queue.length; at++) {
    const { one, other, path } = queue[at] as (typeof queue)[number];
    if (one.matchesHere && !other.matchesHere) return { isIncluded: false, text: textOf(path, alphabet) };
    if (other.hasMatched) continue;
    for (const letter of letters) {
      const [next, rival] = [left.step(one, letter), right.step(other, letter)];
      const id = `${next.id}|${rival.id}`;
      if (seen.has(id)) continue;
      seen.add(id);
      queue.push({ one: next, other: rival, path: { letter, before: path } });
    }
  }
  return { isIncluded: true };
}

interface Step {
  readonly letter: bigint;
  readonly before: Step | null;
}

const PRINTABLE = [
  ...'a0A-_ .',
  ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)),
  'é',
  '\n',
];

/** A text of those letters; null where one of them stands for characters that nobody would print. */
function textOf(path: Step | null, alphabet: ReadonlyMap<string, bigint>): string | null {
  const sets = [...alphabet].map(([text, mask]) => ({ holds: new RegExp(`^${text}$`, 'u'), mask }));
  let text = '';
  for (let step = path; step !== null; step = step.before) {
    const { letter } = step;
    const found = PRINTABLE.find((char) =>
      sets.every(({ holds, mask }) => holds.test(char) === ((mask & letter) !== 0n)),
    );
    if (found === undefined) return null;
    text = found + text;
  }
  return text;
}
