import type { Automaton, Position } from './automaton.js';
import type { Budget } from './budget.js';

/** Positions that lead to each other, so that texts of any length stay among them. */
export interface Loop {
  /** In how many ways one character can be taken at most; 1 unless a text can be walked through in two ways. */
  readonly ways: number;
  /** How many characters it can take. */
  readonly limit: number;
  /** The loops behind it that can take up the same text from any of its characters on. */
  readonly rivals: readonly Loop[];
  /** The loops behind it. */
  readonly later: readonly Loop[];
}

/**
 * Finds the loops of a pattern and in how many ways they can share a text. One loop that takes a text in two ways doubles
 * the work with each turn; two that can divide a text anywhere multiply it by its length (Weber and Seidl, 1991).
 */
export function findLoops(automaton: Automaton, budget: Budget): Loop[] {
  const { positions } = automaton;
  const position = (index: number): Position => positions[index] as Position;
  const groups = findComponents(automaton);
  const component = new Map(groups.flatMap((members, index) => members.map((member) => [member, index] as const)));

  const isCyclic = (members: readonly number[]): boolean =>
    members.length > 1 || members.some((member) => position(member).next.has(member));

  /** Whether some text leads from a position back to it in two ways. */
  function isAmbiguous(members: readonly number[]): boolean {
    const inside = new Set(members);
    const queue: (readonly [number, number])[] = [];
    const seen = new Set<number>();
    const enter = (left: number, right: number): void => {
      budget.spend(1 / 4);
      const [low, high] = left < right ? [left, right] : [right, left];
      const id = low * positions.length + high;
      if ((position(low).letters & position(high).letters) === 0n || seen.has(id)) return;
      seen.add(id);
      queue.push([low, high]);
    };
    // Positions at the ends of alternatives lead to the same ones.
    const looked = new Set<string>();
    for (const member of members) {
      const targets = [...position(member).next].filter(([target]) => inside.has(target));
      if (targets.some(([, ways]) => ways > 1)) return true;
      const id = targets.map(([target]) => target).join();
      if (looked.has(id)) continue;
      looked.add(id);
      for (const [index, [left]] of targets.entries()) {
        for (const [right] of targets.slice(index + 1)) enter(left, right);
      }
    }
    for (let pair = queue.pop(); pair !== undefined; pair = queue.pop()) {
      for (const left of position(pair[0]).next.keys()) {
        if (!inside.has(left)) continue;
        for (const right of position(pair[1]).next.keys()) {
          if (left === right) return true;
          if (inside.has(right)) enter(left, right);
        }
      }
    }
    return false;
  }

  /** Whether some text leads from `start` back to it, from there to `end`, and from `end` back to it. */
  function sharesText(from: readonly number[], to: readonly number[], between: ReadonlySet<number>): boolean {
    const [inFrom, inTo] = [new Set(from), new Set(to)];
    for (const start of from) {
      for (const end of to) {
        budget.spend(1);
        if (start !== 0 && (position(start).letters & position(end).letters) === 0n) continue;
        const seen = new Set<string>();
        const queue: (readonly [number, number, number])[] = [[start, start, end]];
        for (let triple = queue.pop(); triple !== undefined; triple = queue.pop()) {
          const [left, middle, right] = triple;
          if ((position(left).letters & position(middle).letters & position(right).letters) === 0n) continue;
          for (const nextRight of position(right).next.keys()) {
            if (!inTo.has(nextRight)) continue;
            for (const nextMiddle of position(middle).next.keys()) {
              budget.spend(1 / 4);
              if (!between.has(nextMiddle)) continue;
              for (const nextLeft of position(left).next.keys()) {
                if (!inFrom.has(nextLeft)) continue;
                if (nextLeft === start && nextMiddle === end && nextRight === end) return true;
                const id = `${nextLeft},${nextMiddle},${nextRight}`;
                if (seen.has(id)) continue;
                budget.spend(1 / 4);
                seen.add(id);
                queue.push([nextLeft, nextMiddle, nextRight]);
              }
            }
          }
        }
      }
    }
    return false;
  }

  // A component comes after those that it leads to.
  const loops: { members: readonly number[]; reached: ReadonlySet<number>; loop: Loop }[] = [];
  const reachedFrom = new Map<number, ReadonlySet<number>>();
  for (const [index, members] of groups.entries()) {
    const reached = new Set<number>(members);
    for (const member of members) {
      for (const target of position(member).next.keys()) {
        budget.spend(1);
        const home = component.get(target) ?? index;
        if (home !== index) for (const further of reachedFrom.get(home) ?? []) reached.add(further);
      }
    }
    reachedFrom.set(index, reached);
    if (!isCyclic(members)) continue;
    const later = loops.filter(({ members: [first = 0] }) => reached.has(first));
    const rivals = later.filter((other) => {
      const between = new Set([...reached].filter((inner) => inner !== 0 && leadsTo(inner, other.members)));
      for (const member of members) between.add(member);
      return sharesText(members, other.members, between);
    });
    const ways = isAmbiguous(members) ? mostWays(members, position, budget) : 1;
    const limit = Math.max(...members.map((member) => position(member).limit));
    const loopsOf = (some: typeof loops): Loop[] => some.map(({ loop }) => loop);
    loops.push({ members, reached, loop: { ways, limit, rivals: loopsOf(rivals), later: loopsOf(later) } });
  }
  return loops.map(({ loop }) => loop);

  function leadsTo(from: number, [first = 0]: readonly number[]): boolean {
    return reachedFrom.get(component.get(from) ?? -1)?.has(first) === true;
  }
}

