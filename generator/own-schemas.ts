import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Ajv, CodeOptions, Options, ValidateFunction } from 'ajv';
import type { Ajv2020 } from 'ajv/dist/2020.js';
import type { Draft } from './dialect.js';
import { readyModule } from './ready.js';

/*
 * The schemas that this program brings along: of the files that a person writes, which editors use too, and of the dialects
 * of JSON Schema, which ajv has.
 */

/** ajv's optimizer takes longer than it saves on a check that runs a few times. */
const CODE: CodeOptions = { optimize: false };

/** A test holds our own schemas against the meta-schema, which takes longer than all the rest here. */
const OF_FILES: Options = { allErrors: true, verbose: true, strict: false, meta: false, validateSchema: false };
const OF_DIALECTS: Options = { strict: false, validateFormats: false, logger: false };

/** The file formats that a person writes, each with a JSON Schema of its own. */
export type FileFormat = 'capabilities' | 'rpc-peers' | 'agent' | 'accepted-changes';

/** A schema is held against its dialect up to the first error, or in full. */
export type OwnSchema = FileFormat | Draft | `${Draft}-in-full`;

/** By which options each is compiled, and the dialect that it defines. */
const OWN_SCHEMAS: Readonly<Record<OwnSchema, { readonly options: Options; readonly defines: Draft | null }>> = {
  capabilities: { options: OF_FILES, defines: null },
  'rpc-peers': { options: OF_FILES, defines: null },
  agent: { options: OF_FILES, defines: null },
  'accepted-changes': { options: OF_FILES, defines: null },
  '2020-12': { options: OF_DIALECTS, defines: '2020-12' },
  '2020-12-in-full': { options: { ...OF_DIALECTS, allErrors: true }, defines: '2020-12' },
  'draft-07': { options: OF_DIALECTS, defines: 'draft-07' },
  'draft-07-in-full': { options: { ...OF_DIALECTS, allErrors: true }, defines: 'draft-07' },
};

export const OWN_SCHEMA_NAMES: readonly OwnSchema[] = Object.keys(OWN_SCHEMAS) as OwnSchema[];

/** Named, not left to $schema: a dialect has more than one spelling, and ajv knows one. */
const META_SCHEMAS: Readonly<Record<Draft, string>> = {
  '2020-12': 'https://json-schema.org/draft/2020-12/schema',
  'draft-07': 'http://json-schema.org/draft-07/schema',
};

const require = createRequire(import.meta.url);
const validators = new Map<OwnSchema, ValidateFunction>();

/** What checks a value against one of the schemas. */
export function validatorOf(name: OwnSchema): ValidateFunction {
  const validator =
    validators.get(name) ??
    (readyModule(name, sourceOf(name)) as ValidateFunction | undefined) ??
    compileOwn(name).validator;
  validators.set(name, validator);
  return validator;
}

/** All that decides what the validator says. */
export function sourceOf(name: OwnSchema): string {
  const { version } = require('ajv/package.json') as { version: string };
  const { options, defines } = OWN_SCHEMAS[name];
  return JSON.stringify([version, CODE, options, defines ?? textOf(name)]);
}

/** Makes the validator, and says by which ajv. */
export function compileOwn(
  name: OwnSchema,
  code: CodeOptions = {},
): { ajv: Ajv | Ajv2020; validator: ValidateFunction } {
  const { options, defines } = OWN_SCHEMAS[name];
  const Compiler = compilerOf(defines);
  const ajv = new Compiler({ ...options, code: { ...CODE, ...code } });
  const validator = defines === null ? ajv.compile(JSON.parse(textOf(name))) : ajv.getSchema(META_SCHEMAS[defines]);
  if (validator === undefined) throw new Error(`ajv has no meta-schema of ${name}.`);
  return { ajv, validator };
}

/** Loaded only where no build has made the validator ready: it takes longer than most runs have to do. */
function compilerOf(draft: Draft | null): typeof Ajv | typeof Ajv2020 {
  return draft === 'draft-07'
    ? (require('ajv') as typeof import('ajv')).Ajv
    : (require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')).Ajv2020;
}

function textOf(name: OwnSchema): string {
  return readFileSync(require.resolve(`#schemas/${name}`), 'utf8');
}
