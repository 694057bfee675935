import { _ } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { toModule, type ValidatorModule } from '../ajv-module.js';
import { forEachSubschema, mapSubschemas } from '../dialect.js';
import { isObject } from '../json.js';
import { type Schema, type SchemaModel, selfContained } from '../model.js';
import { identifier, literal, type SourceFile, source } from '../print.js';
import { RUNTIME } from '../symbols.js';
import { compilable, createAjv } from '../vocabulary.js';

/** Adds one exported Standard Schema validator for each schema. */
export function emitValidators(schemas: readonly SchemaModel[], file: SourceFile): void {
  const prepared = schemas.map((schema) => ({ ...schema, root: selfContained(schema) }));
  const { body, functions, uses } = compileBodies(prepared);
  for (const name of uses) file.value(name, RUNTIME);
  file.type('Check', RUNTIME);
  file.append(source(body));
  for (const { valueName, typeName, root } of prepared) {
    const check = functions.get(valueName);
    if (check === undefined) throw new Error(`ajv returned no validator for ${valueName}.`);
    file.render('generated/validators.ts.hbs', {
      defineValidator: file.value('defineValidator', RUNTIME),
      Validator: file.type('Validator', RUNTIME),
      valueName: identifier(valueName),
      typeName: identifier(typeName),
      schema: literal(root, 2),
      check: identifier(check),
    });
  }
}

function compileBodies(schemas: readonly { readonly valueName: string; readonly root: Schema }[]): ValidatorModule {
  const ajv = createAjv({
    // Small definitions are checked in place; the others are functions, shared by all who refer to them.
    inlineRefs: 10,
    code: { source: true, esm: true, lines: true, formats: _`formats` },
  });
  const ids: Record<string, string> = {};
  for (const { valueName, root } of schemas) {
    ajv.addSchema(splitLarge(compilable(root)), valueName);
    ids[valueName] = valueName;
  }
  return toModule(standaloneCode.default(ajv, ids));
}

/** How many schemas one function may check; the compiler gives up on functions much larger. */
const MOST_IN_ONE_FUNCTION = 100;

/** Moves what stands under properties and items of a large schema to definitions, which become functions. */
function splitLarge(schema: Schema): Schema {
  const parts: Record<string, unknown> = {};
  const split = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const isLarge = countSchemas(value) > MOST_IN_ONE_FUNCTION;
    return mapSubschemas(value, (subschema, keyword) => {
      const inner = split(subschema);
      // Keywords that look at the same value stay, since unevaluated* must see into them.
      if (!isLarge || !STEPS_INTO_VALUE.has(keyword) || countSchemas(inner) < 3) return inner;
      const name = `part${Object.keys(parts).length}`;
      parts[name] = inner;
      return { $ref: `#/$defs/${name}` };
    });
  };
  const { $defs, ...root } = schema;
  const defs = isObject($defs) ? Object.entries($defs).map(([name, value]) => [name, split(value)]) : [];
  const body = split(root) as Schema;
  const all = { ...Object.fromEntries(defs), ...parts };
  return Object.keys(all).length === 0 ? body : { ...body, $defs: all };
}

const STEPS_INTO_VALUE: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'prefixItems',
]);

function countSchemas(value: unknown): number {
  if (!isObject(value)) return 1;
  let count = 1;
  forEachSubschema(value, (subschema) => {
    count += countSchemas(subschema);
  });
  return count;
}
