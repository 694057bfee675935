import { createAlphabet } from './alphabet.js';
import type { Budget } from './budget.js';
import { forEachPattern, longestMatch, type Pattern, shortestMatch } from './syntax.js';

/** A place in a pattern at which one character is taken. */
export interface Position {
  /** Which characters, as a mask of the alphabet. */
  readonly letters: bigint;
  /**
   * The positions that may take the next character, with in how many ways they are reached; none where the pattern matches
   * already when nothing more is taken, since no matching goes back behind that.
   */
  readonly next: ReadonlyMap<number, number>;
  /** How many characters the outermost loop around it can take. */
  readonly limit: number;
}

export interface Automaton {
  readonly positions: readonly Position[];
  /** Where matching begins. */
  readonly first: ReadonlyMap<number, number>;
  /** How many characters one attempt can look at, and whether there is an attempt from each character on. */
  readonly longest: number;
}

/** How repeats with an upper bound are drawn: as so many copies, or as a loop, which allows more. */
export type Drawing = 'copies' | 'loops';

/** Characters that every set holds: of what stands before a match. */
const EVERYTHING = -1n;

type State = {
  readonly kind: 'take' | 'pass' | 'return' | 'condition' | 'start' | 'end' | 'accept';
  readonly letters: bigint;
  readonly limit: number;
  next: readonly number[];
  /** Of the end of a turn of a loop: where the loop is entered. */
  entry?: number;
};

/**
 * Draws the positions of a pattern as backtracking walks through them. What stands in a lookahead is walked beside what
 * follows it, and a backreference as the group that it refers to: both may be slower than they are, never faster.
 */
export function drawAutomaton(pattern: Pattern, drawing: Drawing, budget: Budget): Automaton {
  const sets = new Set<string>();
  const groups = new Map<number | string, Pattern>();
  forEachPattern(pattern, (inner) => {
    if (inner.type === 'set') sets.add(inner.text);
    if (inner.type !== 'group') return;
    groups.set(inner.number, inner.body);
    if (inner.name !== undefined) groups.set(inner.name, inner.body);
  });
  const alphabet = createAlphabet([...sets], budget);
  const states: State[] = [];
  const add = (kind: State['kind'], next: readonly number[], letters = 0n, limit = 1): number => {
    budget.spend(10);
    return states.push({ kind, next, letters, limit }) - 1;
  };
  const accept = add('accept', []);
  const dead = add('end', []);
  const behind: Pattern[] = [];
  const open = new Set<Pattern>();

  function draw(inner: Pattern, next: number, limit: number, isBackward: boolean): number {
    switch (inner.type) {
      case 'set':
        return add('take', [next], alphabet.get(inner.text) ?? 0n, limit);
      case 'sequence': {
        const parts = isBackward ? inner.parts : inner.parts.toReversed();
        return parts.reduce((following, part) => draw(part, following, limit, isBackward), next);
      }
      case 'choice':
        return add(
          'pass',
          inner.options.map((option) => draw(option, next, limit, isBackward)),
        );
      case 'repeat':
        return drawRepeat(inner, next, limit, isBackward);
      case 'group':
        return draw(inner.body, next, limit, isBackward);
      case 'reference':
        return drawReference(inner.to, next, limit, isBackward);
      case 'look':
        if (inner.isBehind !== isBackward) {
          behind.push(inner);
          return add('condition', [next]);
        }
        return add('condition', [draw(inner.body, dead, limit, isBackward), next]);
      case 'boundary':
        return add('condition', [next]);
      case 'start':
      case 'end':
        return add(isBackward === (inner.type === 'end') ? 'start' : 'end', [next]);
    }
  }

  function drawRepeat(
    { body, min, max }: Pattern & { readonly type: 'repeat' },
    next: number,
    outer: number,
    isBackward: boolean,
  ): number {
    if (max === 0 || longestMatch(body) === 0) return next;
    const isLoop = max === Infinity || (drawing === 'loops' && max > 1);
    // A body of one length that stands so many times has one way to match.
    const isFixed = min === max && !hasChoice(body);
    const limit = !isLoop || outer > 1 ? outer : isFixed ? 1 : max * longestMatch(body);
    const copies = (count: number, following: number): number => {
      let entry = following;
      for (let copy = 0; copy < count; copy++) entry = draw(body, entry, limit, isBackward);
      return entry;
    };
    /** A turn that may be left out, with what follows it; null where it may be taken again and again. */
    const drawTurn = (following: readonly number[] | null, isDoubled = false): number => {
      const turn = add('return', following ?? []);
      const inside = draw(body, turn, limit, isBackward);
      const entry = add('pass', [inside, next]);
      const again = isDoubled ? [inside, inside, next] : [inside, next];
      Object.assign(states[turn] as State, { next: following ?? again, entry });
      return entry;
    };
    if (!isLoop) {
      let entry = next;
      for (let copy = min; copy < max; copy++) entry = drawTurn([entry]);
      return copies(min, entry);
    }
    // Turns that must be taken may be empty, so which of them are is a choice that copies have and a loop would not.
    const isDoubled = drawing === 'loops' && min > 1 && shortestMatch(body) === 0;
    const entry = drawTurn(null, isDoubled);
    if (min === 0) return entry;
    const [inside = next] = (states[entry] as State).next;
    return drawing === 'copies' ? copies(min - 1, inside) : inside;
  }

  function drawReference(to: number | string, next: number, limit: number, isBackward: boolean): number {
    const group = groups.get(to);
    // Inside its own group, and where the group is missing, it matches nothing but the empty text.
    if (group === undefined || open.has(group)) return add('condition', [next]);
    open.add(group);
    const entry = draw(group, next, limit, isBackward);
    open.delete(group);
    return add('condition', [entry, next]);
  }

  let longest = longestMatch(pattern);
  forEachPattern(pattern, (inner) => {
    if (inner.type === 'look') longest += longestMatch(inner.body);
  });
  const entries = [draw(pattern, accept, 1, false)];
  const inner: number[] = [];
  // What looks behind is tried at any place, so it is a search of its own; one that looks ahead from there is another.
  for (let look = behind.pop(); look !== undefined; look = behind.pop()) {
    if (look.type === 'look') inner.push(draw(look.body, dead, 1, look.isBehind));
  }
  return number(states, entries, inner, { longest, budget });
}

