import { _ } from 'ajv';
import { ValueScope } from 'ajv/dist/compile/codegen/scope.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { toModule, type ValidatorModule } from '../ajv-module.js';
import { type DefinitionModel, hasUnevaluated, type Schema, type SchemaModel, selfContained } from '../model.js';
import { type Code, identifier, literal, type SourceFile, source } from '../print.js';
import { sharedCheckKeyword, withSharedChecks } from '../shared-checks.js';
import { splitLarge } from '../split.js';
import { checkName, type DefinitionImporter, RUNTIME_FORMATS, RUNTIME_VALIDATION } from '../symbols.js';
import { compilable, createAjv } from '../vocabulary.js';

/** Adds one exported Standard Schema validator for each schema. */
export function emitValidators(schemas: readonly SchemaModel[], file: SourceFile, imports: DefinitionImporter): void {
  const prepared = schemas.map((schema) => ({ ...schema, root: selfContained(schema) }));
  const functions = emitChecks(prepared, file, imports);
  for (const { valueName, typeName, root } of prepared) {
    file.render('generated/validators.ts.hbs', {
      defineValidator: file.value('defineValidator', RUNTIME_VALIDATION),
      Validator: file.type('Validator', RUNTIME_VALIDATION),
      valueName: identifier(valueName),
      typeName: identifier(typeName),
      schema: literal(root, 2),
      check: functions(valueName),
    });
  }
}

/** Adds the exported check of a shared definition, which the validators of capabilities call. */
export function emitSharedCheck(
  { typeName, schema, needs }: DefinitionModel & Pick<SchemaModel, 'needs'>,
  file: SourceFile,
  imports: DefinitionImporter,
): void {
  const root = selfContained({ schema, needs });
  const functions = emitChecks([{ valueName: 'check', root }], file, imports);
  file.append(source(`export const ${checkName(typeName).code}: Check = ${functions('check').code};`));
}

interface Prepared {
  readonly valueName: string;
  readonly root: Schema;
}

/** Adds the bodies of validators, and says the name of each by its schema's. */
function emitChecks(
  prepared: readonly Prepared[],
  file: SourceFile,
  imports: DefinitionImporter,
): (valueName: string) => Code {
  const { body, functions, uses, calls } = compileBodies(prepared, imports);
  for (const name of uses) file.value(name, name === 'formats' ? RUNTIME_FORMATS : RUNTIME_VALIDATION);
  for (const typeName of calls) imports.check(typeName);
  file.type('Check', RUNTIME_VALIDATION);
  file.append(source(body));
  return (valueName) => {
    const check = functions.get(valueName);
    if (check === undefined) throw new Error(`ajv returned no validator for ${valueName}.`);
    return identifier(check);
  };
}

interface Bodies extends ValidatorModule {
  /** The type names of the shared definitions whose checks are called. */
  readonly calls: readonly string[];
}

let known: ReturnType<typeof createAjv> | null = null;

/** An ajv that knows no schema. To make one takes as long as to compile a schema, so it is the last one, emptied. */
function emptyAjv(): ReturnType<typeof createAjv> {
  known ??= createValidatorMaker();
  known.removeSchema();
  // What it has put into one module is counted by its scope.
  return Object.assign(known, { scope: new ValueScope({ ...known.scope.opts, scope: {} }) });
}

function createValidatorMaker(): ReturnType<typeof createAjv> {
  const ajv = createAjv({
    // Small definitions are checked in place; the others are functions, shared by all who refer to them.
    inlineRefs: 10,
    // Only the source is wanted: the engine need not parse it, and what is of no use in it is dropped by toModule.
    code: {
      source: true,
      esm: true,
      lines: true,
      optimize: false,
      formats: _`formats`,
      process: () => 'return () => true;',
    },
  });
  return ajv.addKeyword(sharedCheckKeyword);
}

function compileBodies(schemas: readonly Prepared[], { isShared }: DefinitionImporter): Bodies {
  const ajv = emptyAjv();
  const typeNames: string[] = [];
  const ids: Record<string, string> = {};
  for (const { valueName, root } of schemas) {
    const schema = compilable(root);
    ajv.addSchema(splitLarge(hasUnevaluated(root) ? schema : withSharedChecks(schema, isShared, typeNames)), valueName);
    ids[valueName] = valueName;
  }
  const names = typeNames.map((typeName) => checkName(typeName).code);
  const module = toModule(standaloneCode.default(ajv, ids), names);
  return { ...module, calls: module.calls.map((name) => typeNames[names.indexOf(name)] as string) };
}
