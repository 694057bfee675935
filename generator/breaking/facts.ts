import { IN_PLACE } from '../dialect.js';
import { isObject } from '../json.js';
import { accepts } from './instances.js';
import {
  type Conjunction,
  keyword,
  members,
  named,
  namedAs,
  type SchemaNode,
  strings,
  targetOf,
} from './schema-node.js';

/*
 * What is certain of every value that a conjunction accepts. A fact may be weaker than the truth, never stronger: proofs
 * rest on them.
 */

/** The types of JSON, numbers told apart by whether they are whole. */
export type Kind = 'null' | 'boolean' | 'object' | 'array' | 'string' | 'integer' | 'fraction';

const KINDS: readonly Kind[] = ['null', 'boolean', 'object', 'array', 'string', 'integer', 'fraction'];

/** The kinds that a value of `type` may be of. */
export function kindsOfType(type: unknown): readonly Kind[] {
  return type === 'number' ? ['integer', 'fraction'] : KINDS.filter((kind) => kind === type);
}

export function kindOf(value: unknown): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'fraction';
  return typeof value as Kind;
}

const kindsByNode = new WeakMap<SchemaNode, ReadonlySet<Kind>>();

/** The kinds that a value may be of. */
export function kindsOf({ nodes }: Conjunction): ReadonlySet<Kind> {
  return intersection(nodes.map(kindsOfNode));
}

function kindsOfNode(node: SchemaNode): ReadonlySet<Kind> {
  const known = kindsByNode.get(node);
  if (known !== undefined) return known;
  const found = findKinds(node);
  kindsByNode.set(node, found);
  return found;
}

function findKinds(node: SchemaNode): ReadonlySet<Kind> {
  if (node.schema === false) return new Set();
  const sets: ReadonlySet<Kind>[] = [];
  const type = keyword(node, 'type');
  if (type !== undefined) sets.push(new Set([type].flat().flatMap(kindsOfType)));
  const values = listedValues(node);
  if (values !== null) sets.push(new Set(values.map(kindOf)));
  const divisor = keyword(node, 'multipleOf');
  if (typeof divisor === 'number' && Number.isInteger(divisor)) {
    sets.push(new Set(KINDS.filter((kind) => kind !== 'fraction')));
  }
  const target = targetOf(node);
  if (target !== null) sets.push(kindsOfNode(target));
  for (const member of members(node, 'allOf')) sets.push(kindsOfNode(member));
  for (const name of ['anyOf', 'oneOf']) {
    const branches = members(node, name);
    if (branches.length > 0) sets.push(new Set(branches.flatMap((branch) => [...kindsOfNode(branch)])));
  }
  return intersection(sets);
}

function intersection(sets: readonly ReadonlySet<Kind>[]): ReadonlySet<Kind> {
  return new Set(KINDS.filter((kind) => sets.every((set) => set.has(kind))));
}

/** The values that `const` or `enum` lists; null without either. */
function listedValues(node: SchemaNode): readonly unknown[] | null {
  const schema = node.schema;
  if (!isObject(schema)) return null;
  if (Object.hasOwn(schema, 'const')) return [schema['const']];
  const values = keyword(node, 'enum');
  return Array.isArray(values) ? values : null;
}

/** Every value that there can be, where they are listed; null where they are not. */
export function finiteValues(conjunction: Conjunction): readonly unknown[] | null {
  const { nodes } = conjunction;
  const lists = nodes.map(listedValues).filter((list) => list !== null);
  const kinds = kindsOf(conjunction);
  const isListed = [...kinds].every((kind) => kind === 'null' || kind === 'boolean');
  const plain = [...kinds].flatMap((kind): unknown[] => (kind === 'null' ? [null] : [true, false]));
  const [shortest = isListed ? plain : null] = lists.sort((left, right) => left.length - right.length);
  // One that cannot be judged stays: a list too long is a weaker fact.
  return shortest?.filter((value) => nodes.every((node) => accepts(node, value) !== false)) ?? null;
}

/** The greatest of the lower bounds of one name: 0 without any. */
export function least({ nodes }: Conjunction, name: string): number {
  return Math.max(0, ...nodes.map((node) => keyword(node, name)).filter((bound) => typeof bound === 'number'));
}

/** The least of the upper bounds of one name: infinite without any. */
export function most({ nodes }: Conjunction, name: string): number {
  return Math.min(Infinity, ...nodes.map((node) => keyword(node, name)).filter((bound) => typeof bound === 'number'));
}

/** One end of a range of numbers. */
export interface Bound {
  readonly limit: number;
  readonly isExclusive: boolean;
}