/** Into how many positions one character can lead at most. */
function mostWays(members: readonly number[], position: (index: number) => Position, budget: Budget): number {
  const inside = new Set(members);
  let most = 2;
  for (const member of members) {
    const targets = [...position(member).next].filter(([target]) => inside.has(target));
    budget.spend(targets.length ** 2 / 8);
    for (const [one] of targets) {
      const rivals = targets.filter(([other]) => (position(one).letters & position(other).letters) !== 0n);
      most = Math.max(
        most,
        rivals.reduce((sum, [, ways]) => sum + ways, 0),
      );
    }
  }
  return most;
}

/**
 * In how many ways a pattern without its loops can be walked through: the product of its choices, where more than one of
 * them may go on with the same character.
 */
export function countWays(automaton: Automaton, budget: Budget): number {
  const { positions, first } = automaton;
  const groups = findComponents(automaton);
  const component = new Map(groups.flatMap((members, index) => members.map((member) => [member, index] as const)));
  const counts = new Map<number, number>();
  const most = (next: ReadonlyMap<number, number>, home: number): number => {
    const leaving = [...next].filter(([target]) => target !== 0 && component.get(target) !== home);
    budget.spend(leaving.length ** 2 / 8);
    const letters = (target: number): bigint => positions[target]?.letters ?? 0n;
    const sums = leaving.map(([one]) =>
      leaving.reduce(
        (sum, [other, ways]) => ((letters(one) & letters(other)) === 0n ? sum : sum + ways * (counts.get(other) ?? 1)),
        0,
      ),
    );
    return Math.max(1, ...sums);
  };
  for (const [home, members] of groups.entries()) {
    const count = Math.max(...members.map((member) => most(positions[member]?.next ?? new Map(), home)));
    for (const member of members) counts.set(member, count);
  }
  return most(first, -1);
}

/** The strongly connected components (Tarjan, 1972), each after those that it leads to. */
function findComponents({ positions, first }: Automaton): number[][] {
  const found: number[][] = [];
  const order = new Map<number, number>();
  const lowest = new Map<number, number>();
  const stack: number[] = [];
  const onStack = new Set<number>();
  for (const root of first.keys()) {
    if (order.has(root)) continue;
    const calls: { at: number; targets: Iterator<number> }[] = [];
    const enter = (at: number): void => {
      order.set(at, order.size);
      lowest.set(at, order.get(at) ?? 0);
      stack.push(at);
      onStack.add(at);
      calls.push({ at, targets: (positions[at]?.next ?? new Map<number, number>()).keys() });
    };
    const lower = (at: number, to: number | undefined): void => {
      lowest.set(at, Math.min(lowest.get(at) ?? 0, to ?? 0));
    };
    enter(root);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const { done, value } = call.targets.next();
      if (done !== true) {
        if (!order.has(value)) enter(value);
        else if (onStack.has(value)) lower(call.at, order.get(value));
        continue;
      }
      calls.pop();
      const caller = calls.at(-1);
      if (caller !== undefined) lower(caller.at, lowest.get(call.at));
      if (lowest.get(call.at) !== order.get(call.at)) continue;
      const members = stack.splice(stack.lastIndexOf(call.at));
      for (const member of members) onStack.delete(member);
      found.push(members);
    }
  }
  return found;
}
