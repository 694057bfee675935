import { formats } from '@declaragent/runtime/formats';
import { KEYWORDS } from '../../dialect.js';
import { nearest } from '../../spelling.js';
import { eachSchema, type LintRule, remarkAt } from '../rule.js';

/** What people write for a keyword that JSON Schema calls otherwise, and what to write. */
const MISTAKEN: ReadonlyMap<string, string> = new Map([
  ['nullable', 'Write "null" into the list of types, such as type: [string, "null"].'],
  ['property', 'Write "properties:".'],
  ['props', 'Write "properties:".'],
  ['item', 'Write "items:".'],
  ['optional', 'Leave the name out of "required" of the object around it.'],
  ['mandatory', 'Put the name into "required" of the object around it.'],
  ['min', 'Write "minimum:", "minLength:" or "minItems:".'],
  ['max', 'Write "maximum:", "maxLength:" or "maxItems:".'],
  ['length', 'Write "minLength:" and "maxLength:".'],
  ['regex', 'Write "pattern:".'],
  ['regexp', 'Write "pattern:".'],
  ['match', 'Write "pattern:".'],
  ['values', 'Write "enum:".'],
  ['choices', 'Write "enum:".'],
  ['oneof', 'Write "oneOf:".'],
  ['unique', 'Write "uniqueItems: true".'],
  ['divisibleBy', 'Write "multipleOf:".'],
  ['disallow', 'Write "not:".'],
  ['extends', 'Write "allOf:".'],
  ['additionalProps', 'Write "additionalProperties:".'],
  ['formatMinimum', 'Check it in the skill: nothing asserts it.'],
  ['formatMaximum', 'Check it in the skill: nothing asserts it.'],
]);

/** Remarks of other languages for which JSON Schema has a word that does more. */
const HARMLESS: ReadonlyMap<string, string> = new Map([
  ['example', 'Write "examples:" with a list.'],
  ['discriminator', 'Give the property that tells the branches apart a "const:" in each of them.'],
  ['deprecationMessage', 'Write "deprecated: true" and the message into "description:".'],
  ['readonly', 'Write "readOnly:".'],
  ['writeonly', 'Write "writeOnly:".'],
]);

/** The annotations of our own. */
const EXTENSIONS: readonly string[] = ['x-ts-name', 'x-redact'];

/** The types of values that keywords speak of; of any other type they say nothing. */
const SPOKEN: readonly { readonly types: readonly string[]; readonly keywords: readonly string[] }[] = [
  { types: ['string'], keywords: ['minLength', 'maxLength', 'pattern'] },
  {
    types: ['number', 'integer'],
    keywords: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  },
  {
    types: ['array'],
    keywords: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains', 'unevaluatedItems'],
  },
  {
    types: ['object'],
    keywords: [
      ...['properties', 'required', 'patternProperties', 'additionalProperties', 'propertyNames', 'minProperties'],
      ...['maxProperties', 'dependentRequired', 'dependentSchemas', 'unevaluatedProperties'],
    ],
  },
];

const SPEAKS_OF: ReadonlyMap<string, readonly string[]> = new Map(
  SPOKEN.flatMap(({ types, keywords }) => keywords.map((keyword) => [keyword, types] as const)),
);

/** Keywords that say nothing without another one. */
const NEEDS: ReadonlyMap<string, string> = new Map([
  ['then', 'if'],
  ['else', 'if'],
  ['minContains', 'contains'],
  ['maxContains', 'contains'],
]);

/** What formats are called elsewhere. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['timestamp', 'date-time'],
  ['guid', 'uuid'],
  ['ip', 'ipv4'],
  ['ipaddress', 'ipv4'],
  ['regexp', 'regex'],
  ['mail', 'email'],
  ['emailaddress', 'email'],
  ['domain', 'hostname'],
  ['base64', 'byte'],
]);

/** Formats of their own that are spelt almost like another. */
const OTHER_FORMATS: ReadonlySet<string> = new Set([
  ...['iri', 'iri-reference', 'idn-email', 'idn-hostname', 'ulid', 'cuid', 'cuid2', 'uint32', 'uint64', 'int53'],
  ...['float16', 'float32', 'float64'],
]);

/** The format that was probably meant by one that does not exist. */
function nearFormat(format: unknown): string | undefined {
  if (typeof format !== 'string' || Object.hasOwn(formats, format)) return undefined;
  const word = format.toLowerCase();
  if (OTHER_FORMATS.has(word)) return undefined;
  const plain = word.replaceAll(/[ _-]/g, '');
  const same = formatNames.find((name) => name.replaceAll('-', '') === plain);
  return same ?? OTHER_NAMES.get(plain) ?? nearest(word, formatNames);
}

const formatNames: readonly string[] = Object.keys(formats);

