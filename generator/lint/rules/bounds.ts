import type { JsonObject } from '../../json.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { holdsInPlace } from '../in-place.js';
import { eachSchema, IF_PUBLISHED, type LintRule, remarkAt } from '../rule.js';

function namesType({ type }: JsonObject, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name));
}

function isListed(schema: JsonObject): boolean {
  return Array.isArray(schema['enum']) || Object.hasOwn(schema, 'const');
}

/**
 * Formats whose values have a greatest length, in RFC 3339, 5321, 1035, 4291 and 9562. Of three a validator takes longer
 * texts: a second may have any number of digits, and so may the part of an address before the @ and a span of time.
 */
const SHORT_FORMATS: ReadonlySet<unknown> = new Set([
  ...['date', 'time', 'date-time', 'iso-time', 'iso-date-time', 'duration'],
  ...['uuid', 'ipv4', 'ipv6', 'hostname', 'email'],
]);

function isBoundedString(schema: JsonObject): boolean {
  const { maxLength, pattern, format } = schema;
  return (
    isListed(schema) || maxLength !== undefined || SHORT_FORMATS.has(format) || (isText(pattern) && isShort(pattern))
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Whether a pattern speaks of the whole string and repeats nothing without an end. */
function isShort(pattern: string): boolean {
  const bare = pattern.replace(/\\./gu, 'x').replace(/\[[^\]]*\]/g, 'x');
  return /^\^.*\$$/.test(bare) && !/[*+|]|\{\d+,\}/.test(bare);
}

function isBoundedArray(contract: LintContract): (schema: JsonObject, node: SchemaNode) => boolean {
  return (schema, { children }) => {
    const { maxItems, items, additionalItems, uniqueItems } = schema;
    const isClosed = items === false || (Array.isArray(items) && additionalItems === false);
    if (isListed(schema) || maxItems !== undefined || isClosed) return true;
    // Of a few values no more than a few can differ.
    const each = uniqueItems === true ? children.find(({ keyword, key }) => keyword === 'items' && key === null) : null;
    return each != null && holdsInPlace(each, contract, isOneOfFew);
  };
}

function isOneOfFew(schema: JsonObject): boolean {
  return isListed(schema) || schema['type'] === 'boolean' || schema['type'] === 'null';
}

/** Rules about how much a stranger can send. */
export const boundRules: readonly LintRule[] = [
  {
    id: 'unbounded-string',
    level: 'warning',
    meaning: 'A string of an input has no greatest length.',
    why: 'The validator then lets in whatever fits into a message, and the skill, a prompt or a database pays for it.',
    fix: `Add "maxLength:" with what the skill can use; ${IF_PUBLISHED}.`,
    check: eachSchema(function* (node, contract) {
      if (node.use !== 'input' || node.isCondition || !namesType(node.schema, 'string')) return;
      if (!holdsInPlace(node, contract, isBoundedString)) {
        yield remarkAt(node, ['type'], 'This string may be of any length.', { part: 'key' });
      }
    }),
  },
  {
    id: 'unbounded-array',
    level: 'warning',
    meaning: 'An array of an input has no greatest number of items.',
    why: 'Each item is work for the skill, and the caller alone decides how many there are.',
    fix: `Add "maxItems:" with what the skill can do in its time; ${IF_PUBLISHED}.`,
    check: eachSchema(function* (node, contract) {
      if (node.use !== 'input' || node.isCondition || !namesType(node.schema, 'array')) return;
      if (!holdsInPlace(node, contract, isBoundedArray(contract))) {
        yield remarkAt(node, ['type'], 'This array may hold any number of items.', { part: 'key' });
      }
    }),
  },
];
