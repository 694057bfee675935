import type { ErrorObject } from 'ajv';
import {
  type Draft,
  dialectOf,
  EXECUTABLE_KEYWORDS,
  FOREIGN_KEYWORDS,
  forEachSubschema,
  KEYWORDS,
  mapSubschemas,
  TYPES,
} from './dialect.js';
import type { SourceDocument } from './document.js';
import { isObject, type JsonObject, type Path, pathOfPointer, valueAt } from './json.js';
import { validatorOf } from './own-schemas.js';
import { slowPatternProblem } from './patterns/slow.js';
import type { Problem } from './problem.js';
import { nearest } from './spelling.js';

/**
 * Finds what keeps a JSON Schema of a contract from being compiled, references aside. `outer` is the dialect of what the
 * schema stands in, which holds unless it names its own.
 */
export function validateSchema(document: SourceDocument, path: Path, schema: unknown, outer: Draft): Problem[] {
  const named = isObject(schema) ? schema['$schema'] : undefined;
  const draft = named === undefined ? outer : dialectOf(named);
  if (draft === null) return [unknownDialect(document, path, schema)];
  const problems: Problem[] = [];
  inspect(schema, path, draft);
  problems.push(...metaSchemaProblems(document, path, schema, draft, problems));
  return problems;

  function inspect(subschema: unknown, at: Path, around: Draft): void {
    if (!isObject(subschema)) return;
    const own = dialectOf(subschema['$schema']);
    if (own === null) {
      problems.push(unknownDialect(document, at, subschema));
      return;
    }
    const current = subschema['$schema'] === undefined ? around : own;
    for (const keyword of Object.keys(subschema)) {
      const problem = keywordProblem(keyword, subschema, document, [...at, keyword], current);
      if (problem !== null) problems.push(problem);
    }
    forEachSubschema(subschema, (inner, inside) => inspect(inner, [...at, ...inside], current));
  }
}

function keywordProblem(
  keyword: string,
  schema: JsonObject,
  document: SourceDocument,
  path: Path,
  draft: Draft,
): Problem | null {
  const value = schema[keyword];
  const known = KEYWORDS.get(keyword);
  if (known?.refused !== undefined && known.drafts.includes(draft)) {
    return {
      code: 'unsupported-keyword',
      place: document.place(path, 'key'),
      message: `The keyword ${keyword} is not supported: ${known.refused}.`,
      fix: 'Rewrite the schema without it.',
    };
  }
  if (EXECUTABLE_KEYWORDS.has(keyword)) {
    return {
      code: 'executable-keyword',
      place: document.place(path, 'key'),
      message: `The keyword ${keyword} would be run or pasted as code, so no contract may hold it.`,
      fix: `Remove ${keyword}; x-ts-name names a type.`,
    };
  }
  if (keyword === 'type') return typeProblem(value, document, path);
  if (keyword === 'pattern' && typeof value === 'string') {
    return patternProblem(value, document, path, 'value', schema['maxLength']);
  }
  if (keyword === 'patternProperties' && isObject(value)) {
    for (const pattern of Object.keys(value)) {
      const problem = patternProblem(pattern, document, [...path, pattern], 'key', undefined);
      if (problem !== null) return problem;
    }
  }
  if (keyword === 'x-ts-name' && !(typeof value === 'string' && /^[A-Z][A-Za-z0-9_]*$/.test(value))) {
    return {
      code: 'bad-name',
      place: document.place(path),
      message: `${JSON.stringify(value)} cannot name a TypeScript type.`,
      expected: 'an upper-case letter, then letters, digits and _',
      fix: 'Choose a name that follows the rule.',
    };
  }
  if (known !== undefined || keyword.startsWith('x-') || FOREIGN_KEYWORDS.has(keyword)) return null;
  const meant = nearest(keyword, KEYWORDS.keys());
  if (meant === undefined) return null;
  return {
    code: 'misspelt-keyword',
    place: document.place(path, 'key'),
    message: `JSON Schema has no keyword "${keyword}".`,
    near: meant,
    fix: `Write "${meant}", or "x-${keyword}" if you mean an annotation of your own.`,
  };
}

function typeProblem(value: unknown, document: SourceDocument, path: Path): Problem | null {
  const names = Array.isArray(value) ? value : [value];
  const legal: ReadonlySet<unknown> = new Set(TYPES);
  const wrong = names.findIndex((name) => !legal.has(name));
  if (wrong === -1) return null;
  const name = names[wrong];
  return {
    code: 'unknown-type',
    place: document.place(Array.isArray(value) ? [...path, wrong] : path),
    message: `JSON Schema has no type ${JSON.stringify(name)}.`,
    expected: `one of ${TYPES.join(', ')}`,
    near: typeof name === 'string' ? (TYPE_NAMES_ELSEWHERE.get(name.toLowerCase()) ?? nearest(name, TYPES)) : undefined,
    fix: 'Write one of the seven types, or a list of them.',
  };
}

