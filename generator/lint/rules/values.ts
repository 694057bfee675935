import { isObject } from '../../json.js';
import { nearest } from '../../spelling.js';
import { isOfType, refusalOf } from '../accepts.js';
import type { LintContract, SchemaNode } from '../contract.js';
import { createDeclarations } from '../in-place.js';
import { eachSchema, IF_PUBLISHED, type LintRule, type Remark, remarkAt } from '../rule.js';

function* undeclared(contract: LintContract): Iterable<Remark> {
  const declarations = createDeclarations(contract);
  for (const node of contract.schemas) {
    const { required, properties } = node.schema;
    if (!Array.isArray(required) || node.isCondition) continue;
    for (const [index, name] of required.entries()) {
      if (typeof name !== 'string' || (isObject(properties) && Object.hasOwn(properties, name))) continue;
      const { names, patterns, isRest } = declarations(node);
      if (names.has(name) || isRest || patterns.some((pattern) => pattern.test(name))) continue;
      const message = `"${name}" is required, and no property of that name is declared.`;
      yield remarkAt(node, ['required', index], message, { near: nearest(name, names) });
    }
  }
}

/** Keywords that give a range together: the first may not be above the second, or not even equal to it. */
const RANGES: readonly { readonly from: string; readonly to: string; readonly isOpen?: true }[] = [
  { from: 'minLength', to: 'maxLength' },
  { from: 'minItems', to: 'maxItems' },
  { from: 'minProperties', to: 'maxProperties' },
  { from: 'minContains', to: 'maxContains' },
  { from: 'minimum', to: 'maximum' },
  { from: 'exclusiveMinimum', to: 'maximum', isOpen: true },
  { from: 'minimum', to: 'exclusiveMaximum', isOpen: true },
  { from: 'exclusiveMinimum', to: 'exclusiveMaximum', isOpen: true },
];

/** Where a schema lists values, and what they are called. */
function* listedValues({ schema }: SchemaNode): Iterable<{ readonly inside: (string | number)[]; value: unknown }> {
  if (Object.hasOwn(schema, 'const')) yield { inside: ['const'], value: schema['const'] };
  const values: unknown[] = Array.isArray(schema['enum']) ? schema['enum'] : [];
  for (const [index, value] of values.entries()) yield { inside: ['enum', index], value };
}

/** A text that two values have in common only where they are equal, whatever the order of their keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

/** Rules about values that cannot be as the schema says. */
export const valueRules: readonly LintRule[] = [
  {
    id: 'undeclared-required',
    level: 'error',
    meaning: 'A name is required that no property declares.',
    why: 'It is a slip of the pen more often than not, and in a closed object no value can be right.',
    fix: 'Correct the name, or declare the property.',
    check: undeclared,
  },
  {
    id: 'empty-range',
    level: 'error',
    meaning: 'A lower bound lies above the upper one.',
    why: 'No value is in such a range, so every call is refused.',
    fix: 'Exchange the two, or correct one.',
    check: eachSchema(function* (node) {
      for (const { from, to, isOpen } of RANGES) {
        const [low, high] = [node.schema[from], node.schema[to]];
        if (typeof low !== 'number' || typeof high !== 'number') continue;
        if (low < high || (low === high && isOpen !== true)) continue;
        yield remarkAt(node, [from], `No value has ${from} ${low} and ${to} ${high}.`, { part: 'key' });
      }
    }),
  },
  {
    id: 'default-mismatch',
    level: 'error',
    meaning: 'A default, or one of the examples of a schema, breaks that very schema.',
    why: 'Readers and models copy it, and the validator refuses what they send.',
    fix: 'Correct the value, or the schema if the value is right.',
    check: eachSchema(function* (node, contract) {
      const { schema } = node;
      const examples: unknown[] = Array.isArray(schema['examples']) ? schema['examples'] : [];
      const values: { inside: (string | number)[]; value: unknown; noun: string }[] = [
        ...(Object.hasOwn(schema, 'default')
          ? [{ inside: ['default'], value: schema['default'], noun: 'default' }]
          : []),
        ...examples.map((value, index) => ({ inside: ['examples', index], value, noun: 'example' })),
      ];
      for (const { inside, value, noun } of values) {
        const refusal = refusalOf(node, value, contract);
        if (refusal !== null) yield remarkAt(node, inside, `The schema refuses its own ${noun}: ${refusal}.`);
      }
    }),
  },
  {
    id: 'unreachable-value',
    level: 'error',
    meaning: 'A value is listed that the type beside it refuses.',
    why: 'It can never occur, and a union with it promises what the validator does not keep.',
    fix: 'Correct the type or the value; a number in quotes is a string.',
    check: eachSchema(function* (node) {
      const { type } = node.schema;
      if (type === undefined) return;
      for (const { inside, value } of listedValues(node)) {
        if (isOfType(value, type)) continue;
        yield remarkAt(node, inside, `${JSON.stringify(value)} is not of the type ${JSON.stringify(type)}.`);
      }
    }),
  },
  {
    id: 'repeated-value',
    level: 'error',
    meaning: 'An enum lists one value twice.',
    why: 'The second one says nothing, and most often another value was meant in its place.',
    fix: 'Write the value that was meant, or remove the second one.',
    check: eachSchema(function* (node) {
      const values: unknown[] = Array.isArray(node.schema['enum']) ? node.schema['enum'] : [];
      const seen = new Set<string>();
      for (const [index, value] of values.entries()) {
        const text = canonical(value);
        if (seen.has(text)) yield remarkAt(node, ['enum', index], `${JSON.stringify(value)} is listed before.`);
        seen.add(text);
      }
    }),
  },
  {
    id: 'single-value-enum',
    level: 'warning',
    meaning: 'An enum lists one value.',
    why: 'A const says that nothing else is meant to come, and tells the branches of a union apart.',
    fix: 'Write "const:" with the value, or list the others.',
    check: eachSchema(function* (node) {
      const values = node.schema['enum'];
      if (!Array.isArray(values) || values.length !== 1) return;
      yield remarkAt(node, ['enum'], 'This enum lists one value.', { part: 'key' });
    }),
  },
  {
    id: 'unsafe-integer',
    level: 'warning',
    meaning: 'An integer may be larger than a number of JavaScript can tell from its neighbours.',
    why: 'Beyond 2^53 - 1 numbers are rounded when they are read, and two ids become one.',
    fix: `Bound it by 9007199254740991, or make it a string with a pattern of digits; ${IF_PUBLISHED}.`,
    check: eachSchema(function* (node) {
      const { type, format } = node.schema;
      const isInteger = type === 'integer' || (Array.isArray(type) && type.includes('integer'));
      if (isInteger && format === 'int64') {
        yield remarkAt(node, ['format'], 'An int64 may be larger than 2^53 - 1.');
        return;
      }
      const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];
      const values = [
        ...(isInteger ? bounds.map((keyword) => ({ inside: [keyword], value: node.schema[keyword] })) : []),
        ...listedValues(node),
      ];
      for (const { inside, value } of values) {
        if (!Number.isInteger(value) || Number.isSafeInteger(value)) continue;
        yield remarkAt(node, inside, 'This number is beyond 2^53 - 1.');
      }
    }),
  },
];
