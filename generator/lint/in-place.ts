import { IN_PLACE } from '../dialect.js';
import { isObject, type JsonObject } from '../json.js';
import type { LintContract, SchemaNode } from './contract.js';

/** Whether a schema speaks of the very value that the schema around it speaks of. */
export function isInPlace({ keyword }: SchemaNode): boolean {
  return keyword !== null && IN_PLACE.has(keyword);
}

/** The schemas around this one that speak of the same value, the nearest first. */
export function* aroundInPlace(node: SchemaNode): Iterable<SchemaNode> {
  let inner = node;
  while (inner.parent !== null && isInPlace(inner)) {
    inner = inner.parent;
    yield inner;
  }
}

/** Whether something holds of this schema, one around it, one that it refers to or one of its allOf. */
export function holdsInPlace(
  node: SchemaNode,
  contract: LintContract,
  holds: (schema: JsonObject, node: SchemaNode) => boolean,
): boolean {
  const near = [node, ...aroundInPlace(node), ...node.children.filter(({ keyword }) => keyword === 'allOf')];
  return near.some((schema) => {
    const target = contract.target(schema);
    return holds(schema.schema, schema) || (target !== undefined && holds(target.schema, target));
  });
}

/** The properties that schemas of one value declare. */
export interface Declared {
  readonly names: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
  /** Whether some schema says what any other property is like. */
  readonly isRest: boolean;
}

/** Finds what is declared for the value of a schema anywhere in place, once for all schemas of that value. */
export function createDeclarations(contract: LintContract): (node: SchemaNode) => Declared {
  const known = new Map<SchemaNode, Declared>();
  return (node) => {
    const outermost = [...aroundInPlace(node)].at(-1) ?? node;
    const found = known.get(outermost) ?? collect(outermost, contract);
    known.set(outermost, found);
    return found;
  };
}

function collect(outermost: SchemaNode, contract: LintContract): Declared {
  const names = new Set<string>();
  const patterns: RegExp[] = [];
  let isRest = false;
  const seen = new Set([outermost]);
  // A set grows while it is walked.
  for (const node of seen) {
    const { schema, children } = node;
    for (const name of Object.keys(isObject(schema['properties']) ? schema['properties'] : {})) names.add(name);
    const keys = Object.keys(isObject(schema['patternProperties']) ? schema['patternProperties'] : {});
    patterns.push(...keys.map((pattern) => new RegExp(pattern, 'u')));
    isRest ||= isObject(schema['additionalProperties']) || isObject(schema['unevaluatedProperties']);
    for (const child of children) if (isInPlace(child)) seen.add(child);
    const target = contract.target(node);
    if (target !== undefined) seen.add(target);
  }
  return { names, patterns, isRest };
}