/** Rules about keywords that do not do what they seem to do. */
export const keywordRules: readonly LintRule[] = [
  {
    id: 'mistaken-keyword',
    level: 'error',
    meaning: 'A keyword of another language stands where JSON Schema has one of its own.',
    why: 'JSON Schema takes it for a remark, so nothing is asserted.',
    fix: 'Write the keyword of JSON Schema.',
    check: eachSchema(function* (node) {
      for (const keyword of Object.keys(node.schema)) {
        const fix = MISTAKEN.get(keyword);
        const near = keyword.startsWith('x-') ? nearest(keyword, EXTENSIONS) : undefined;
        if (EXTENSIONS.includes(keyword) || (fix === undefined && near === undefined)) continue;
        const message =
          fix === undefined ? `declaragent has no "${keyword}".` : `JSON Schema has no keyword "${keyword}".`;
        const more = near === undefined ? {} : { near };
        yield remarkAt(node, [keyword], message, { part: 'key', ...more, fix: fix ?? `Write "${near}".` });
      }
    }),
  },
  {
    id: 'unknown-keyword',
    level: 'warning',
    meaning: 'A keyword that JSON Schema does not know is taken as a remark.',
    why: 'It asserts nothing and reaches neither the types nor the validators.',
    fix: 'Remove it, or put "x-" before it to show that it is a remark of your own.',
    check: eachSchema(function* (node) {
      for (const keyword of Object.keys(node.schema)) {
        if (KEYWORDS.has(keyword) || keyword.startsWith('x-') || MISTAKEN.has(keyword)) continue;
        const message = `The keyword "${keyword}" is taken as a remark.`;
        const fix = HARMLESS.get(keyword);
        yield remarkAt(node, [keyword], message, { part: 'key', ...(fix === undefined ? {} : { fix }) });
      }
    }),
  },
  {
    id: 'other-dialect',
    level: 'error',
    meaning: 'A keyword belongs to another version of JSON Schema than the one that the schema is in.',
    why: 'In this version it is a remark, so nothing is asserted.',
    fix: 'Write the keyword of this version; without $schema that is 2020-12.',
    check: eachSchema(function* (node) {
      const { draft } = node.scope;
      for (const keyword of Object.keys(node.schema)) {
        const known = KEYWORDS.get(keyword);
        if (known === undefined || known.drafts.includes(draft)) continue;
        const message = `"${keyword}" means nothing in ${draft}.`;
        const instead = REPLACED.get(keyword);
        const fix = instead === undefined ? {} : { fix: `Write ${instead}.` };
        yield remarkAt(node, [keyword], message, { part: 'key', ...fix });
      }
    }),
  },
  {
    id: 'idle-keyword',
    level: 'error',
    meaning:
      'A keyword says nothing about values of the type that stands beside it, or lacks the keyword it goes with.',
    why: 'It asserts nothing, and whoever wrote it believed that it does.',
    fix: 'Correct the type, or remove the keyword.',
    check: eachSchema(function* (node) {
      const { type } = node.schema;
      const types: readonly unknown[] | null = type === undefined ? null : Array.isArray(type) ? type : [type];
      for (const keyword of Object.keys(node.schema)) {
        const spoken = SPEAKS_OF.get(keyword);
        const needed = NEEDS.get(keyword);
        if (spoken !== undefined && types !== null && !spoken.some((name) => types.includes(name))) {
          const message = `"${keyword}" says nothing about ${types.map((name) => `"${String(name)}"`).join(' or ')}.`;
          yield remarkAt(node, [keyword], message, { part: 'key' });
        } else if (needed !== undefined && node.schema[needed] === undefined) {
          const message = `"${keyword}" says nothing without "${needed}".`;
          yield remarkAt(node, [keyword], message, { part: 'key', fix: `Add "${needed}:", or remove "${keyword}".` });
        }
      }
    }),
  },
  {
    id: 'beside-ref',
    level: 'error',
    meaning: 'A keyword stands beside a $ref of draft-07, which hides it.',
    why: 'In draft-07 whatever stands beside a $ref asserts nothing; in 2020-12 it does.',
    fix: 'Write allOf with the reference and the rest, or translate the schema to 2020-12.',
    check: eachSchema(function* (node) {
      if (node.scope.draft !== 'draft-07' || node.schema['$ref'] === undefined) return;
      for (const keyword of Object.keys(node.schema)) {
        if (KEYWORDS.get(keyword)?.treatment !== 'asserted') continue;
        yield remarkAt(node, [keyword], `"${keyword}" is hidden by the $ref beside it.`, { part: 'key' });
      }
    }),
  },
  {
    id: 'misspelt-format',
    level: 'error',
    meaning: 'A format is almost, but not quite, one of those that generated validators assert.',
    why: 'It asserts nothing, and whoever wrote it believed that it does.',
    fix: 'Write the name of the format that was meant.',
    check: eachSchema(function* (node) {
      const { format } = node.schema;
      const near = nearFormat(format);
      if (near === undefined) return;
      yield remarkAt(node, ['format'], `There is no format "${String(format)}".`, { near, fix: `Write "${near}".` });
    }),
  },
  {
    id: 'unknown-format',
    level: 'warning',
    meaning: 'A format is not one of those that generated validators assert.',
    why: 'Any text passes, whatever the format is called.',
    fix: 'Write a format that is asserted, or a pattern.',
    check: eachSchema(function* (node) {
      const { format } = node.schema;
      if (typeof format !== 'string' || Object.hasOwn(formats, format) || nearFormat(format) !== undefined) return;
      yield remarkAt(node, ['format'], `The format "${format}" asserts nothing.`);
    }),
  },
];

/** What stands for the keywords of one dialect in the other. */
const REPLACED: ReadonlyMap<string, string> = new Map([
  ['dependencies', 'dependentRequired or dependentSchemas'],
  ['additionalItems', 'prefixItems for the first items and items for the rest'],
  ['prefixItems', 'a list of schemas under items'],
  ['dependentRequired', 'dependencies'],
  ['dependentSchemas', 'dependencies'],
  ['$anchor', '$id: "#name"'],
]);
