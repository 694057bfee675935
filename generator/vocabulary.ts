import { formats } from '@declaragent/runtime/formats';
import { _, type Code, type KeywordErrorDefinition, type Options, str } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { correctedKeywords } from './corrections.js';
import { mapSubschemas } from './dialect.js';
import { isObject, type JsonObject } from './json.js';
import { hasUnevaluated, referencesOf, referenceTo, type Schema, typeNameOf } from './model.js';
import { unevaluatedKeywords } from './unevaluated.js';
import { TAG, type Tag, unionKeywords } from './unions.js';

/** Messages that say what ajv's own leave to parameters, which a report does not carry. */
const MESSAGES: Readonly<Record<string, KeywordErrorDefinition['message']>> = {
  additionalProperties: ({ params }) =>
    str`must NOT have additional property '${params['additionalProperty'] as Code}'`,
  const: ({ schema }) => `must be ${shown(schema)}`,
  enum: ({ schema }) => `must be ${anyOfThese(schema as unknown[])}`,
};

const MOST_SHOWN = 60;
const MOST_LISTED = 20;

/** The values of an enum, or some of them: the message stands in generated code and in every report. */
function anyOfThese(values: readonly unknown[]): string {
  const listed = values.slice(0, MOST_LISTED).map((value) => shown(value));
  const rest = values.length - listed.length;
  return listed.join(' or ') + (rest > 0 ? ` or one of ${rest} more` : '');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** ajv for normalized schemas, which have been checked before; a report names every violation. */
export function createAjv(options: Options): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    ownProperties: true,
    // The meta-schema would add names to generated code that differ between versions of ajv.
    meta: false,
    validateSchema: false,
    addUsedSchema: false,
    logger: false,
    // What generated code runs is what examples are held against. Any other format is an annotation.
    formats: { ...formats },
    code: { optimize: false },
    ...options,
  });
  // ajv would otherwise follow in every validator what it evaluates.
  ajv.opts.unevaluated = false;
  for (const keyword of [...unevaluatedKeywords(), ...unionKeywords(), ...correctedKeywords()]) {
    ajv.removeKeyword(String(keyword.keyword));
    ajv.addKeyword(keyword);
  }
  for (const [keyword, message] of Object.entries(MESSAGES)) {
    const definition = ajv.getKeyword(keyword);
    if (typeof definition !== 'object') throw new Error(`ajv has no keyword ${keyword}.`);
    ajv.removeKeyword(keyword);
    ajv.addKeyword({ ...definition, error: { message, params: _`{}` } });
  }
  return ajv;
}

/**
 * The same schema in words that ajv gets right and reports well: it overlooks a property named `__proto__`, but not a
 * pattern for it; and of a union whose branches are told apart by a constant it reports what is wrong in each branch,
 * where only the branch that was meant matters, so those unions say by what they are told apart.
 */
export function compilable(schema: Schema): Schema {
  const definitions = isObject(schema['$defs']) ? schema['$defs'] : {};
  const rewrite = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    return unionsByTag(protoAsPattern(mapSubschemas(value, rewrite)), definitions);
  };
  return branchesAsDefinitions(rewrite(schema) as Schema);
}

/**
 * unevaluated* checks the branches that it looks into once more, in place. One that leads back to itself would be written
 * out without end, and one in which that is done again would double with each level, so both become definitions, which
 * are functions.
 */
function branchesAsDefinitions(schema: Schema): Schema {
  if (!hasUnevaluated(schema)) return schema;
  const branches: Record<string, unknown> = {};
  const move = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    return mapSubschemas(value, (subschema, keyword) => {
      const inner = move(subschema);
      if (!BRANCHES.has(keyword) || !isObject(inner)) return inner;
      if (referencesOf(inner).size === 0 && !hasUnevaluated(subschema)) return inner;
      const name = `branch${Object.keys(branches).length}`;
      branches[name] = inner;
      return { $ref: referenceTo(name) };
    });
  };
  const { $defs, ...root } = move(schema) as JsonObject;
  const definitions = { ...(isObject($defs) ? $defs : {}), ...branches };
  return Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions };
}

/** Keywords whose schemas may fail without the value being wrong. */
const BRANCHES: ReadonlySet<string> = new Set(['anyOf', 'oneOf', 'if', 'contains']);

function protoAsPattern(schema: JsonObject): JsonObject {
  const { properties, patternProperties = {} } = schema;
  if (!isObject(properties) || !isObject(patternProperties) || !Object.hasOwn(properties, '__proto__')) return schema;
  const { ['__proto__']: proto, ...others } = properties;
  return { ...schema, properties: others, patternProperties: { ...patternProperties, '^__proto__$': proto } };
}

function unionsByTag(schema: JsonObject, definitions: JsonObject): JsonObject {
  for (const keyword of ['oneOf', 'anyOf']) {
    const members = schema[keyword];
    const tag = Array.isArray(members) ? findTag(members, definitions) : null;
    if (tag === null) continue;
    const { [keyword]: _, allOf, ...rest } = schema;
    const { name, values } = tag;
    const head = { type: 'object', properties: { [name]: { enum: values } }, required: [name] };
    return { ...rest, allOf: [...(Array.isArray(allOf) ? allOf : []), head, { oneOf: members, [TAG]: tag }] };
  }
  return schema;
}

/** The property that every branch requires with a constant of its own, if there is one. */
function findTag(members: readonly unknown[], definitions: JsonObject): Tag | null {
  const targets = members.map((member) => {
    const reference = isObject(member) && Object.keys(member).length === 1 ? member['$ref'] : undefined;
    return reference === undefined ? member : definitions[typeNameOf(reference)];
  });
  const [first] = targets;
  if (members.length < 2 || !isObject(first) || !isObject(first['properties'])) return null;
  for (const name of Object.keys(first['properties'])) {
    const values = targets.flatMap((target) => constantOf(target, name) ?? []);
    if (values.length === targets.length && new Set(values).size === values.length) return { name, values };
  }
  return null;
}

/** The constant that an object schema requires a property to be; undefined where there is none. */
function constantOf(schema: unknown, name: string): string | number | boolean | undefined {
  if (!isObject(schema) || schema['type'] !== 'object' || !isObject(schema['properties'])) return undefined;
  const { required } = schema;
  const property = Object.hasOwn(schema['properties'], name) ? schema['properties'][name] : undefined;
  const value = isObject(property) ? property['const'] : undefined;
  const isScalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isScalar && Array.isArray(required) && required.includes(name) ? value : undefined;
}
