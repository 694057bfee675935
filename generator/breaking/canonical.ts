import { isObject } from '../json.js';
import { byCodePoint } from '../model.js';

/** JSON text that is the same for values that are equal: keys in order, one zero. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value === 0 ? 0 : value) ?? 'null';
  const entries = Object.entries(value).sort(([left], [right]) => byCodePoint(left, right));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}
