import { KEYWORDS } from '../../dialect.js';
import { isObject } from '../../json.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { createPossibleTypes, intersect, type PossibleTypes, typeNames } from '../possible-types.js';
import { type LintRule, type Remark, remarkAt } from '../rule.js';

function* impossible(contract: LintContract): Iterable<Remark> {
  const possible = createPossibleTypes(contract);
  for (const node of contract.schemas) {
    if (node.isCondition) continue;
    const claims = possible.claims(node);
    // What is impossible by itself is reported where it stands.
    if (claims.some(({ types }) => types.size === 0)) continue;
    const [first, ...rest] = claims;
    let left = first?.types;
    for (const { keyword, types } of rest) {
      if (left === undefined) break;
      const common = intersect(left, types);
      if (common.size === 0) {
        const message = `No value is of the type ${typeNames(left)} and of the type ${typeNames(types)} at once.`;
        yield remarkAt(node, [keyword], message, { part: 'key' });
        break;
      }
      left = common;
    }
  }
}

function* overlapping(contract: LintContract): Iterable<Remark> {
  const possible = createPossibleTypes(contract);
  for (const node of contract.schemas) {
    const branches = node.children.filter(({ keyword }) => keyword === 'oneOf');
    const overlap = node.isCondition ? null : findOverlap(branches, possible);
    if (overlap === null) continue;
    const { first, second, values } = overlap;
    const message = `Branches ${Number(first.key) + 1} and ${Number(second.key) + 1} of this "oneOf" both take ${values}, which it therefore refuses.`;
    yield remarkAt(node, ['oneOf', Number(second.key)], message);
  }
}

interface Overlap {
  readonly first: SchemaNode;
  readonly second: SchemaNode;
  readonly values: string;
}

/** Each of so many branches is compared with each, so there is an end to them. */
const MOST_COMPARED = 100;

/** The first branches of which so many values are common that the one or the other can hardly ever be meant. */
function findOverlap(branches: readonly SchemaNode[], possible: PossibleTypes): Overlap | null {
  const plain = branches.filter((branch) => assertsOnly(branch, ['type']));
  for (const wide of plain) {
    for (const other of branches) {
      if (other === wide) continue;
      const common = intersect(possible.of(wide), possible.of(other));
      const isWithin = common.size === possible.of(other).size;
      if (common.size === 0 || !(isWithin || plain.includes(other))) continue;
      const [first, second] = inOrder(wide, other);
      const whole = plain.includes(other)
        ? `every ${typeNames(common)}`
        : `every value of branch ${Number(other.key) + 1}`;
      return { first, second, values: whole };
    }
  }
  const open = branches
    .slice(0, MOST_COMPARED)
    .filter((branch) => assertsOnly(branch, ['type', 'properties']) && isObjects(branch));
  for (const [index, first] of open.entries()) {
    const second = open
      .slice(index + 1)
      .find((other) => namesOf(other).every((name) => !namesOf(first).includes(name)));
    if (second !== undefined) return { first, second, values: 'objects with the properties of either' };
  }
  return null;
}

function inOrder(left: SchemaNode, right: SchemaNode): [SchemaNode, SchemaNode] {
  return Number(left.key) < Number(right.key) ? [left, right] : [right, left];
}

/** Whether no keyword but these says anything of the values of a schema. */
function assertsOnly({ schema }: SchemaNode, keywords: readonly string[]): boolean {
  return Object.keys(schema).every((keyword) => {
    const treatment = KEYWORDS.get(keyword)?.treatment ?? 'annotation';
    return treatment === 'annotation' || keywords.includes(keyword);
  });
}

function isObjects({ schema: { type, properties } }: SchemaNode): boolean {
  return type === 'object' && isObject(properties);
}

function namesOf({ schema: { properties } }: SchemaNode): string[] {
  return Object.keys(isObject(properties) ? properties : {});
}

/** Rules about schemas that contradict themselves. */
export const unionRules: readonly LintRule[] = [
  {
    id: 'impossible-schema',
    level: 'error',
    meaning: 'Keywords of a schema ask for types that no value has at once.',
    why: 'No value is right, so whatever is sent there is refused.',
    fix: 'Write anyOf where one of the types is meant, or correct the type that is wrong.',
    check: impossible,
  },
  {
    id: 'overlapping-one-of',
    level: 'error',
    meaning: 'Two branches of a oneOf take the same values.',
    why: 'A oneOf refuses what more than one of its branches takes, so hardly anything is left.',
    fix: 'Write anyOf, or give each branch what the others refuse, such as a const that is required.',
    check: overlapping,
  },
];
