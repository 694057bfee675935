import type { Path } from '../json.js';
import { isObject } from '../json.js';
import {
  additionalOf,
  kindsOf,
  least,
  looksElsewhere,
  most,
  possibleNames,
  propertySchemas,
  requiredNames,
} from './facts.js';
import { type Gap, gapAt, type Obligation, type Prover } from './gap.js';
import {
  type Conjunction,
  conjunctionOf,
  inner,
  keyword,
  named,
  type SchemaNode,
  saysNothing,
  strings,
  withNodes,
} from './schema-node.js';

/** What keywords ask of objects. */
export const OBJECT_OBLIGATIONS: readonly Obligation[] = [
  ofObjects('required', (_, wide, narrow, trail) => {
    const certain = requiredNames(wide);
    return strings(narrow, 'required')
      .filter((name) => !certain.has(name))
      .flatMap((name) => gapAt('required', 'required', wide, narrow, trail, name));
  }),
  ofObjects('minProperties', (_, wide, narrow, trail) => {
    const count = Math.max(least(wide, 'minProperties'), requiredNames(wide).size);
    return count >= Number(keyword(narrow, 'minProperties'))
      ? []
      : gapAt('bound', 'minProperties', wide, narrow, trail);
  }),
  ofObjects('maxProperties', (_, wide, narrow, trail) => {
    const count = Math.min(most(wide, 'maxProperties'), possibleNames(wide)?.length ?? Infinity);
    return count <= Number(keyword(narrow, 'maxProperties'))
      ? []
      : gapAt('bound', 'maxProperties', wide, narrow, trail);
  }),
  // These three speak of one another's names, so they are one obligation, of the first that is there.
  ...['properties', 'patternProperties', 'additionalProperties', 'unevaluatedProperties'].map((name, index, all) =>
    ofObjects(name, (prover, wide, narrow, trail) => {
      const isFirst = !all.slice(0, index).some((other) => keyword(narrow, other) !== undefined);
      const isOpen = keyword(narrow, 'additionalProperties') === undefined;
      const isUndecided = name === 'unevaluatedProperties' && isOpen && looksElsewhere(narrow);
      if (isUndecided && !saysNothing(inner(narrow, name) ?? narrow)) {
        return gapAt('condition', name, wide, narrow, trail);
      }
      return isFirst ? checkMembers(prover, wide, narrow, trail) : [];
    }),
  ),
  ofObjects('propertyNames', (prover, wide, narrow, trail) => {
    const wanted = inner(narrow, 'propertyNames');
    if (wanted === null) return [];
    const names = possibleNames(wide);
    const list = names === null ? { type: 'string' } : { enum: names };
    const one = narrow.side.derived(`names ${JSON.stringify(list)}`, () => list);
    const own = wide.nodes.map((node) => inner(node, 'propertyNames')).filter((node) => node !== null);
    return prover.check(conjunctionOf([one, ...own]), wanted, [...trail, 'propertyNames']);
  }),
  ofObjects('dependentRequired', (_, wide, narrow, trail) => {
    const dependent = keyword(narrow, 'dependentRequired');
    return Object.entries(isObject(dependent) ? dependent : {}).flatMap(([name, others]) => {
      const certain = requiredNames(wide, [name]);
      const isRight = !canHave(wide, name) || [others].flat().every((other) => certain.has(String(other)));
      return isRight ? [] : gapAt('condition', 'dependentRequired', wide, narrow, trail, name);
    });
  }),
  ofObjects('dependentSchemas', (prover, wide, narrow, trail) =>
    named(narrow, 'dependentSchemas').flatMap(([name, schema]) => {
      if (!canHave(wide, name)) return [];
      const own = wide.nodes.flatMap((node) => named(node, 'dependentSchemas').filter(([key]) => key === name));
      const then = withNodes(
        wide,
        own.map(([, node]) => node),
      );
      return prover.proves(then, schema) ? [] : gapAt('condition', 'dependentSchemas', wide, narrow, trail, name);
    }),
  ),
];

