import { type Gap, gapAt, type Obligation, type Prover } from './gap.js';
import { isSameSchema } from './same-schema.js';
import {
  type Conjunction,
  conjunctionOf,
  inner,
  keyword,
  members,
  negation,
  type SchemaNode,
  withNodes,
} from './schema-node.js';

/** What keywords ask that choose between schemas of the same value. */
export const UNION_OBLIGATIONS: readonly Obligation[] = [
  {
    keyword: 'anyOf',
    check: (prover, wide, narrow, trail) => checkUnion(prover, wide, narrow, trail, 'anyOf'),
  },
  {
    keyword: 'oneOf',
    check: (prover, wide, narrow, trail) => checkUnion(prover, wide, narrow, trail, 'oneOf'),
  },
  {
    keyword: 'not',
    check(prover, wide, narrow, trail) {
      const refused = inner(narrow, 'not');
      return refused === null || excludes(prover, wide, refused) ? [] : gapAt('condition', 'not', wide, narrow, trail);
    },
  },
  {
    keyword: 'if',
    check(prover, wide, narrow, trail) {
      const [condition, then, otherwise] = [inner(narrow, 'if'), inner(narrow, 'then'), inner(narrow, 'else')];
      if (condition === null) return [];
      const isRight =
        (then === null || prover.proves(withNodes(wide, [condition]), then)) &&
        (otherwise === null || prover.proves(withNodes(wide, [negation(condition)]), otherwise));
      return isRight ? [] : gapAt('condition', 'if', wide, narrow, trail);
    },
  },
];

/** Whether no value of the conjunction is one of the schema. */
function excludes(prover: Prover, wide: Conjunction, refused: SchemaNode): boolean {
  if (prover.isEmpty(withNodes(wide, [refused]))) return true;
  // What is refused already, and more.
  return wide.nodes.some((node) => {
    const before = inner(node, 'not');
    return before !== null && prover.proves(conjunctionOf([refused]), before);
  });
}

function checkUnion(
  prover: Prover,
  wide: Conjunction,
  narrow: SchemaNode,
  trail: Gap['trail'],
  name: 'anyOf' | 'oneOf',
): readonly Gap[] {
  const branches = members(narrow, name);
  if (hasSameUnion(wide, branches, name)) return [];
  const possible = branches.filter((branch) => !excludes(prover, wide, branch));
  if (name === 'anyOf' ? possible.some((branch) => prover.proves(wide, branch)) : false) return [];
  const [only, second] = possible;
  // The one branch that is left says what is wrong better than the union does.
  if (only !== undefined && second === undefined) {
    return prover.check(wide, only, [...trail, name, branches.indexOf(only)]);
  }
  return gapAt('union', name, wide, narrow, trail);
}

/** Whether the same branches, in any order, are asked for on the other side. */
function hasSameUnion({ nodes }: Conjunction, branches: readonly SchemaNode[], name: 'anyOf' | 'oneOf'): boolean {
  return nodes.some((node) => {
    const own = members(node, name);
    if (own.length !== branches.length) return false;
    const left = new Set(own);
    return branches.every((branch) => {
      const same = [...left].find((other) => isSameSchema(other, branch));
      if (same !== undefined) left.delete(same);
      return same !== undefined;
    });
  });
}

/** The ways in which a value of the conjunction may be one; one of them certainly holds. */
export interface Alternatives {
  readonly name: string;
  readonly ways: readonly (readonly SchemaNode[])[];
}

/** The first union of the conjunction that has not been taken apart; null without any. */
export function findAlternatives({ nodes, split }: Conjunction): Alternatives | null {
  for (const node of nodes) {
    for (const { name, ways } of alternativesOf(node)) if (!split.has(name)) return { name, ways };
  }
  return null;
}

function alternativesOf(node: SchemaNode): Alternatives[] {
  const found: Alternatives[] = [];
  const anyOf = members(node, 'anyOf');
  if (anyOf.length > 0) found.push({ name: `${node.id} anyOf`, ways: anyOf.map((branch) => [branch]) });
  const oneOf = members(node, 'oneOf');
  if (oneOf.length > 0) {
    // The negations of a long union are longer than what they prove.
    const others = (branch: SchemaNode): SchemaNode[] => oneOf.filter((other) => other !== branch).map(negation);
    const ways = oneOf.map((branch) => [branch, ...(oneOf.length <= 20 ? others(branch) : [])]);
    found.push({ name: `${node.id} oneOf`, ways });
  }
  const condition = inner(node, 'if');
  if (condition !== null) {
    const [then, otherwise] = [inner(node, 'then'), inner(node, 'else')];
    const ways = [
      [condition, ...(then === null ? [] : [then])],
      [negation(condition), ...(otherwise === null ? [] : [otherwise])],
    ];
    found.push({ name: `${node.id} if`, ways });
  }
  const type = keyword(node, 'type');
  if (Array.isArray(type) && type.length > 1) {
    const ways = type.map((one: unknown) => [node.side.derived(`type ${String(one)}`, () => ({ type: one }))]);
    found.push({ name: `${node.id} type`, ways });
  }
  return found;
}
