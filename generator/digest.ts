import { hashOf } from './hash.js';

/** A hash of a part of the model, with the definitions that it needs: equal ones lead to equal files. */
export function digestOf(part: object): string {
  return hashOf(
    JSON.stringify(part, (_, value: unknown) => (value instanceof Map ? [...value.values()].map(hashOnce) : value)),
  );
}

/** Many need the same definition. */
const hashes = new WeakMap<object, string>();

function hashOnce(definition: object): string {
  const hash = hashes.get(definition) ?? hashOf(JSON.stringify(definition));
  hashes.set(definition, hash);
  return hash;
}
