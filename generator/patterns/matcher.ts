import { type Budget, TooIntricateError } from './budget.js';
import type { Pattern } from './syntax.js';

/** How far a pattern has got with a text: all the ways at once. */
export interface Progress {
  readonly id: string;
  /** Whether it has matched, whatever follows. */
  readonly hasMatched: boolean;
  /** Whether it matches if the text ends here. */
  readonly matchesHere: boolean;
  readonly takers: readonly number[];
}

export interface Matcher {
  readonly start: Progress;
  step(from: Progress, letter: bigint): Progress;
}

interface State {
  readonly kind: 'take' | 'pass' | 'start' | 'end' | 'accept';
  readonly letters: bigint;
  next: readonly number[];
}

/**
 * Follows a pattern through a text a character at a time, in all ways at once; `alphabet` says which letters each of its sets holds.
 *
 * @throws {TooIntricateError} for a pattern that looks around or refers back, and for one that is too large.
 */
export function createMatcher(pattern: Pattern, alphabet: ReadonlyMap<string, bigint>, budget: Budget): Matcher {
  const states: State[] = [];
  const add = (kind: State['kind'], next: readonly number[], letters = 0n): number => {
    budget.spend(10);
    return states.push({ kind, next, letters }) - 1;
  };
  const draw = (inner: Pattern, next: number): number => {
    switch (inner.type) {
      case 'set':
        return add('take', [next], alphabet.get(inner.text) ?? 0n);
      case 'sequence':
        return inner.parts.reduceRight((following, part) => draw(part, following), next);
      case 'choice': {
        const options = inner.options.map((option) => draw(option, next));
        return add('pass', options);
      }
      case 'repeat': {
        const { body, min, max } = inner;
        let entry = next;
        if (max === Infinity) {
          entry = add('pass', []);
          (states[entry] as State).next = [draw(body, entry), next];
        } else for (let turn = min; turn < max; turn++) entry = add('pass', [draw(body, entry), next]);
        for (let turn = 0; turn < min; turn++) entry = draw(body, entry);
        return entry;
      }
      case 'group':
        return draw(inner.body, next);
      case 'start':
      case 'end':
        return add(inner.type, [next]);
      default:
        throw new TooIntricateError();
    }
  };
  const entry = draw(pattern, add('accept', []));

  const settle = (from: Iterable<number>, isAtStart: boolean): Progress => {
    const seen = new Set<number>();
    const matched = { now: false, here: false };
    const visit = (first: Iterable<number>, isAtEnd: boolean): void => {
      const queue = [...first];
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        budget.spend(1);
        const { kind, next } = states[id] as State;
        if (seen.has(id)) continue;
        seen.add(id);
        if (kind === 'accept') matched[isAtEnd ? 'here' : 'now'] = true;
        if (kind === 'pass' || (kind === 'start' && isAtStart) || (kind === 'end' && isAtEnd)) queue.push(...next);
      }
    };
    visit(from, false);
    const takers = [...seen].filter((id) => states[id]?.kind === 'take').sort((left, right) => left - right);
    const ends = [...seen].filter((id) => states[id]?.kind === 'end');
    const endings = [...ends];
    // What stands behind an end is reached only where the text ends, and then nothing more is taken.
    for (const id of ends) seen.delete(id);
    visit(endings, true);
    if (matched.now) return { id: '*', hasMatched: true, matchesHere: true, takers: [] };
    const here = matched.here;
    return { id: `${here ? '$' : ''}${takers.join()}`, hasMatched: false, matchesHere: here, takers };
  };
  return {
    start: settle([entry], true),
    step(from, letter) {
      if (from.hasMatched) return from;
      budget.spend(from.takers.length + 1);
      const taking = from.takers.map((id) => states[id] as State).filter(({ letters }) => (letters & letter) !== 0n);
      // A match may begin at any character.
      return settle([...taking.flatMap(({ next }) => next), entry], false);
    },
  };
}
