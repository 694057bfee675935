import { formats } from '@declaragent/runtime';
import { _, type Code, type KeywordErrorDefinition, type Options, str } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { mapSubschemas } from './dialect.js';
import { isObject } from './json.js';
import type { Schema } from './model.js';
import { unevaluatedKeywords } from './unevaluated.js';

/** Messages that say what ajv's own leave to parameters, which a report does not carry. */
const MESSAGES: Readonly<Record<string, KeywordErrorDefinition['message']>> = {
  additionalProperties: ({ params }) =>
    str`must NOT have additional property '${params['additionalProperty'] as Code}'`,
  const: ({ schema }) => `must be ${shown(schema)}`,
  enum: ({ schema }) => `must be ${(schema as unknown[]).map((value) => shown(value)).join(' or ')}`,
};

const MOST_SHOWN = 60;

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
    ...options,
  });
  // ajv would otherwise follow in every validator what it evaluates.
  ajv.opts.unevaluated = false;
  for (const keyword of unevaluatedKeywords()) {
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

/** The same schema in words that ajv gets right: it overlooks a property named `__proto__`, but not a pattern for it. */
export function compilable(schema: Schema): Schema {
  const rewrite = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const copy = mapSubschemas(value, rewrite);
    const { properties, patternProperties = {} } = copy;
    if (!isObject(properties) || !isObject(patternProperties) || !Object.hasOwn(properties, '__proto__')) return copy;
    const { ['__proto__']: proto, ...others } = properties;
    return { ...copy, properties: others, patternProperties: { ...patternProperties, '^__proto__$': proto } };
  };
  return rewrite(schema) as Schema;
}
