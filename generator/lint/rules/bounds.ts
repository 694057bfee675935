import type { JsonObject } from '../../json.js';
import { holdsInPlace } from '../in-place.js';
import { eachSchema, type LintRule, remarkAt } from '../rule.js';

function namesType({ type }: JsonObject, name: string): boolean {
  return type === name || (Array.isArray(type) && type.includes(name));
}

function isListed(schema: JsonObject): boolean {
  return Array.isArray(schema['enum']) || Object.hasOwn(schema, 'const');
}

/** Formats whose values have a greatest length. */
const SHORT_FORMATS: ReadonlySet<unknown> = new Set(['date', 'uuid', 'ipv4', 'ipv6', 'hostname']);

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

function isBoundedArray(schema: JsonObject): boolean {
  const { maxItems, items, additionalItems } = schema;
  const isClosed = items === false || (Array.isArray(items) && additionalItems === false);
  return isListed(schema) || maxItems !== undefined || isClosed;
}

/** Rules about how much a stranger can send. */
export const boundRules: readonly LintRule[] = [
  {
    id: 'unbounded-string',
    level: 'warning',
    meaning: 'A string of an input has no greatest length.',
    why: 'The validator then lets in whatever fits into a message, and the skill, a prompt or a database pays for it.',
    fix: 'Add "maxLength:" with what the skill can use.',
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
    fix: 'Add "maxItems:" with what the skill can do in its time.',
    check: eachSchema(function* (node, contract) {
      if (node.use !== 'input' || node.isCondition || !namesType(node.schema, 'array')) return;
      if (!holdsInPlace(node, contract, isBoundedArray)) {
        yield remarkAt(node, ['type'], 'This array may hold any number of items.', { part: 'key' });
      }
    }),
  },
];