/** What other languages call the seven types. */
const TYPE_NAMES_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ...['str', 'text', 'char', 'date', 'datetime', 'uuid', 'uri', 'url'].map((name) => [name, 'string'] as const),
  ...['int', 'int32', 'int64', 'long', 'bigint', 'uint'].map((name) => [name, 'integer'] as const),
  ...['float', 'double', 'decimal'].map((name) => [name, 'number'] as const),
  ...['bool'].map((name) => [name, 'boolean'] as const),
  ...['map', 'dict', 'record', 'struct'].map((name) => [name, 'object'] as const),
  ...['list', 'tuple', 'set'].map((name) => [name, 'array'] as const),
  ...['none', 'nil', 'undefined'].map((name) => [name, 'null'] as const),
]);

function patternProblem(
  pattern: string,
  document: SourceDocument,
  path: Path,
  part: 'key' | 'value',
  maxLength: unknown,
): Problem | null {
  try {
    new RegExp(pattern, 'u');
    return slowPatternProblem(document, path, pattern, part, maxLength);
  } catch (error) {
    return {
      code: 'invalid-pattern',
      place: document.place(path, part),
      message: `This pattern does not compile with the u flag: ${error instanceof Error ? error.message : String(error)}.`,
      fix: 'Correct the regular expression; under the u flag a literal brace or bracket needs a backslash.',
    };
  }
}

function unknownDialect(document: SourceDocument, path: Path, schema: unknown): Problem {
  const uri = isObject(schema) ? schema['$schema'] : undefined;
  return {
    code: 'unknown-dialect',
    place: document.place([...path, '$schema']),
    message: `The dialect ${JSON.stringify(uri)} is not supported.`,
    expected: 'https://json-schema.org/draft/2020-12/schema or http://json-schema.org/draft-07/schema#',
    fix: 'Translate the schema to 2020-12, which needs no $schema here.',
  };
}

function metaSchemaProblems(
  document: SourceDocument,
  path: Path,
  schema: unknown,
  draft: Draft,
  known: readonly Problem[],
): Problem[] {
  if (validatorOf(draft)(schema)) return [];
  const validator = validatorOf(`${draft}-in-full`);
  const problems: Problem[] = [];
  const places = new Set(known.map(({ place }) => `${place.line}:${place.column}`));
  const note = (error: ErrorObject, owner: Path): void => {
    const at = [...owner, ...pathOfPointer(error.instancePath)];
    const place = document.place(at);
    const id = `${place.line}:${place.column}`;
    if (WRAPPERS.has(error.keyword) || places.has(id)) return;
    places.add(id);
    problems.push({
      code: 'invalid-schema',
      place,
      message: `"${String(at.at(-1))}" ${(error.message ?? 'is not legal').replace(',', ' or ')}${allowed(error)} in JSON Schema.`,
      fix: schemaFix(at, valueAt(document.value, at)),
    });
  };
  // Each schema by itself, without those in it: ajv copies all errors found before for each one that it finds.
  const inspect = (subschema: unknown, at: Path): void => {
    const alone = isObject(subschema) ? mapSubschemas(subschema, () => true) : subschema;
    if (!validator(alone)) for (const error of validator.errors ?? []) note(error, at);
    if (isObject(subschema)) forEachSubschema(subschema, (inner, inside) => inspect(inner, [...at, ...inside]));
  };
  inspect(schema, path);
  return problems;
}

/** What to write instead, for the mistakes that people make. */
function schemaFix(path: Path, value: unknown): string {
  const keyword = String(path.at(-1));
  const isType = typeof value === 'string' && TYPES.some((type) => type === value);
  if (isType) return `Write { type: ${value} } here.`;
  if (keyword === 'required' && typeof value === 'boolean') {
    return 'Put the name of the property into the list "required" of the object that has it.';
  }
  if (keyword === 'required' && typeof value === 'string') return `Write a list: [${value}].`;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) {
    return `Write ${value} without quotes.`;
  }
  return `Write a value that the keyword ${keyword} allows.`;
}

/** Keywords of a meta-schema whose errors only say that an inner one failed. */
const WRAPPERS: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'oneOf', 'if', '$ref', '$dynamicRef']);

function allowed(error: ErrorObject): string {
  const values: unknown = error.params['allowedValues'];
  return Array.isArray(values) ? ` (${values.map((value) => JSON.stringify(value)).join(', ')})` : '';
}