/** The nearest bound on one end; infinite without any. For whole numbers alone it is a whole number itself. */
export function boundOf(conjunction: Conjunction, end: 'least' | 'most'): Bound {
  const [name, exclusiveName, sign] = end === 'least' ? LOWER : UPPER;
  let best: Bound = { limit: -sign * Infinity, isExclusive: false };
  for (const node of conjunction.nodes) {
    for (const [word, isExclusive] of [[name, false] as const, [exclusiveName, true] as const]) {
      const limit = keyword(node, word);
      if (typeof limit !== 'number') continue;
      if (sign * limit > sign * best.limit || (limit === best.limit && isExclusive)) best = { limit, isExclusive };
    }
  }
  return kindsOf(conjunction).has('fraction') || !Number.isFinite(best.limit) ? best : wholeBound(best, sign);
}

const LOWER = ['minimum', 'exclusiveMinimum', 1] as const;
const UPPER = ['maximum', 'exclusiveMaximum', -1] as const;

function wholeBound({ limit, isExclusive }: Bound, sign: 1 | -1): Bound {
  const whole = sign === 1 ? Math.ceil(limit) : Math.floor(limit);
  return { limit: isExclusive && whole === limit ? whole + sign : whole, isExclusive: false };
}

/** Names that are certainly there, `more` being there. */
export function requiredNames({ nodes }: Conjunction, more: readonly string[] = []): ReadonlySet<string> {
  const names = new Set([...more, ...nodes.flatMap((node) => strings(node, 'required'))]);
  for (const name of names) {
    for (const node of nodes) {
      const dependent = keyword(node, 'dependentRequired');
      const others = isObject(dependent) && Object.hasOwn(dependent, name) ? dependent[name] : [];
      if (Array.isArray(others)) for (const other of others) if (typeof other === 'string') names.add(other);
    }
  }
  return names;
}

/** Whether what `unevaluated*` leaves over depends on more than the keywords beside it in the same schema. */
export function looksElsewhere(node: SchemaNode): boolean {
  return ['$ref', ...IN_PLACE].some((name) => keyword(node, name) !== undefined);
}

/** What a schema says of properties that it names nowhere. */
export function additionalOf(node: SchemaNode): SchemaNode {
  const additional = keyword(node, 'additionalProperties');
  const unevaluated = looksElsewhere(node) ? undefined : keyword(node, 'unevaluatedProperties');
  return node.side.node(additional ?? unevaluated ?? true);
}

/** What a schema says of the property with that name, and whether it names it. */
export function propertySchemas(node: SchemaNode, name: string): { nodes: SchemaNode[]; isNamed: boolean } {
  const property = namedAs(node, 'properties', name);
  const patterns = named(node, 'patternProperties').filter(([pattern]) => matches(pattern, name));
  const own = [...(property === null ? [] : [property]), ...patterns.map(([, schema]) => schema)];
  return own.length > 0 ? { nodes: own, isNamed: true } : { nodes: [additionalOf(node)], isNamed: false };
}

/** Whether a pattern matches a name; one that is no regular expression matches none, and codegen has refused it. */
export function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(name);
  } catch {
    return false;
  }
}

/** What a schema says of the item at an index; from the end of `prefixItems` on it is the same for all. */
export function itemSchema(node: SchemaNode, index: number): SchemaNode {
  const prefix = members(node, 'prefixItems');
  const unevaluated = looksElsewhere(node) || keyword(node, 'contains') !== undefined ? undefined : 'unevaluatedItems';
  const rest = keyword(node, 'items') ?? (unevaluated === undefined ? undefined : keyword(node, unevaluated));
  return prefix[index] ?? node.side.node(rest ?? true);
}

/** How many first items the schemas speak of one by one. */
export function prefixLength({ nodes }: Conjunction): number {
  return Math.max(0, ...nodes.map((node) => members(node, 'prefixItems').length));
}

/** How many items there can be. */
export function mostItems(conjunction: Conjunction): number {
  const limit = most(conjunction, 'maxItems');
  for (let index = 0; index <= prefixLength(conjunction); index++) {
    const isClosed = conjunction.nodes.some((node) => itemSchema(node, index).schema === false);
    if (isClosed) return Math.min(limit, index);
  }
  return limit;
}

/** The names that there can be, where no others can; null for an object that is open. */
export function possibleNames({ nodes }: Conjunction): readonly string[] | null {
  const closed = nodes.find(
    (node) => additionalOf(node).schema === false && named(node, 'patternProperties').length === 0,
  );
  return closed === undefined ? null : named(closed, 'properties').map(([name]) => name);
}
