import { byCodePoint } from '../model.js';
import { canonical } from './canonical.js';
import type { Change } from './change.js';

/**
 * One change for each edit, with every capability that it reaches: what stands in a shared definition is one edit, and
 * whoever accepts it accepts it for all of them.
 */
export function mergeChanges(changes: readonly Change[]): Change[] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const key = canonical([change.rule, change.place, change.before, change.after, change.trail.at(-1) ?? '']);
    groups.set(key, [...(groups.get(key) ?? []), change]);
  }
  return [...groups.values()].map(merge);
}

function merge(group: readonly Change[]): Change {
  const sorted = [...group].sort((left, right) => byCodePoint(sortKey(left), sortKey(right)));
  const [first = group[0] as Change] = sorted;
  const capabilities = [...new Set(sorted.flatMap((change) => change.capabilities))].sort(byCodePoint);
  // The same definition may be reached by other ways, and then one sentence does not fit all.
  const isAlike = sorted.every((change) => change.message('') === first.message(''));
  const others = capabilities.filter((name) => !first.capabilities.includes(name));
  const message: Change['message'] = (whose) =>
    isAlike || others.length === 0
      ? first.message(whose)
      : `${first.message(listNames(first.capabilities))} The same change reaches ${listNames(others)}.`;
  return { ...first, capabilities, message };
}

function sortKey({ capabilities, trail }: Change): string {
  return JSON.stringify([capabilities, trail]);
}

/** More names than these are counted: a sentence is no list, and machines are given all. */
const MOST_NAMES = 12;

/** `"a", "b" and "c"`. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `"${name}"`);
  if (names.length > MOST_NAMES) shown.push(`${names.length - MOST_NAMES} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}