function hasChoice(pattern: Pattern): boolean {
  let found = false;
  forEachPattern(pattern, (inner) => {
    found ||=
      inner.type === 'choice' || inner.type === 'reference' || (inner.type === 'repeat' && inner.min !== inner.max);
  });
  return found;
}

/** Leaves out the states that take no character. */
function number(
  states: readonly State[],
  entries: readonly number[],
  inner: readonly number[],
  { longest, budget }: { readonly longest: number; readonly budget: Budget },
): Automaton {
  /** The states that take a character and are reached without one, and whether the end is reached so. */
  const reach = (from: readonly number[], isAtStart: boolean): { found: Map<number, number>; isSure: boolean } => {
    const found = new Map<number, number>();
    let isSure = false;
    const path = new Set<number>();
    const visit = (id: number, isCertain: boolean): void => {
      budget.spend(1);
      const state = states[id] as State;
      if (state.kind === 'accept') isSure ||= isCertain;
      if (state.kind === 'take') found.set(id, Math.min((found.get(id) ?? 0) + 1, 100));
      if (state.kind === 'take' || state.kind === 'end' || (state.kind === 'start' && !isAtStart)) return;
      // A turn of a loop that has taken nothing since it began is refused.
      if (state.kind === 'return' && (path.has(id) || path.has(state.entry ?? -1))) return;
      const isOuter = !path.has(id);
      path.add(id);
      const isStillCertain = isCertain && (state.kind === 'pass' || state.kind === 'return');
      for (const next of state.next) visit(next, isStillCertain);
      if (isOuter) path.delete(id);
    };
    for (const id of from) visit(id, true);
    return { found, isSure };
  };
  const takers = states.flatMap(({ kind }, id) => (kind === 'take' ? [id] : []));
  const numbers = new Map(takers.map((id, index) => [id, index + 1]));
  const renumber = (found: ReadonlyMap<number, number>): Map<number, number> =>
    new Map([...found].map(([id, ways]) => [numbers.get(id) ?? 0, ways]));
  const searched = renumber(reach([...entries, ...inner], false).found);
  const isSearched = searched.size > 0;
  const positions: Position[] = [
    // A match is looked for from every character on, as if anything could stand before it.
    { letters: EVERYTHING, next: isSearched ? searched.set(0, 1) : searched, limit: Infinity },
    ...takers.map((id): Position => {
      const { letters, limit, next } = states[id] as State;
      const { found, isSure } = reach(next, false);
      return { letters, next: isSure ? new Map() : renumber(found), limit };
    }),
  ];
  const first = renumber(reach(entries, true).found);
  if (isSearched) first.set(0, 1);
  return { positions, first, longest: isSearched ? Infinity : longest };
}
