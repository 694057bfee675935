import type { Path } from '../json.js';
import { itemSchema, kindsOf, least, looksElsewhere, mostItems, prefixLength } from './facts.js';
import { type Gap, gapAt, type Obligation, type Prover } from './gap.js';
import { type Conjunction, conjunctionOf, inner, keyword, members, negation, type SchemaNode } from './schema-node.js';

/** What keywords ask of arrays. */
export const ARRAY_OBLIGATIONS: readonly Obligation[] = [
  ofArrays('minItems', (_, wide, narrow, trail) =>
    least(wide, 'minItems') >= Number(keyword(narrow, 'minItems'))
      ? []
      : gapAt('bound', 'minItems', wide, narrow, trail),
  ),
  ofArrays('maxItems', (_, wide, narrow, trail) =>
    mostItems(wide) <= Number(keyword(narrow, 'maxItems')) ? [] : gapAt('bound', 'maxItems', wide, narrow, trail),
  ),
  ofArrays('uniqueItems', (_, wide, narrow, trail) => {
    const isUnique = wide.nodes.some((node) => keyword(node, 'uniqueItems') === true) || mostItems(wide) <= 1;
    return keyword(narrow, 'uniqueItems') !== true || isUnique
      ? []
      : gapAt('bound', 'uniqueItems', wide, narrow, trail);
  }),
  ofArrays('prefixItems', (prover, wide, narrow, trail) =>
    members(narrow, 'prefixItems').flatMap((item, index) =>
      index < mostItems(wide) ? prover.check(itemsAt(wide, index), item, [...trail, 'prefixItems', index]) : [],
    ),
  ),
  ofArrays('items', (prover, wide, narrow, trail) => {
    const items = inner(narrow, 'items');
    return items === null ? [] : checkRest(prover, wide, narrow, items, [...trail, 'items']);
  }),
  ofArrays('contains', checkContains),
  ofArrays('unevaluatedItems', (prover, wide, narrow, trail) => {
    const rest = inner(narrow, 'unevaluatedItems');
    if (rest === null || rest.schema === true || keyword(narrow, 'items') !== undefined) return [];
    if (looksElsewhere(narrow) || keyword(narrow, 'contains') !== undefined) {
      return gapAt('condition', 'unevaluatedItems', wide, narrow, trail);
    }
    return checkRest(prover, wide, narrow, rest, [...trail, 'unevaluatedItems']);
  }),
];

function ofArrays(name: string, check: Obligation['check']): Obligation {
  return {
    keyword: name,
    check: (prover, wide, narrow, trail) => (kindsOf(wide).has('array') ? check(prover, wide, narrow, trail) : []),
  };
}

function itemsAt({ nodes }: Conjunction, index: number): Conjunction {
  return conjunctionOf(nodes.map((node) => itemSchema(node, index)));
}

/** The items that stand behind `prefixItems`. */
function checkRest(
  prover: Prover,
  wide: Conjunction,
  narrow: SchemaNode,
  items: SchemaNode,
  trail: Path,
): readonly Gap[] {
  const start = members(narrow, 'prefixItems').length;
  const end = Math.max(start, prefixLength(wide));
  const gaps: Gap[] = [];
  for (let index = start; index <= end && index < mostItems(wide); index++) {
    gaps.push(...prover.check(itemsAt(wide, index), items, trail));
  }
  return gaps;
}

function checkContains(prover: Prover, wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] {
  const wanted = inner(narrow, 'contains');
  if (wanted === null) return [];
  const [least_, most_] = limitsOf(narrow);
  const every = (proves: (item: Conjunction) => boolean): boolean => {
    const last = Math.min(prefixLength(wide), mostItems(wide) - 1);
    return Array.from({ length: last + 1 }, (_, index) => itemsAt(wide, index)).every(proves);
  };
  const isEnough =
    least_ === 0 ||
    (least(wide, 'minItems') >= least_ && every((item) => prover.proves(item, wanted))) ||
    containsOf(wide).some(([node, own]) => limitsOf(node)[0] >= least_ && prover.proves(conjunctionOf([own]), wanted));
  const isFew =
    mostItems(wide) <= most_ ||
    every((item) => prover.isEmpty(conjunctionOf([...item.nodes, wanted]))) ||
    containsOf(wide).some(([node, own]) => limitsOf(node)[1] <= most_ && prover.proves(conjunctionOf([wanted]), own)) ||
    every((item) => prover.proves(item, negation(wanted)));
  return isEnough && isFew ? [] : gapAt('bound', 'contains', wide, narrow, trail);
}

function containsOf({ nodes }: Conjunction): [SchemaNode, SchemaNode][] {
  return nodes.flatMap((node): [SchemaNode, SchemaNode][] => {
    const own = inner(node, 'contains');
    return own === null ? [] : [[node, own]];
  });
}

function limitsOf(node: SchemaNode): [least: number, most: number] {
  const [lower, upper] = [keyword(node, 'minContains'), keyword(node, 'maxContains')];
  return [typeof lower === 'number' ? lower : 1, typeof upper === 'number' ? upper : Infinity];
}
