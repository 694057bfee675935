import { isJsonObject, type JsonObject } from './json.js';

const MAX_DEPTH = 20;

/** A small value of a schema, in which free texts are `text`. It is a guess: the caller holds the schema against it. */
export function smallestValue(schema: unknown, text: string, root: unknown = schema, depth = 0): unknown {
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return null;
  const inner = (member: unknown): unknown => smallestValue(member, text, root, depth + 1);
  const { $ref, enum: values, const: only, type, anyOf, oneOf, allOf, default: usual } = schema;
  if ('const' in schema) return only;
  if ('default' in schema) return usual;
  if (Array.isArray(values)) return values[0];
  if (typeof $ref === 'string') return inner(targetOf($ref, root));
  for (const list of [anyOf, oneOf, allOf]) if (Array.isArray(list) && type === undefined) return inner(list[0]);
  switch (Array.isArray(type) ? type[0] : type) {
    case 'object':
      return objectOf(schema, inner);
    case 'array':
      return Array.from({ length: countOf(schema['minItems']) }, () => inner(schema['items']));
    case 'string':
      return stringOf(schema, text);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return false;
    case 'null':
      return null;
    default:
      return isJsonObject(schema['properties']) ? objectOf(schema, inner) : text;
  }
}

function objectOf({ properties, required }: JsonObject, inner: (member: unknown) => unknown): Record<string, unknown> {
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  const members = isJsonObject(properties) ? properties : {};
  return Object.fromEntries(names.map((name) => [name, inner(Object.hasOwn(members, name) ? members[name] : {})]));
}

function stringOf({ minLength, maxLength }: JsonObject, text: string): string {
  const padded = text.padEnd(countOf(minLength), '.');
  return typeof maxLength === 'number' ? padded.slice(0, maxLength) : padded;
}

function numberOf({ minimum, exclusiveMinimum, maximum }: JsonObject): number {
  if (typeof minimum === 'number') return minimum;
  if (typeof exclusiveMinimum === 'number') return Math.floor(exclusiveMinimum) + 1;
  return typeof maximum === 'number' ? Math.min(0, maximum) : 0;
}

const MAX_COUNT = 1_000;

function countOf(value: unknown): number {
  return typeof value === 'number' ? Math.min(value, MAX_COUNT) : 0;
}

function targetOf(reference: string, root: unknown): unknown {
  const name = /^#\/\$defs\/(.+)$/.exec(reference)?.[1];
  const definitions = isJsonObject(root) ? root['$defs'] : undefined;
  if (name === undefined || !isJsonObject(definitions)) return undefined;
  const decoded = decodeURIComponent(name);
  return Object.hasOwn(definitions, decoded) ? definitions[decoded] : undefined;
}
