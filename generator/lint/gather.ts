import type { LintContract, SchemaNode } from './contract.js';
import { type Remark, remarkAt } from './rule.js';

/** One place inside a schema that a rule speaks of. */
export interface Spot {
  readonly node: SchemaNode;
  /** What stands there, as the remark is to list it. */
  readonly name: string;
  /** What to do there: a sentence. */
  readonly fix?: string;
}

/** What a remark says of all spots of a schema, before it lists them. */
export type Saying = (spots: readonly Spot[]) => string;

/** How many spots, and how many ways to mend them, a remark lists. */
const MOST_NAMED = 3;

/**
 * A check that says one thing of a schema, however many places of it the rule speaks of: at the schema of the capability,
 * or at the shared definition, and not at each place. What it says to do ends with the sentence `end`.
 */
export function gather(
  find: (contract: LintContract) => Iterable<Spot>,
  say: Saying,
  end?: string,
): (contract: LintContract) => Iterable<Remark> {
  return function* (contract) {
    const bySchema = new Map<SchemaNode, Spot[]>();
    for (const spot of find(contract)) {
      const root = rootOf(spot.node);
      const spots = bySchema.get(root);
      if (spots === undefined) bySchema.set(root, [spot]);
      else spots.push(spot);
    }
    for (const [root, spots] of bySchema) {
      const fixes = [...new Set(spots.flatMap(({ fix }) => fix ?? []))];
      const sentences = [...fixes.slice(0, MOST_NAMED), ...(end === undefined ? [] : [end])];
      const fix = fixes.length === 0 ? {} : { fix: sentences.join(' ') };
      yield remarkAt(root, [], `${say(spots)}: ${listOf(spots)}.`, { part: 'key', ...fix });
    }
  };
}

/** A number of things with what they do, in the singular and the plural. */
export function counted(one: string, many: string): Saying {
  return ({ length }) => (length === 1 ? `1 ${one}` : `${length} ${many}`);
}

/** Where a schema stands below the schema of its capability or definition, such as `lines[].price`. */
export function nameWithin(node: SchemaNode): string {
  let name = '';
  for (let inner: SchemaNode | null = node; inner?.parent != null; inner = inner.parent) {
    const { keyword, key } = inner;
    if (ITEMS.has(keyword)) name = `[]${name}`;
    else if (REST.has(keyword)) name = `.*${name}`;
    else if (NAMED.has(keyword)) name = `.${key}${name}`;
  }
  return name === '' ? 'the root' : name.replace(/^\./, '');
}

const ITEMS: ReadonlySet<string | null> = new Set([
  ...['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains'],
]);
const REST: ReadonlySet<string | null> = new Set([
  ...['additionalProperties', 'patternProperties', 'unevaluatedProperties', 'propertyNames'],
]);
const NAMED: ReadonlySet<string | null> = new Set(['properties', '$defs', 'definitions']);

function rootOf(node: SchemaNode): SchemaNode {
  let root = node;
  while (root.parent !== null) root = root.parent;
  return root;
}

function listOf(spots: readonly Spot[]): string {
  const names = [...new Set(spots.map(({ name }) => name))];
  const rest = names.length - MOST_NAMED;
  return rest > 0 ? `${names.slice(0, MOST_NAMED).join(', ')} and ${rest} more` : names.join(', ');
}
