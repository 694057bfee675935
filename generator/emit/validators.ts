import { _ } from 'ajv';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { toModule, type ValidatorModule } from '../ajv-module.js';
import { type Schema, type SchemaModel, selfContained } from '../model.js';
import { identifier, literal, type SourceFile, source } from '../print.js';
import { splitLarge } from '../split.js';
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
