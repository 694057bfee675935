import { KEYWORDS } from '../dialect.js';
import { isObject } from '../json.js';
import { byCodePoint } from '../model.js';
import { canonical } from './canonical.js';
import { type SchemaNode, targetOf } from './schema-node.js';

/** Whether two schemas say the same of every value: the same keywords but for annotations, references followed. */
export function isSameSchema(left: SchemaNode, right: SchemaNode): boolean {
  // What two definitions that lead back to themselves come to is what they have been taken for.
  const taken = new Set<string>();
  const sameNode = (one: SchemaNode, other: SchemaNode): boolean => {
    if (one === other) return true;
    const pair = `${one.id} ${other.id}`;
    if (taken.has(pair)) return true;
    taken.add(pair);
    const [first, second] = [assertionsOf(one.schema), assertionsOf(other.schema)];
    if (typeof first === 'boolean' || typeof second === 'boolean') return first === second;
    const names = Object.keys(first);
    return (
      names.length === Object.keys(second).length &&
      names.every((name) => Object.hasOwn(second, name) && sameKeyword(name, one, other, first[name], second[name]))
    );
  };
  const sameKeyword = (name: string, one: SchemaNode, other: SchemaNode, first: unknown, second: unknown): boolean => {
    if (name === '$ref') {
      const [target, otherTarget] = [targetOf(one), targetOf(other)];
      return target !== null && otherTarget !== null && sameNode(target, otherTarget);
    }
    const same = (schema: unknown, otherSchema: unknown): boolean =>
      sameNode(one.side.node(schema), other.side.node(otherSchema));
    switch (KEYWORDS.get(name)?.holds ?? 'nothing') {
      case 'schema':
      case 'schema-or-list':
        return same(first, second);
      case 'schema-list': {
        if (!Array.isArray(first) || !Array.isArray(second) || first.length !== second.length) return false;
        return first.every((item, index) => same(item, second[index]));
      }
      case 'schema-map':
      case 'dependencies': {
        if (!isObject(first) || !isObject(second)) return false;
        const keys = Object.keys(first);
        const isAsLong = keys.length === Object.keys(second).length;
        return isAsLong && keys.every((key) => Object.hasOwn(second, key) && same(first[key], second[key]));
      }
      case 'nothing':
        return canonical(unordered(name, first)) === canonical(unordered(name, second));
    }
  };
  return sameNode(left, right);
}

/** A schema without what only says something; one that asserts nothing is `true`. */
function assertionsOf(schema: SchemaNode['schema']): boolean | Readonly<Record<string, unknown>> {
  if (typeof schema === 'boolean') return schema;
  const entries = Object.entries(schema).filter(([name]) => isAssertion(name));
  return entries.length === 0 ? true : Object.fromEntries(entries);
}

/** Whether a keyword may refuse a value, or leads to one that may. */
export function isAssertion(name: string): boolean {
  const treatment = KEYWORDS.get(name)?.treatment;
  return treatment === 'asserted' || treatment === 'reference';
}

/** Lists that mean a set are the same in any order. */
function unordered(name: string, value: unknown): unknown {
  if (name === 'type' && typeof value === 'string') return [value];
  if (!Array.isArray(value) || !SETS.has(name)) return value;
  return [...value].sort((left, right) => byCodePoint(canonical(left), canonical(right)));
}

const SETS: ReadonlySet<string> = new Set(['type', 'enum', 'required']);
