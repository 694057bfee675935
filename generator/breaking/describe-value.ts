import { isObject } from '../json.js';

/** How much of a value a sentence can hold. */
const LONGEST = 120;
const LONGEST_TEXT = 40;
const MOST_NAMES = 3;

/** A value as a sentence shows it: as JSON while that is short, else by its kind and size. */
export function describeValue(value: unknown): string {
  const text = JSON.stringify(withoutLongTexts(value));
  if (typeof value === 'string' && value.length > LONGEST_TEXT) return describeText([...value].length);
  if (text.length <= LONGEST) return text;
  if (Array.isArray(value)) return describeItems(value.length);
  const names = isObject(value) ? Object.keys(value) : [];
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(shorten(name)));
  const rest = names.length > MOST_NAMES ? [`${names.length - MOST_NAMES} more`] : [];
  return `an object with ${[...shown, ...rest].join(', ')}`;
}

/** What a text is called of which only the length matters. */
export function describeText(length: number): string {
  return length === 1 ? 'a string of 1 character' : `a string of ${length} characters`;
}

/** What an array is called of which only the length matters. */
export function describeItems(length: number, isDifferent = false): string {
  const items = `${isDifferent ? 'different ' : ''}${length === 1 ? 'item' : 'items'}`;
  return `an array of ${length} ${items}`;
}

/** A value whose long texts say how long they are. */
function withoutLongTexts(value: unknown): unknown {
  if (typeof value === 'string') return value.length > LONGEST_TEXT ? `(${describeText([...value].length)})` : value;
  if (Array.isArray(value)) return value.slice(0, LONGEST).map(withoutLongTexts);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, LONGEST)
      .map(([name, item]) => [shorten(name), withoutLongTexts(item)]),
  );
}

function shorten(text: string): string {
  return text.length > LONGEST_TEXT ? `${[...text].slice(0, LONGEST_TEXT).join('')}…` : text;
}
