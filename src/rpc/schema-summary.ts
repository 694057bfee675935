import { isJsonObject } from '../agent/json.js';

/** How deep a summary goes; below that there is only what kind of thing it is. */
const DEPTH = 2;
const MOST_PROPERTIES = 8;
const MOST_VALUES = 5;

/** A schema in a few words: `{ prUrl: string, depth?: integer }`. It says what is expected, and not every rule. */
export function summarizeSchema(schema: unknown, depth: number = DEPTH): string {
  if (schema === true || !isJsonObject(schema)) return schema === false ? 'nothing' : 'anything';
  if ('const' in schema) return JSON.stringify(schema['const']);
  const values = schema['enum'];
  if (Array.isArray(values)) return listOf(values.map((value) => JSON.stringify(value)));
  const reference = schema['$ref'];
  if (typeof reference === 'string') return reference.split('/').at(-1) ?? reference;
  for (const keyword of ['oneOf', 'anyOf']) {
    const branches = schema[keyword];
    if (Array.isArray(branches)) return listOf(branches.map((branch) => summarizeSchema(branch, depth - 1)));
  }
  const { type } = schema;
  if (Array.isArray(type)) return listOf(type.map(String));
  if (type === 'array' || (type === undefined && 'items' in schema)) return arrayText(schema, depth);
  if (type === 'object' || 'properties' in schema) return objectText(schema, depth);
  return typeof type === 'string' ? type : 'anything';
}

function listOf(words: readonly string[]): string {
  const shown = words.slice(0, MOST_VALUES).join(' | ');
  return words.length > MOST_VALUES ? `${shown} | …` : shown;
}

function arrayText({ items }: { readonly items?: unknown }, depth: number): string {
  if (items === undefined || depth <= 0) return 'array';
  const item = summarizeSchema(items, depth - 1);
  return item.includes(' ') && !item.startsWith('{') ? `(${item})[]` : `${item}[]`;
}

function objectText(schema: Readonly<Record<string, unknown>>, depth: number): string {
  const { properties, required } = schema;
  if (!isJsonObject(properties) || depth <= 0) return 'object';
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries(properties).map(
    ([name, value]) => `${name}${needed.has(name) ? '' : '?'}: ${summarizeSchema(value, depth - 1)}`,
  );
  if (members.length === 0) return '{}';
  const shown = members.slice(0, MOST_PROPERTIES);
  return `{ ${[...shown, ...(members.length > MOST_PROPERTIES ? ['…'] : [])].join(', ')} }`;
}
