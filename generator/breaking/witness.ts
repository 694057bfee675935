import { isObject } from '../json.js';
import { comparePatterns } from '../patterns/inclusion.js';
import { describeValue } from './describe-value.js';
import {
  boundOf,
  finiteValues,
  itemSchema,
  kindsOf,
  least,
  most,
  mostItems,
  prefixLength,
  requiredNames,
} from './facts.js';
import type { Gap } from './gap.js';
import { accepts } from './instances.js';
import { propertyAt } from './objects.js';
import { samplePattern } from './sample-pattern.js';
import {
  type Conjunction,
  conjunctionOf,
  inner,
  keyword,
  members,
  named,
  namedAs,
  type SchemaNode,
  strings,
} from './schema-node.js';
import { describeSize, differentValues } from './sizes.js';

/** How deep values are made, and how many are tried at one place. */
const DEPTH = 3;
const MOST_TRIES = 200;
/** The longest texts: those that something is looked for in, of which a repeat may go through all again and again, and others. */
const LONGEST_MATCHED = 8_000;
const LONGEST = 100_000;
/** The longest where any value will do. */
const LONGEST_PLAIN = 200;

/** A value that shows that not every value of a schema is one of another. */
export interface Witness {
  /** As a sentence shows it. */
  readonly shown: string;
}

/** A value that the one side of a gap accepts and the other refuses; undefined where none was found. `seeds` are tried too. */
export function findWitness(gap: Gap, seeds: readonly unknown[] = []): Witness | undefined {
  if (gap.isGivenUp) return undefined;
  const known = made.get(gap.narrow) ?? new Map<string, Witness | null>();
  made.set(gap.narrow, known);
  const key = `${gap.wide.key} ${gap.keyword}`;
  const before = known.get(key);
  const found = before === undefined ? (makeWitness(gap) ?? null) : before;
  known.set(key, found);
  return found ?? firstWitness(gap, seeds);
}

/** What was found before: a shared definition is compared for each capability that refers to it. */
const made = new WeakMap<SchemaNode, Map<string, Witness | null>>();

function makeWitness(gap: Gap): Witness | undefined {
  const size = describeSize(gap, (conjunction) => instanceOf(conjunction, DEPTH));
  if (size !== undefined) return { shown: size };
  return firstWitness(gap, candidates(gap.wide, [gap.narrow], DEPTH));
}

function firstWitness({ wide, narrow }: Gap, values: readonly unknown[]): Witness | undefined {
  for (const value of values) {
    const isWitness = accepts(narrow, value) === false && wide.nodes.every((node) => accepts(node, value) === true);
    if (isWitness) return { shown: describeValue(value) };
  }
  return undefined;
}

/** A value that all schemas accept; undefined where none was found. */
function instanceOf(wide: Conjunction, depth: number): unknown {
  return candidates(wide, [], depth).find((value) => wide.nodes.every((node) => accepts(node, value) === true));
}

/** Values near the schemas: their constants, their bounds and what lies just beyond those of `hints`. */
function candidates(wide: Conjunction, hints: readonly SchemaNode[], depth: number): unknown[] {
  const listed = finiteValues(wide);
  if (listed !== null) return listed.slice(0, MOST_TRIES);
  const near = conjunctionOf(hints);
  const nodes = [...wide.nodes, ...near.nodes].flatMap((node) => [node, ...branchesOf(node)]);
  const given = nodes.flatMap((node) => [
    ...['const', 'default'].map((name) => keyword(node, name)).filter((value) => value !== undefined),
    ...[keyword(node, 'enum') ?? []].flat(),
    ...[keyword(node, 'examples') ?? []].flat(),
  ]);
  const kinds = kindsOf(wide);
  const made: unknown[] = [];
  if (kinds.has('string')) made.push(...apart(wide, near), ...stringsNear(wide, nodes, hints.length === 0));
  if (kinds.has('integer') || kinds.has('fraction')) made.push(...numbersNear(wide, nodes));
  if (kinds.has('boolean')) made.push(true, false);
  if (kinds.has('null')) made.push(null);
  if (kinds.has('array')) made.push([], ...(depth > 0 ? arraysNear(wide, nodes, depth, hints.length === 0) : []));
  if (kinds.has('object')) made.push({}, ...(depth > 0 ? objectsNear(wide, nodes, depth) : []));
  return [...made, ...given].slice(0, MOST_TRIES);
}

