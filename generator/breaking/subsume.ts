import { isObject, type Path } from '../json.js';
import { ARRAY_OBLIGATIONS } from './arrays.js';
import { boundOf, finiteValues, kindsOf, least, most, mostItems, requiredNames } from './facts.js';
import type { Gap, Obligation, Prover } from './gap.js';
import { accepts } from './instances.js';
import { OBJECT_OBLIGATIONS, propertyAt } from './objects.js';
import { isSameSchema } from './same-schema.js';
import { SCALAR_OBLIGATIONS } from './scalars.js';
import {
  type Conjunction,
  conjunctionOf,
  inner,
  keyword,
  members,
  type SchemaNode,
  targetOf,
  withNodes,
} from './schema-node.js';
import { findAlternatives, UNION_OBLIGATIONS } from './unions.js';

/** Every keyword that may refuse a value, with what it asks. A keyword that is not here would be taken for harmless. */
export const OBLIGATIONS: readonly Obligation[] = [
  ...SCALAR_OBLIGATIONS,
  ...ARRAY_OBLIGATIONS,
  ...OBJECT_OBLIGATIONS,
  ...UNION_OBLIGATIONS,
];

/** How many claims a proof may rest on before it is given up. */
const MOST_CLAIMS = 20_000;
/** How many unions of one value are taken apart at once. */
const MOST_SPLITS = 3;
/** How deep the search for what cannot be goes into properties. */
const EMPTY_DEPTH = 6;

/** Thrown where a proof has become too long. */
class TooLong extends Error {}

/**
 * Why not every value that `wide` accepts is accepted by `narrow`: nothing where every one is, which is then proved. The
 * gaps say where the proof fails, and not yet whether there is a value that fails as well.
 *
 * A claim that leads back to itself is taken as proved: a reference of a contract leads back only through a property or
 * an item, so of any one value the proof goes on with smaller ones until there is none left.
 */
export function findGaps(wide: SchemaNode, narrow: SchemaNode): readonly Gap[] {
  const start = conjunctionOf([wide]);
  try {
    return createProver().check(start, narrow, []);
  } catch (error) {
    if (!(error instanceof TooLong || error instanceof RangeError)) throw error;
    return [{ reason: 'condition', keyword: '', trail: [], wide: start, narrow, isGivenUp: true }];
  }
}

function createProver(): Prover {
  let claims = 0;
  /** What each claim has come to; null while it is being proved. */
  const known = new Map<string, readonly Gap[] | null>();
  /** Their keys in the order in which they were met. */
  const order: string[] = [];

  const check = (wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] => {
    if (narrow.schema === true || wide.nodes.includes(narrow)) return [];
    const key = `${wide.key} ${narrow.id}`;
    const before = known.get(key);
    if (before !== undefined) return before ?? [];
    if (++claims > MOST_CLAIMS) throw new TooLong();
    const start = order.push(key) - 1;
    known.set(key, null);
    const gaps = prove(wide, narrow, trail);
    if (gaps.length > 0) forgetProofs(start + 1);
    known.set(key, gaps);
    return gaps;
  };

  /**
   * What was proved while a claim was open may rest on its being true, and is not known any more when it has failed. What
   * failed even so stays known.
   */
  const forgetProofs = (start: number): void => {
    for (const key of order.splice(start)) {
      if (known.get(key)?.length === 0) known.delete(key);
      else order.push(key);
    }
  };

  const prove = (wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] => {
    if (wide.nodes.some((node) => isSameSchema(node, narrow)) || isEmpty(wide)) return [];
    const gaps = obligationsOf(wide, narrow, trail);
    const alternatives = gaps.length > 0 && wide.split.size < MOST_SPLITS ? findAlternatives(wide) : null;
    if (alternatives === null) return gaps;
    const { name, ways } = alternatives;
    return ways.flatMap((way) => check(withNodes(wide, way, name), narrow, trail));
  };

  const obligationsOf = (wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] => {
    if (narrow.schema === false) return [{ reason: 'type', keyword: '', trail, wide, narrow }];
    const gaps: Gap[] = [];
    const target = targetOf(narrow);
    if (target !== null) gaps.push(...check(wide, target, trail));
    for (const [index, member] of members(narrow, 'allOf').entries()) {
      gaps.push(...check(wide, member, [...trail, 'allOf', index]));
    }
    const values = finiteValues(wide);
    if (values !== null) {
      // Each can be tried, which decides more than any rule.
      if (gaps.length > 0 || values.every((value) => accepts(narrow, value) === true)) return gaps;
      const word = ['enum', 'const'].find((name) => keyword(narrow, name) !== undefined) ?? '';
      return [{ reason: 'value', keyword: word, trail: word === '' ? trail : [...trail, word], wide, narrow }];
    }
    for (const obligation of OBLIGATIONS) {
      if (keyword(narrow, obligation.keyword) === undefined) continue;
      gaps.push(...obligation.check(prover, wide, narrow, trail));
    }
    return gaps;
  };

  const proves = (wide: Conjunction, narrow: SchemaNode): boolean => {
    const start = order.length;
    const isProved = check(wide, narrow, []).length === 0;
    // What rested on a claim that has failed is not known, and what failed is asked again where it is reported.
    if (!isProved) for (const key of order.splice(start)) known.delete(key);
    return isProved;
  };

  const isEmpty = (wide: Conjunction, depth = EMPTY_DEPTH): boolean => {
    const { nodes } = wide;
    if (nodes.length === 0) return false;
    const kinds = kindsOf(wide);
    if (kinds.size === 0 || nodes.some((node) => isRefused(node, nodes))) return true;
    if (finiteValues(wide)?.length === 0) return true;
    return [...kinds].every((kind) => {
      if (kind === 'integer' || kind === 'fraction') return isEmptyRange(wide);
      if (kind === 'string') return least(wide, 'minLength') > most(wide, 'maxLength');
      if (kind === 'array') return least(wide, 'minItems') > mostItems(wide);
      if (kind !== 'object' || depth === 0) return false;
      return [...requiredNames(wide)].some((name) => isEmpty(propertyAt(wide, name), depth - 1));
    });
  };

  const prover: Prover = { check, proves, isEmpty: (wide) => isEmpty(wide) };
  return prover;
}

/** Whether a schema refuses what another of the same conjunction asks for. */
function isRefused(node: SchemaNode, nodes: readonly SchemaNode[]): boolean {
  const refused = inner(node, 'not');
  if (refused === null) return false;
  const isAll = refused.schema === true || (isObject(refused.schema) && Object.keys(refused.schema).length === 0);
  return isAll || nodes.some((other) => isSameSchema(other, refused));
}

function isEmptyRange(wide: Conjunction): boolean {
  const [lower, upper] = [boundOf(wide, 'least'), boundOf(wide, 'most')];
  if (lower.limit === upper.limit) return lower.isExclusive || upper.isExclusive;
  return lower.limit > upper.limit;
}
