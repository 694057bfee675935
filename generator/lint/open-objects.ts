import { isObject, type JsonObject } from '../json.js';
import type { LintContract, SchemaNode } from './contract.js';
import { isInPlace } from './in-place.js';

/** Objects that let in properties which they do not name, and why: closing each of them is another matter. */
export type Openness = 'plain' | 'map' | 'part';

/** How an object is open; null for one that is closed, and for what is no object. */
export type OpennessOf = (node: SchemaNode) => Openness | null;

/** Finds which schemas share their value with others, once for a contract. */
export function createOpenness(contract: LintContract): OpennessOf {
  const parts = findParts(contract);
  return (node) => {
    const { schema } = node;
    const rest = schema['additionalProperties'];
    if (!isObjectSchema(schema) || rest === false) return null;
    if (rest === true || isObject(rest) || isObject(schema['patternProperties'])) return 'map';
    return parts.has(node) ? 'part' : 'plain';
  };
}

function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || (!type && isObject(properties));
}

/** The schemas that speak of a value together with others: closing one of them would refuse the properties of the rest. */
function findParts({ schemas, target }: LintContract): ReadonlySet<SchemaNode> {
  const parts = new Set<SchemaNode>();
  for (const node of schemas) {
    const inPlace = node.children.filter((child) => isInPlace(child) && !child.isCondition);
    const referred = target(node);
    for (const part of inPlace) parts.add(part);
    if (inPlace.some(mayDeclare)) parts.add(node);
    if (referred !== undefined && isObject(node.schema['properties'])) parts.add(node).add(referred);
  }
  // A set grows while it is walked: what a part refers to is a part as well.
  for (const node of parts) {
    const referred = target(node);
    if (referred !== undefined) parts.add(referred);
  }
  return parts;
}

/** Whether a schema may name properties of its value, itself or by what it leads to. */
function mayDeclare({ schema, children }: SchemaNode): boolean {
  const names = isObject(schema['properties']) || schema['$ref'] !== undefined;
  return names || children.some((child) => isInPlace(child) && mayDeclare(child));
}