function ofObjects(name: string, check: Obligation['check']): Obligation {
  return {
    keyword: name,
    check: (prover, wide, narrow, trail) => (kindsOf(wide).has('object') ? check(prover, wide, narrow, trail) : []),
  };
}

function canHave(wide: Conjunction, name: string): boolean {
  return !propertyAt(wide, name).nodes.some((node) => node.schema === false);
}

/** What is known of the property with that name, where it is there. */
export function propertyAt({ nodes }: Conjunction, name: string): Conjunction {
  return conjunctionOf(nodes.flatMap((node) => propertySchemas(node, name).nodes));
}

function checkMembers(prover: Prover, wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] {
  const names = new Set([...wide.nodes, narrow].flatMap((node) => named(node, 'properties').map(([name]) => name)));
  const gaps = [...names].flatMap((name) => checkProperty(prover, wide, narrow, trail, name));
  return [...gaps, ...checkOtherNames(prover, wide, narrow, trail)];
}

function checkProperty(
  prover: Prover,
  wide: Conjunction,
  narrow: SchemaNode,
  trail: Path,
  name: string,
): readonly Gap[] {
  const known = propertyAt(wide, name);
  const wanted = propertySchemas(narrow, name);
  const isDeclared = wide.nodes.some((node) => propertySchemas(node, name).isNamed) || known.nodes.length > 0;
  return wanted.nodes.flatMap((schema) => {
    if (schema.schema === false && !wanted.isNamed) {
      return prover.isEmpty(known) ? [] : gapAt('closed', 'additionalProperties', wide, narrow, trail, name);
    }
    const gaps = prover.check(known, schema, [...trail, 'properties', name]);
    if (gaps.length === 0 || isDeclared) return gaps;
    // That it must be there now says all of it.
    if (strings(narrow, 'required').includes(name) && !requiredNames(wide).has(name)) return [];
    const [first] = gaps;
    // Nobody said what stands there, so it is one gap, however much is asked of it now.
    return first === undefined
      ? []
      : [{ ...first, reason: 'undeclared' as const, trail: [...trail, 'properties', name], name, declared: schema }];
  });
}

/** Names that neither side lists: those that match a pattern of either, and those that match none. */
function checkOtherNames(prover: Prover, wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[] {
  const own = named(narrow, 'patternProperties');
  const ofWide = wide.nodes.flatMap((node) => named(node, 'patternProperties').map(([pattern]) => pattern));
  const wantedOf = new Map(own);
  const gaps: Gap[] = [];
  for (const [pattern, schema] of own) {
    const at = [...trail, 'patternProperties', pattern];
    gaps.push(...prover.check(knownOfMatching(wide, pattern), schema, at));
  }
  const additional = additionalOf(narrow);
  const word = keyword(narrow, 'additionalProperties') === undefined ? 'unevaluatedProperties' : 'additionalProperties';
  const others = [
    conjunctionOf(wide.nodes.map(additionalOf)),
    // Such a name may match a pattern of the other side as well, but that is not certain.
    ...ofWide.filter((pattern) => !wantedOf.has(pattern)).map((pattern) => knownOfMatching(wide, pattern)),
  ];
  for (const known of others) {
    if (additional.schema === false) {
      if (!prover.isEmpty(known)) gaps.push(...gapAt('closed', word, wide, narrow, trail));
    } else gaps.push(...prover.check(known, additional, [...trail, word]));
  }
  return gaps;
}

/** What is known of a property whose name nobody lists and that matches a pattern. */
function knownOfMatching({ nodes }: Conjunction, pattern: string): Conjunction {
  return conjunctionOf(
    nodes.flatMap((node) => {
      const patterns = named(node, 'patternProperties');
      const own = patterns.filter(([other]) => other === pattern).map(([, schema]) => schema);
      if (own.length > 0) return own;
      return patterns.length === 0 ? [additionalOf(node)] : [];
    }),
  );
}
