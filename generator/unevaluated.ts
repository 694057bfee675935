import {
  _,
  type AnySchema,
  type Code,
  type CodeKeywordDefinition,
  type KeywordCxt,
  type Name,
  nil,
  str,
  stringify,
} from 'ajv';
import { Type } from 'ajv/dist/compile/util.js';
import { usePattern } from 'ajv/dist/vocabularies/code.js';
import { isObject } from './json.js';
import { typeNameOf } from './model.js';

/*
 * ajv's own unevaluatedItems and unevaluatedProperties lose track of what contains, if without then, and schemas beside
 * a reference have looked at. These two do it by the letter of the standard: they collect the annotations of every
 * schema that looks at the same value, those of a branch only where the branch is valid.
 */

type SchemaObject = Readonly<Record<string, unknown>>;

/** For normalized schemas, which hold what they refer to under `$defs`. */
export const unevaluatedKeywords = (): CodeKeywordDefinition[] => [unevaluatedProperties, unevaluatedItems];

const unevaluatedProperties: CodeKeywordDefinition = {
  keyword: 'unevaluatedProperties',
  type: 'object',
  schemaType: ['boolean', 'object'],
  // What a probe of a branch reports is taken back: a branch that does not hold is no violation.
  trackErrors: true,
  error: {
    message: ({ params }) => str`must NOT have unevaluated property '${params['name'] as Code}'`,
  },
  code(cxt) {
    const { gen, data, parentSchema } = cxt;
    if (cxt.schema === true) return;
    const all = gen.let('all', false);
    const seen = gen.const('seen', _`new Set()`);
    const { unevaluatedProperties: _own, ...siblings } = parentSchema as SchemaObject;
    forEachEvaluated(cxt, siblings, (schema) => {
      if (schema['additionalProperties'] !== undefined || schema['unevaluatedProperties'] !== undefined) {
        gen.assign(all, true);
        return;
      }
      for (const name of keysOf(schema['properties'])) gen.code(_`${seen}.add(${name})`);
      for (const pattern of keysOf(schema['patternProperties'])) {
        gen.forOf('key', _`Object.keys(${data})`, (key) => {
          gen.if(_`${usePattern(cxt, pattern)}.test(${key})`, () => gen.code(_`${seen}.add(${key})`));
        });
      }
    });
    gen.if(_`!${all}`, () => {
      gen.forOf('key', _`Object.keys(${data})`, (key) => {
        gen.if(_`!${seen}.has(${key})`, () => refuse(cxt, key, Type.Str));
      });
    });
  },
};

const unevaluatedItems: CodeKeywordDefinition = {
  keyword: 'unevaluatedItems',
  type: 'array',
  schemaType: ['boolean', 'object'],
  trackErrors: true,
  error: { message: ({ params }) => str`must NOT have unevaluated item ${params['name'] as Code}` },
  code(cxt) {
    const { gen, data, parentSchema } = cxt;
    if (cxt.schema === true) return;
    const first = gen.let('first', 0);
    const seen = gen.const('seen', _`new Set()`);
    const { unevaluatedItems: _own, ...siblings } = parentSchema as SchemaObject;
    forEachEvaluated(cxt, siblings, (schema) => {
      if (schema['items'] !== undefined || schema['unevaluatedItems'] !== undefined) {
        gen.assign(first, _`${data}.length`);
        return;
      }
      const prefix = schema['prefixItems'];
      if (Array.isArray(prefix)) gen.assign(first, _`Math.max(${first}, ${prefix.length})`);
      if (schema['contains'] === undefined) return;
      gen.forRange('index', 0, _`${data}.length`, (index) => {
        const valid = gen.name('valid');
        cxt.subschema({ ...probe(cxt, schema['contains']), dataProp: index, dataPropType: Type.Num }, valid);
        cxt.reset();
        gen.if(valid, () => gen.code(_`${seen}.add(${index})`));
      });
    });
    gen.forRange('index', first, _`${data}.length`, (index) => {
      gen.if(_`!${seen}.has(${index})`, () => refuse(cxt, index, Type.Num));
    });
  },
};

/** Checks what nothing has evaluated against the keyword's own schema. */
function refuse(cxt: KeywordCxt, property: Name, dataPropType: Type): void {
  if (cxt.schema === false) {
    cxt.setParams({ name: property });
    cxt.error();
    return;
  }
  cxt.subschema({ keyword: cxt.keyword, dataProp: property, dataPropType }, cxt.gen.name('valid'));
}

/**
 * Calls `note` for each schema that looks at the same value as `schema`, in the place of the generated code where that
 * schema is known to be valid.
 */
function forEachEvaluated(cxt: KeywordCxt, schema: unknown, note: (schema: SchemaObject) => void): void {
  if (!isObject(schema)) return;
  const { gen, data, it } = cxt;
  const definitions = it.schemaEnv.root.schema as SchemaObject;
  const whenValid = (branch: unknown, then: () => void, otherwise?: () => void): void => {
    const valid = gen.name('valid');
    cxt.subschema(probe(cxt, branch), valid);
    cxt.reset();
    gen.if(valid, then, otherwise);
  };
  note(schema);
  if (schema['$ref'] !== undefined) {
    const target = (definitions['$defs'] as SchemaObject | undefined)?.[typeNameOf(schema['$ref'])];
    forEachEvaluated(cxt, target, note);
  }
  for (const member of listOf(schema['allOf'])) forEachEvaluated(cxt, member, note);
  for (const member of [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]) {
    whenValid(member, () => forEachEvaluated(cxt, member, note));
  }
  if (schema['if'] !== undefined) {
    const condition = schema['if'];
    whenValid(
      condition,
      () => {
        forEachEvaluated(cxt, condition, note);
        forEachEvaluated(cxt, schema['then'], note);
      },
      () => forEachEvaluated(cxt, schema['else'], note),
    );
  }
  if (isObject(schema['dependentSchemas'])) {
    for (const [name, dependent] of Object.entries(schema['dependentSchemas'])) {
      const isPresent: Code = _`${data} && typeof ${data} == "object" && Object.hasOwn(${data}, ${name})`;
      gen.if(isPresent, () => forEachEvaluated(cxt, dependent, note));
    }
  }
}

/** A check of a schema that answers and reports nothing. */
function probe({ gen, it }: KeywordCxt, schema: unknown): Parameters<KeywordCxt['subschema']>[0] {
  const ref = schema as AnySchema;
  const value = it.opts.code.source === true ? { ref, code: stringify(ref) } : { ref };
  return {
    schema: ref,
    schemaPath: nil,
    topSchemaRef: gen.scopeValue('schema', value),
    errSchemaPath: '',
    createErrors: false,
    allErrors: false,
    compositeRule: true,
  };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function keysOf(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : [];
}
