import type { Path } from '../json.js';
import type { Change } from './change.js';
import { fragmentOf } from './change.js';
import type { Gap, Reason } from './gap.js';
import type { RuleId } from './rules.js';
import { isSameSchema } from './same-schema.js';
import { keyword, type SchemaNode } from './schema-node.js';
import { findGaps } from './subsume.js';
import { placeOf, type Version } from './version.js';
import { findWitness } from './witness.js';

/** Which way values of a schema travel: callers send input, and are sent output and the details of errors. */
export type Direction = 'input' | 'output' | 'error-details';

/** One schema of a capability in both versions. */
export interface SchemaPair {
  readonly direction: Direction;
  readonly capability: string;
  /** What a sentence calls it, such as `the input of "review"`. */
  readonly title: string;
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

/** Old input must be accepted by the new schema, and new output by the old one. */
export function compareSchemas(older: Version, newer: Version, pair: SchemaPair): Change[] {
  if (isSameSchema(pair.older, pair.newer)) return [];
  const isInput = pair.direction === 'input';
  const [wide, narrow] = isInput ? [pair.older, pair.newer] : [pair.newer, pair.older];
  const changes = new Map<string, Change>();
  for (const gap of findGaps(wide, narrow)) {
    // Each branch of a union may fail at one and the same keyword, which is one change; one that is decided says more.
    const id = JSON.stringify([gap.narrow.id, gap.keyword, gap.name, gap.trail]);
    const known = changes.get(id);
    if (known !== undefined && known.rule !== UNDECIDED[pair.direction]) continue;
    const change = changeOf(gap, older, newer, pair);
    if (known === undefined || change.rule !== UNDECIDED[pair.direction]) changes.set(id, change);
  }
  return [...changes.values(), ...listWidening(older, newer, pair)];
}

function changeOf(gap: Gap, older: Version, newer: Version, pair: SchemaPair): Change {
  const { direction, capability, title } = pair;
  const isInput = direction === 'input';
  const witness = findWitness(gap, pair.seeds);
  const trail = [
    ...pair.trail,
    ...gap.trail,
    ...(gap.name === undefined || gap.reason === 'undeclared' ? [] : [gap.name]),
  ];
  const what = `${subjectOf(gap, title)} ${sentenceOf(gap, isInput)}`;
  const [newNodes, oldNodes] = isInput ? [[gap.narrow], gap.wide.nodes] : [gap.wide.nodes, [gap.narrow]];
  return {
    rule: witness === undefined ? UNDECIDED[direction] : ruleFor(gap, direction),
    capability,
    trail,
    message: witness === undefined ? undecided(gap, title) : `${what}${exampleOf(witness.value, isInput)}`,
    place: placeOf(newer, newNodes, insideOf(gap, newNodes), [...pair.newPath, ...gap.trail]),
    related: {
      place: placeOf(older, oldNodes, insideOf(gap, oldNodes), [...pair.oldPath, ...gap.trail]),
      message: 'It was',
    },
    before: fragmentOf(oldNodes),
    after: fragmentOf(newNodes),
  };
}

function ruleFor({ reason }: Gap, direction: Direction): RuleId {
  if (direction === 'error-details') return 'error-details-widened';
  return direction === 'input' ? INPUT_RULES[reason] : OUTPUT_RULES[reason];
}

/** The part of a schema that a gap speaks of, where the schema has it. */
function insideOf({ keyword: word, name, reason }: Gap, nodes: readonly SchemaNode[]): Path {
  const has = (key: string): boolean => nodes.some((node) => keyword(node, key) !== undefined);
  const property = name === undefined ? [] : ['properties', name];
  if (reason === 'required' && name !== undefined) {
    for (const node of nodes) {
      const required = keyword(node, 'required');
      const index = Array.isArray(required) ? required.indexOf(name) : -1;
      if (index !== -1) return ['required', index];
    }
  }
  if (word !== '' && has(word)) return [word];
  return reason === 'undeclared' ? [] : property;
}

/** `"findings[].severity" in the input of "review"`, or the whole. */
function subjectOf({ trail, reason, keyword: word }: Gap, title: string): string {
  const tokens = reason === 'undeclared' || word === '' ? trail : trail.slice(0, -1);
  const path = dataPath(tokens);
  return path === '' ? `${title.charAt(0).toUpperCase()}${title.slice(1)}` : `"${path}" in ${title}`;
}

/** The steps into a value that a trail through its schema makes. */
function dataPath(trail: Path): string {
  let path = '';
  for (let index = 0; index < trail.length; index++) {
    const token = trail[index];
    if (token === 'properties') path += `${path === '' ? '' : '.'}${trail[++index] ?? ''}`;
    else if (token === 'patternProperties') path += `[/${trail[++index] ?? ''}/]`;
    else if (token === 'prefixItems') path += `[${trail[++index] ?? ''}]`;
    else if (token === 'items' || token === 'unevaluatedItems') path += '[]';
    else if (token === 'additionalProperties' || token === 'unevaluatedProperties') path += '[…]';
    else if (token === 'allOf' || token === 'anyOf' || token === 'oneOf') index++;
  }
  return path;
}

function sentenceOf({ reason, keyword: word, name }: Gap, isInput: boolean): string {
  const property = name === undefined ? 'properties that are not listed' : `the property "${name}"`;
  switch (reason) {
    case 'type':
      return isInput ? 'may be of fewer types than it could.' : 'may be of more types than it could.';
    case 'value':
      return isInput ? 'may have fewer values than it could.' : 'may have more values than it could.';
    case 'bound':
      return isInput ? `is held to a tighter ${word}.` : `is no longer held to the old ${word}.`;
    case 'pattern':
      return isInput ? `is held to another ${word}.` : `is no longer held to the old ${word}.`;
    case 'required':
      return isInput ? `must have ${property} now.` : `may lack ${property} now.`;
    case 'closed':
      return isInput ? `may no longer have ${property}.` : `may have ${property}, which the old schema refuses.`;
    case 'undeclared':
      return isInput ? 'is declared now, and could be anything before.' : 'is no longer declared, and may be anything.';
    case 'union':
      return isInput
        ? `does not always fit the alternatives of ${word} any more.`
        : `does not always fit the old alternatives of ${word}.`;
    case 'condition':
      return isInput
        ? `must meet a condition of ${word || 'its schema'} now.`
        : `need not meet the old condition of ${word || 'its schema'}.`;
  }
}

function undecided(gap: Gap, title: string): string {
  const subject = subjectOf(gap, title);
  const word = gap.isGivenUp ? 'the schemas are too large to compare' : `of its ${gap.keyword || 'schema'}`;
  return gap.isGivenUp
    ? `Whether ${title} is still compatible cannot be decided: ${word}.`
    : `${subject} has changed, and whether it is still compatible cannot be decided because ${word}.`;
}

const LONGEST_EXAMPLE = 120;

function exampleOf(value: unknown, isInput: boolean): string {
  const text = JSON.stringify(value);
  const shown = text.length > LONGEST_EXAMPLE ? `${text.slice(0, LONGEST_EXAMPLE)}…` : text;
  return isInput
    ? ` For example, ${shown} was accepted there and is refused now.`
    : ` For example, ${shown} may stand there now, and old callers refuse it.`;
}

/** What an implementer meets: input that is new, or output that is no longer legal. */
function listWidening(older: Version, newer: Version, pair: SchemaPair): Change[] {
  if (pair.direction === 'error-details') return [];
  const isInput = pair.direction === 'input';
  const [wide, narrow] = isInput ? [pair.newer, pair.older] : [pair.older, pair.newer];
  const gap = findGaps(wide, narrow).find(({ reason }) => reason !== 'undeclared');
  const witness = gap === undefined ? undefined : findWitness(gap);
  if (gap === undefined || witness === undefined) return [];
  const [newNodes, oldNodes] = isInput ? [gap.wide.nodes, [gap.narrow]] : [[gap.narrow], gap.wide.nodes];
  const subject = subjectOf(gap, pair.title);
  const shown = JSON.stringify(witness.value).slice(0, LONGEST_EXAMPLE);
  return [
    {
      rule: isInput ? 'input-widened' : 'output-narrowed',
      capability: pair.capability,
      trail: pair.trail,
      message: isInput
        ? `${subject} may be more than it could, such as ${shown}.`
        : `${subject} may be less than it could: no longer ${shown}, for example.`,
      place: placeOf(newer, newNodes, insideOf(gap, newNodes), [...pair.newPath, ...gap.trail]),
      related: {
        place: placeOf(older, oldNodes, insideOf(gap, oldNodes), [...pair.oldPath, ...gap.trail]),
        message: 'It was',
      },
      before: fragmentOf([pair.older]),
      after: fragmentOf([pair.newer]),
    },
  ];
}