/** The schemas of a union, which say what values near it look like. */
function branchesOf(node: SchemaNode): SchemaNode[] {
  const single = ['not', 'if', 'then', 'else'].map((name) => inner(node, name)).filter((one) => one !== null);
  const lists = ['anyOf', 'oneOf'].flatMap((name) => members(node, name));
  return [...lists.slice(0, 20), ...single].flatMap((branch) => [...conjunctionOf([branch]).nodes]);
}

/** Text of many formats, and of none. */
const SAMPLES = [
  ...['a', '', 'A b', '0', 'é', '😀', '2024-02-29', '12:00:00Z', '2024-02-29T12:00:00Z', 'P1D', 'a@b.example'],
  ...['https://a.example/', '10.0.0.1', '::1', 'b.example', '123e4567-e89b-12d3-a456-426614174000', '/a', '#', 'YQ=='],
];

/** Texts that patterns of the one side match and those of the other do not. */
function apart(wide: Conjunction, near: Conjunction): string[] {
  const patternsOf = ({ nodes }: Conjunction): string[] =>
    nodes.map((node) => keyword(node, 'pattern')).filter((pattern) => typeof pattern === 'string');
  const [old, wanted] = [patternsOf(wide), patternsOf(near)];
  return wanted.flatMap((pattern) =>
    (old.length === 0 ? [''] : old).flatMap((other) => {
      const compared = comparePatterns(other, pattern);
      return compared?.isIncluded === false && compared.text !== null ? [compared.text] : [];
    }),
  );
}

function stringsNear(wide: Conjunction, nodes: readonly SchemaNode[], isAny: boolean): string[] {
  const lengths = nodes.flatMap((node) => {
    const bounds = ['minLength', 'maxLength'].map((name) => keyword(node, name));
    return bounds.flatMap((bound) => (typeof bound === 'number' ? [bound, bound - 1, bound + 1] : []));
  });
  const patterns = nodes.map((node) => keyword(node, 'pattern')).filter((pattern) => typeof pattern === 'string');
  const longest = patterns.length > 0 ? LONGEST_MATCHED : LONGEST;
  const limit = isAny ? Math.min(Math.max(LONGEST_PLAIN, least(wide, 'minLength')), longest) : longest;
  const legal = [...new Set(lengths)].filter((length) => length >= 0 && length <= limit);
  const matching = patterns.flatMap((pattern) => {
    const stretched = legal.map((length) => stretchPattern(pattern, length)).filter((text) => text !== null);
    return [...stretched, ...[0, 1, 2].map((more) => samplePattern(pattern, more))];
  });
  return [...legal.map((length) => 'a'.repeat(length)), ...matching, ...SAMPLES];
}

/** A text of that length which the pattern probably matches; null where repeating its parts does not lead to one. */
function stretchPattern(pattern: string, length: number): string | null {
  const [shortest, next] = [samplePattern(pattern, 0).length, samplePattern(pattern, 1).length];
  const more = next > shortest ? Math.floor((length - shortest) / (next - shortest)) : 0;
  if (more < 1) return null;
  const text = samplePattern(pattern, more);
  return text.length === length ? text : null;
}

function numbersNear(wide: Conjunction, nodes: readonly SchemaNode[]): number[] {
  const words = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];
  const bounds = nodes.flatMap((node) => words.map((name) => keyword(node, name)));
  const ends = [boundOf(wide, 'least').limit, boundOf(wide, 'most').limit];
  const all = [...bounds.filter((bound) => typeof bound === 'number'), ...ends, 0].filter(Number.isFinite);
  return [...new Set(all.flatMap((bound) => [bound, bound + 1, bound - 1, bound + 0.5, bound - 0.5, bound * 3]))];
}

