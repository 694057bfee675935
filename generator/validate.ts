import type { ErrorObject } from 'ajv';
import type { SourceDocument } from './document.js';
import { isObject, type JsonObject, pathOfPointer } from './json.js';
import { type FileFormat, validatorOf } from './own-schemas.js';
import type { Problem } from './problem.js';
import { nearest } from './spelling.js';

/** Finds where a document departs from its format: keys, types, names. What the format cannot say is checked later. */
export function validateFormat(format: FileFormat, document: SourceDocument): Problem[] {
  const validator = validatorOf(format);
  if (validator(document.value)) return [];
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const misspelt = new Set<string>();
  // Keys that are too many come first, so that one with a typing mistake is not reported as missing as well.
  const errors = [...(validator.errors ?? [])].sort(
    (left, right) => Number(isMissing(left)) - Number(isMissing(right)),
  );
  for (const error of errors) {
    const problem = problemOf(error, document);
    if (problem === null || misspelt.has(`${error.instancePath} ${error.params['missingProperty']}`)) continue;
    if (problem.code === 'unknown-key') misspelt.add(`${error.instancePath} ${problem.near}`);
    // One value can break two rules of the format (a pattern and a length, say); the first sentence is enough. But a
    // mapping can lack several keys.
    const lacking = error.keyword === 'required' ? String(error.params['missingProperty']) : '';
    const id = `${problem.place.line}:${problem.place.column} ${lacking}`;
    if (!seen.has(id)) problems.push(problem);
    seen.add(id);
  }
  return problems;
}

function isMissing(error: ErrorObject): boolean {
  return error.keyword === 'required';
}

function problemOf(error: ErrorObject, document: SourceDocument): Problem | null {
  const path = pathOfPointer(error.instancePath);
  const place = document.place(path);
  const name = path.length === 0 ? 'The file' : pathText(path);
  const parent = error.parentSchema as JsonObject;
  const rule = typeof parent['description'] === 'string' ? parent['description'] : undefined;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty']);
      const legal = Object.keys(isObject(parent['properties']) ? parent['properties'] : {});
      return {
        code: 'unknown-key',
        place: document.place([...path, key], 'key'),
        message: `${name} may not have the key "${key}".`,
        expected: `one of ${legal.join(', ')}`,
        near: nearest(key, legal),
        fix: `Rename or remove "${key}".`,
      };
    }
    case 'required': {
      const key = String(error.params['missingProperty']);
      return {
        code: 'missing-key',
        place,
        message: `${name} is missing the key "${key}".`,
        fix: `Add ${describeKey(parent, key)}.`,
      };
    }
    case 'type':
      return {
        code: 'wrong-type',
        place,
        message: `${name} is ${describeValue(error.data)}, not ${withArticle(error.params['type'])}.`,
        fix: `Write ${withArticle(error.params['type'])} here.`,
      };
    case 'enum':
    case 'const': {
      const legal = (error.params['allowedValues'] ?? [error.params['allowedValue']]) as unknown[];
      return {
        code: 'wrong-value',
        place,
        message: `${name} cannot be ${describeValue(error.data)}.`,
        expected: legal.map((value) => JSON.stringify(value)).join(', '),
        near:
          typeof error.data === 'string'
            ? nearest(
                error.data,
                legal.filter((value) => typeof value === 'string'),
              )
            : undefined,
        fix: legal.length === 1 ? `Write ${JSON.stringify(legal[0])}.` : 'Write one of the expected values.',
      };
    }
    case 'pattern':
    case 'not':
      // What is no address of a broker is not quoted: there may be a password in it.
      if (isBrokerAddress(path)) {
        return {
          code: 'bad-name',
          place,
          message: `${name} is no address that this transport takes.`,
          ...(rule === undefined ? {} : { expected: rule }),
          fix: 'Write it in the expected form.',
        };
      }
      return {
        code: 'bad-name',
        place,
        message: `${name} cannot be ${describeValue(error.data)}.`,
        ...(rule === undefined ? {} : { expected: rule }),
        near: error.keyword === 'pattern' ? suggestName(path, error.data) : undefined,
        fix: 'Choose a name that follows the rule.',
      };
    case 'minItems':
      return { code: 'wrong-value', place, message: `${name} is empty.`, fix: 'Write at least one item.' };
    // These two only wrap errors that are reported by themselves.
    case 'if':
    case 'allOf':
      return null;
    default:
      return {
        code: 'wrong-value',
        place,
        message: `${name} ${error.message ?? 'is not legal'}.`,
        fix: 'Write a value within the limit.',
      };
  }
}

function isBrokerAddress(path: readonly string[]): boolean {
  const key = path.findLast((token) => !/^\d+$/.test(token));
  return path.includes('transports') && ['brokers', 'servers', 'url', 'endpoint'].includes(key ?? '');
}

/** `capabilities[0].name`. */
function pathText(path: readonly string[]): string {
  return path.map((token, index) => (/^\d+$/.test(token) ? `[${token}]` : index === 0 ? token : `.${token}`)).join('');
}

function describeKey(parent: JsonObject, key: string): string {
  const properties = parent['properties'];
  const property = isObject(properties) ? properties[key] : undefined;
  if (!isObject(property)) return `"${key}:"`;
  if (property['const'] !== undefined) return `"${key}: ${JSON.stringify(property['const'])}"`;
  const description = property['description'];
  return typeof description === 'string' ? `"${key}:" (${description.replace(/\.$/, '')})` : `"${key}:"`;
}

/** A name that follows the rule and is as near as can be to what was written. */
function suggestName(path: readonly string[], value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const last = path.at(-1);
  const words = value
    .replace(/^agent:\/*/i, '')
    .normalize('NFKD')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
  if (words.length === 0) return undefined;
  if (last === 'code')
    return words
      .join('_')
      .toUpperCase()
      .replace(/^EAGENTRPC_/, '')
      .replace(/^(?=\d)/, 'E');
  const slug = words.join('-').slice(0, 63).replace(/-$/, '');
  if (last === 'agent') return `agent://${slug}`;
  return path[0] === 'capabilities' && /^\d/.test(slug) ? undefined : slug;
}

function describeValue(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function withArticle(type: unknown): string {
  const names: Record<string, string> = {
    object: 'a mapping',
    array: 'a list',
    integer: 'a whole number',
    boolean: 'true or false',
  };
  const list = (Array.isArray(type) ? type : [type]).map((item: string) => names[item] ?? `a ${item}`);
  return list.join(' or ');
}
