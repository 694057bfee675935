import { isObject } from '../json.js';
import { describeItems, describeText } from './describe-value.js';
import { additionalOf, boundOf, kindsOf, least, most, mostItems, possibleNames, requiredNames } from './facts.js';
import type { Gap } from './gap.js';
import { accepts } from './instances.js';
import { propertyAt } from './objects.js';
import { isAssertion } from './same-schema.js';
import { type Conjunction, conjunctionOf, inner, keyword, named } from './schema-node.js';

/** Makes a value that all schemas of a conjunction accept; undefined where none was found. */
export type MakeValue = (conjunction: Conjunction) => unknown;

/** The keywords that leave any size within their own bounds possible, beside those that lead to other schemas of the same. */
const BOUNDED: Readonly<Record<'string' | 'array' | 'object', ReadonlySet<string>>> = {
  string: new Set(['type', '$ref', 'allOf', 'minLength', 'maxLength']),
  array: new Set(['type', '$ref', 'allOf', 'minItems', 'maxItems', 'items', 'uniqueItems']),
  object: new Set([
    ...['type', '$ref', 'allOf', 'minProperties', 'maxProperties'],
    ...['properties', 'additionalProperties', 'required'],
  ]),
};

/** How many items are made that differ from each other. */
const MOST_DIFFERENT = 5_000;

/**
 * What a value is called that is too long, or too short, for the one side of a gap and certainly is a value of the other,
 * without making it: bounds are numbers, and any size between them is possible where nothing else is asked.
 */
export function describeSize({ keyword: word, wide, narrow }: Gap, makeValue: MakeValue): string | undefined {
  const kind = KIND_OF_BOUND.get(word);
  const limit = keyword(narrow, word);
  if (kind === undefined || typeof limit !== 'number') return undefined;
  const size = word.startsWith('max') ? limit + 1 : limit - 1;
  if (size < 0 || !kindsOf(wide).has(kind) || !isPlain(wide, kind)) return undefined;
  const isWithin = (lower: string, upper: string): boolean => size >= least(wide, lower) && size <= most(wide, upper);
  switch (kind) {
    case 'string':
      return isWithin('minLength', 'maxLength') ? describeText(size) : undefined;
    case 'array':
      return isWithin('minItems', 'maxItems') && size <= mostItems(wide)
        ? describeArray(wide, size, makeValue)
        : undefined;
    case 'object':
      return isWithin('minProperties', 'maxProperties') && hasRoomFor(wide, size, makeValue)
        ? `an object with ${size} ${size === 1 ? 'property' : 'properties'}`
        : undefined;
  }
}

const KIND_OF_BOUND: ReadonlyMap<string, 'string' | 'array' | 'object'> = new Map([
  ...['minLength', 'maxLength'].map((word) => [word, 'string'] as const),
  ...['minItems', 'maxItems'].map((word) => [word, 'array'] as const),
  ...['minProperties', 'maxProperties'].map((word) => [word, 'object'] as const),
]);

/** Whether no schema asks for anything but the keywords of a size. A union that was taken apart has its branch beside it. */
function isPlain({ nodes, split }: Conjunction, kind: 'string' | 'array' | 'object'): boolean {
  const isTaken = (id: number, word: string): boolean => word === 'anyOf' && split.has(`${id} anyOf`);
  return nodes.every(({ id, schema }) => {
    if (!isObject(schema)) return schema;
    return Object.keys(schema).every((word) => !isAssertion(word) || BOUNDED[kind].has(word) || isTaken(id, word));
  });
}

function describeArray(wide: Conjunction, size: number, makeValue: MakeValue): string | undefined {
  const items = conjunctionOf(wide.nodes.map((node) => inner(node, 'items')).filter((node) => node !== null));
  const isUnique = size > 1 && wide.nodes.some((node) => keyword(node, 'uniqueItems') === true);
  if (size === 0) return describeItems(0);
  if (isUnique) return differentValues(items, size, makeValue) === null ? undefined : describeItems(size, true);
  return makeValue(items) === undefined ? undefined : describeItems(size);
}

/** So many values that differ; null where they were not found. */
export function differentValues(items: Conjunction, count: number, makeValue: MakeValue): readonly unknown[] | null {
  if (count > MOST_DIFFERENT) return null;
  const make = valuesByIndex(items, makeValue);
  if (make === null) return null;
  const made = Array.from({ length: count }, (_, index) => make(index));
  return made.every((value) => items.nodes.every((node) => accepts(node, value) === true)) ? made : null;
}

/** A way to make a value for each index, no two of them the same; null without one. Whoever asks tries them. */
function valuesByIndex(
  items: Conjunction,
  makeValue: MakeValue,
  isInside = false,
): ((index: number) => unknown) | null {
  const kinds = kindsOf(items);
  if (kinds.has('string')) {
    const length = Math.max(4, least(items, 'minLength'));
    return (index) => index.toString(36).padStart(Math.min(length, most(items, 'maxLength')), '0');
  }
  if (kinds.has('integer')) {
    const [lower, upper] = [boundOf(items, 'least').limit, boundOf(items, 'most').limit];
    const start = Number.isFinite(lower) ? Math.floor(lower) + 1 : Number.isFinite(upper) ? null : 0;
    return (index) => (start === null ? Math.ceil(upper) - 1 - index : start + index);
  }
  const base = kinds.has('object') && !isInside ? makeValue(items) : undefined;
  if (!isObject(base)) return null;
  const names = [
    ...Object.keys(base),
    ...items.nodes.flatMap((node) => named(node, 'properties').map(([name]) => name)),
  ];
  for (const name of names) {
    const make = valuesByIndex(propertyAt(items, name), makeValue, true);
    const sample = make === null ? undefined : { ...base, [name]: make(1) };
    if (make !== null && sample !== undefined && items.nodes.every((node) => accepts(node, sample) === true)) {
      return (index) => ({ ...base, [name]: make(index) });
    }
  }
  return null;
}

/** Whether an object may have so many properties: those that it must have, and others that nobody lists. */
function hasRoomFor(wide: Conjunction, size: number, makeValue: MakeValue): boolean {
  const required = [...requiredNames(wide)];
  if (required.length > size || required.some((name) => makeValue(propertyAt(wide, name)) === undefined)) return false;
  if (required.length === size) return true;
  return possibleNames(wide) === null && makeValue(conjunctionOf(wide.nodes.map(additionalOf))) !== undefined;
}