function arraysNear(wide: Conjunction, nodes: readonly SchemaNode[], depth: number, isAny: boolean): unknown[][] {
  const at = (index: number): Conjunction => conjunctionOf(wide.nodes.map((node) => itemSchema(node, index)));
  const bounds = nodes.flatMap((node) =>
    ['minItems', 'maxItems', 'minContains', 'maxContains'].map((name) => keyword(node, name)),
  );
  const numbers = bounds.filter((bound) => typeof bound === 'number').flatMap((bound) => [bound, bound + 1, bound - 1]);
  const lengths = [1, 2, prefixLength(wide), least(wide, 'minItems'), ...numbers];
  const possible = [...new Set(lengths)].filter((length) => length > 0 && length <= mostItems(wide));
  const legal = possible.filter((length) => length <= SHORT_ARRAY);
  const wanted = nodes.map((node) => inner(node, 'contains')).filter((node) => node !== null);
  const choices = candidates(at(prefixLength(wide)), wanted, depth - 1).slice(0, 12);
  const rest = at(prefixLength(wide));
  const isUnique = wide.nodes.some((node) => keyword(node, 'uniqueItems') === true);
  // Long ones are made for their length alone.
  const long = possible
    .filter((length) => length > SHORT_ARRAY && length <= LONG_ARRAY)
    .slice(0, isAny && least(wide, 'minItems') <= SHORT_ARRAY ? 0 : 6)
    .map((length) => {
      const different = isUnique ? differentValues(rest, length, (item) => instanceOf(item, depth - 1)) : null;
      const item = instanceOf(rest, depth - 1) ?? null;
      const first = Array.from({ length: prefixLength(wide) }, (_, index) => instanceOf(at(index), depth - 1) ?? null);
      return different ?? [...first, ...Array.from({ length: length - first.length }, () => item)];
    });
  const short = legal.flatMap((length) => {
    const base = Array.from({ length }, (_, index) => instanceOf(at(index), depth - 1) ?? null);
    const mixed = base.map((value, index) => (index < prefixLength(wide) ? value : choices[index % choices.length]));
    return [base, mixed, ...choices.map((choice) => [...base.slice(0, -1), choice])];
  });
  return [...short, ...long] as unknown[][];
}

/** Up to here items are varied as well, and up to there an array is made at all. */
const SHORT_ARRAY = 50;
const LONG_ARRAY = 2_000;

function objectsNear(wide: Conjunction, nodes: readonly SchemaNode[], depth: number): Record<string, unknown>[] {
  const member = (name: string): [string, unknown] => [name, instanceOf(propertyAt(wide, name), depth - 1) ?? null];
  const base = [...requiredNames(wide)].map(member);
  const names = new Set(nodes.flatMap((node) => namesOf(node)));
  const optional = [...names].filter((name) => !base.some(([other]) => other === name)).slice(0, 40);
  const count = Math.max(
    least(wide, 'minProperties'),
    ...nodes.map((node) => Number(keyword(node, 'maxProperties') ?? 0) + 1),
  );
  const more = optional.map(member);
  const filled = fill([...base], [...more, ...EXTRA.map(member)], Math.min(count, 50, most(wide, 'maxProperties')));
  const variants = [...base.map(([name]) => name), ...optional].flatMap((name) =>
    candidates(
      propertyAt(wide, name),
      nodes.map((node) => propertyOf(node, name)).filter((it) => it !== null),
      depth - 1,
    )
      .slice(0, 6)
      .map((value) => [...base, [name, value] as [string, unknown]]),
  );
  const extra = EXTRA.map((name) => [...base, member(name)]);
  return [base, filled, [...base, ...more], ...variants, ...extra].map((entries) => Object.fromEntries(entries));
}

/** Names that a contract may not list, for objects that are open. */
const EXTRA = ['extra', 'x-1', 'a', 'b', '0'];

function fill(entries: [string, unknown][], more: readonly [string, unknown][], count: number): [string, unknown][] {
  for (const entry of more) if (entries.length < count) entries.push(entry);
  return entries;
}

function namesOf(node: SchemaNode): string[] {
  const dependent = ['dependentRequired', 'dependentSchemas'].flatMap((name) => {
    const value = keyword(node, name);
    return isObject(value) ? Object.entries(value).flatMap(([key, other]) => [key, ...[other].flat()]) : [];
  });
  const all = [...named(node, 'properties').map(([name]) => name), ...strings(node, 'required'), ...dependent];
  return all.filter((name) => typeof name === 'string');
}

function propertyOf(node: SchemaNode, name: string): SchemaNode | null {
  return namedAs(node, 'properties', name);
}
