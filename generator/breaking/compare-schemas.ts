import { type Path, valueAt } from '../json.js';
import { type Change, fragmentOf } from './change.js';
import { exampleOf, isNewProperty, sentenceOf, subjectOf, undecided } from './describe-gap.js';
import type { Gap, Reason } from './gap.js';
import type { RuleId } from './rules.js';
import { isSameSchema } from './same-schema.js';
import { keyword, type SchemaNode } from './schema-node.js';
import { findGaps } from './subsume.js';
import { placeOf, standingOf, type Version } from './version.js';
import { findWitness } from './witness.js';

/** Which way values of a schema travel: callers send input, and are sent output and the details of errors. */
export type Direction = 'input' | 'output' | 'error-details';

/** One schema of a capability in both versions. */
export interface SchemaPair {
  readonly direction: Direction;
  readonly capability: string;
  /** What a sentence calls it, such as `the input of "review"`; `whose` names the capabilities. */
  readonly title: (whose: string) => string;
  /** Where it stands inside the capability, by names that do not depend on an order. */
  readonly trail: Path;
  readonly older: SchemaNode;
  readonly newer: SchemaNode;
  /** Where it stands in each file. */
  readonly oldPath: Path;
  readonly newPath: Path;
  /** Values from the examples of the side that sends, and all that is inside them. */
  readonly seeds: readonly unknown[];
}

const INPUT_RULES: Readonly<Record<Reason, RuleId>> = {
  type: 'input-type-narrowed',
  value: 'input-value-removed',
  bound: 'input-bound-tightened',
  pattern: 'input-pattern-tightened',
  required: 'input-property-required',
  closed: 'input-property-refused',
  undeclared: 'input-property-constrained',
  union: 'input-union-narrowed',
  condition: 'input-condition-tightened',
};

const OUTPUT_RULES: Readonly<Record<Reason, RuleId>> = {
  type: 'output-type-widened',
  value: 'output-value-added',
  bound: 'output-bound-loosened',
  pattern: 'output-pattern-loosened',
  required: 'output-property-optional',
  closed: 'output-property-added',
  undeclared: 'output-property-loosened',
  union: 'output-union-widened',
  condition: 'output-condition-loosened',
};

const UNDECIDED: Readonly<Record<Direction, RuleId>> = {
  input: 'input-undecided',
  output: 'output-undecided',
  'error-details': 'error-details-undecided',
};

/** Which way a schema has gone at a gap, and what becomes of that. */
interface Sense {
  /** `narrowed` where the new schema refuses what the old one accepts, `widened` for the reverse. */
  readonly way: 'narrowed' | 'widened';
  /** Whether old callers meet it; else the skill and its code do, which is a note. */
  readonly isFelt: boolean;
}

/** Old input must be accepted by the new schema, and new output by the old one. */
export function compareSchemas(older: Version, newer: Version, pair: SchemaPair): Change[] {
  if (isSameSchema(pair.older, pair.newer)) return [];
  const isInput = pair.direction === 'input';
  const felt: Sense = { way: isInput ? 'narrowed' : 'widened', isFelt: true };
  const noted: Sense = { way: isInput ? 'widened' : 'narrowed', isFelt: false };
  const isBare = findGaps(...sidesOf(pair, felt)).length === 0;
  return [...changesAt(older, newer, pair, felt), ...changesAt(older, newer, pair, noted, isBare)];
}

function sidesOf({ older, newer }: SchemaPair, { way }: Sense): [wide: SchemaNode, narrow: SchemaNode] {
  return way === 'narrowed' ? [older, newer] : [newer, older];
}

