import { countWays, findLoops, type Loop } from './ambiguity.js';
import { type Automaton, drawAutomaton } from './automaton.js';
import { type Budget, createBudget, TooIntricateError } from './budget.js';
import { forEachPattern, type Pattern, parsePattern } from './syntax.js';

/** How many steps matching a text of at most so many characters takes at worst, in orders of magnitude. */
export type Steps = (length: number) => number;

/** Begins at the start, with one repeat and nothing to choose from: most patterns, told without a look inside. */
const ONE_REPEAT = /^\^[^(|*+?{]*[*+?{][^(|*+?{]*$/;

/** What one pattern may take: about a tenth of a second. Real ones take less than a hundredth of it. */
const MOST_WORK = 200_000;

/**
 * How the work of a backtracking engine grows with the text that it refuses. Infinity for a pattern that is too large to
 * be judged.
 */
export function costOfPattern(text: string, whole?: Budget): Steps {
  if (ONE_REPEAT.test(text)) return (length) => length;
  try {
    const pattern = parsePattern(text);
    if (!hasRepeat(pattern)) return (length) => length;
    return costOf(pattern, createBudget(MOST_WORK, whole));
  } catch (error) {
    // A full stack is a pattern of thousands of groups in each other.
    if (error instanceof TooIntricateError || error instanceof RangeError) return () => Infinity;
    throw error;
  }
}

function hasRepeat(pattern: Pattern): boolean {
  let found = false;
  forEachPattern(pattern, (inner) => {
    found ||= inner.type === 'repeat';
  });
  return found;
}

function costOf(pattern: Pattern, budget: Budget): Steps {
  const looped = drawAutomaton(pattern, 'loops', budget);
  const loops = findLoops(looped, budget);
  const exact = isBounded(pattern) ? drawnExactly(pattern, budget) : looped;
  const exactLoops = exact === looped ? loops : exact === null ? null : findLoops(exact, budget);
  const ways = exact === null ? Infinity : countWays(exact, budget);
  return (length) => {
    const attempt = Math.max(1, Math.min(length, looped.longest));
    // Repeats drawn as loops are walked in more ways than there are, so what grows exponentially is looked at in copies.
    const grown = growthOf(loops, length, exactLoops === null);
    if (exactLoops === null) return attempt * grown;
    const isAmbiguous = loops.some((loop) => loop.ways > 1);
    const copied = growthOf(exactLoops, length, true) * (isAmbiguous ? ways : 1);
    return attempt * Math.max(grown, copied);
  };
}

/** Whether a repeat has an upper bound, so that the two drawings differ. */
function isBounded(pattern: Pattern): boolean {
  let found = false;
  forEachPattern(pattern, (inner) => {
    found ||= inner.type === 'repeat' && inner.max > 1 && (inner.max !== Infinity || inner.min > 1);
  });
  return found;
}

/** Null where the copies are too many. */
function drawnExactly(pattern: Pattern, budget: Budget): Automaton | null {
  try {
    return drawAutomaton(pattern, 'copies', createBudget(MOST_WORK / 4, budget));
  } catch (error) {
    if (error instanceof TooIntricateError) return null;
    throw error;
  }
}

/** The product of what the loops multiply the work by, along the chain of loops where that is most. */
function growthOf(loops: readonly Loop[], length: number, withWays: boolean): number {
  const growths = new Map<Loop, number>();
  let most = 1;
  for (const loop of loops) {
    const own = withWays ? loop.ways ** Math.min(length, loop.limit) : 1;
    const behind = Math.max(1, ...loop.later.map((later) => growths.get(later) ?? 1));
    const shared = loop.rivals.map((rival) => Math.min(length, loop.limit, rival.limit) * (growths.get(rival) ?? 1));
    const growth = own * Math.max(behind, ...shared);
    growths.set(loop, growth);
    most = Math.max(most, growth);
  }
  return most;
}