/** The changes of one sense, those without an example only where `isBare` does not ask for one. */
function changesAt(older: Version, newer: Version, pair: SchemaPair, sense: Sense, isBare = true): Change[] {
  const changes = new Map<string, { readonly change: Change; readonly isDecided: boolean }>();
  for (const gap of findGaps(...sidesOf(pair, sense))) {
    if (ruleFor(gap, pair.direction, sense) === null) continue;
    // Each branch of a union may fail at one and the same keyword, which is one change; one that is decided says more.
    const id = JSON.stringify([gap.narrow.id, gap.keyword, gap.name, gap.trail]);
    const known = changes.get(id);
    if (known?.isDecided === true) continue;
    const witness = findWitness(gap, sense.isFelt ? pair.seeds : []);
    const isDecided = witness !== undefined;
    if (isDecided || (known === undefined && isBare)) {
      changes.set(id, { change: changeOf(gap, witness?.shown, older, newer, pair, sense), isDecided });
    }
  }
  return [...changes.values()].map(({ change }) => change);
}

function changeOf(
  gap: Gap,
  example: string | undefined,
  older: Version,
  newer: Version,
  pair: SchemaPair,
  sense: Sense,
): Change {
  const { direction, capability, title } = pair;
  const isUndecided = sense.isFelt && example === undefined;
  const [newNodes, oldNodes] =
    sense.way === 'narrowed' ? [[gap.narrow], gap.wide.nodes] : [gap.wide.nodes, [gap.narrow]];
  const [now, was] = [spotOf(gap, newNodes), spotOf(gap, oldNodes)];
  const anchor = standingOf(newer, now.nodes, now.inside);
  const name = gap.name === undefined || gap.reason === 'undeclared' ? [] : [gap.name];
  const isNew = isNewProperty(gap, newNodes);
  return {
    rule: isUndecided ? UNDECIDED[direction] : (ruleFor(gap, direction, sense) ?? UNDECIDED[direction]),
    capabilities: [capability],
    trail: [...pair.trail, ...gap.trail, ...name],
    ...(anchor === undefined ? {} : { anchor }),
    message: (whose) =>
      isUndecided
        ? undecided(gap, title(whose))
        : `${subjectOf(gap, title(whose), isNew)} ${sentenceOf(gap, sense, isNew)}${isNew ? '' : exampleOf(example, sense)}`,
    place: placeOf(newer, now.nodes, now.inside, [...pair.newPath, ...gap.trail], now.part),
    related: {
      place: placeOf(older, was.nodes, was.inside, [...pair.oldPath, ...gap.trail], was.part),
      message: 'It was',
    },
    before: fragmentOf(oldNodes),
    after: fragmentOf(newNodes),
  };
}

/** What a gap is called; null for what the comparison of fields reports. */
function ruleFor({ reason }: Gap, direction: Direction, { isFelt }: Sense): RuleId | null {
  if (isFelt && direction === 'error-details') return 'error-details-widened';
  if (isFelt) return direction === 'input' ? INPUT_RULES[reason] : OUTPUT_RULES[reason];
  if (direction === 'error-details' || (direction === 'input' && reason === 'undeclared')) return null;
  if (direction === 'input') return 'input-widened';
  return reason === 'undeclared' ? 'output-property-declared' : 'output-narrowed';
}

interface Spot {
  readonly nodes: readonly SchemaNode[];
  readonly inside: Path;
  readonly part: 'key' | 'value';
}

/** The part of a schema that a gap speaks of, where the schema has it. */
function spotOf({ keyword: word, name, reason, declared }: Gap, nodes: readonly SchemaNode[]): Spot {
  const has = (...path: Path): boolean => nodes.some(({ schema }) => valueAt(schema, path) !== undefined);
  if (reason === 'undeclared') {
    const isDeclaring = declared !== undefined && nodes.some(({ side }) => side === declared.side);
    return isDeclaring ? { nodes: [declared], inside: [], part: 'key' } : { nodes, inside: [], part: 'value' };
  }
  if (reason === 'required' && name !== undefined) {
    for (const node of nodes) {
      const required = keyword(node, 'required');
      const index = Array.isArray(required) ? required.indexOf(name) : -1;
      if (index !== -1) return { nodes: [node], inside: ['required', index], part: 'value' };
    }
  }
  if (reason === 'closed' && name !== undefined && has('properties', name)) {
    return { nodes, inside: ['properties', name], part: 'key' };
  }
  return { nodes, inside: word !== '' && has(word) ? [word] : [], part: 'value' };
}
