import { isJsonObject, type JsonObject } from './json.js';

/**
 * Finds the required members of an object in a line of text: JSON as it stands, addresses, quoted text, numbers, words that
 * the schema names. Each part of the line is used once, in the order of the schema. Undefined where something is missing.
 */
export function fillInput(schema: JsonObject, line: string): Record<string, unknown> | undefined {
  const written = findJson(line);
  if (written !== undefined) return written;
  const { required } = schema;
  if (!Array.isArray(required) || required.length === 0) return undefined;
  const parts = splitLine(line);
  const input: Record<string, unknown> = {};
  for (const name of required) {
    if (typeof name !== 'string') return undefined;
    const value = fillMember(memberOf(schema, name), parts);
    if (value === undefined) return undefined;
    input[name] = value;
  }
  return input;
}

/** What is left of a line. */
interface Parts {
  readonly urls: string[];
  readonly quoted: string[];
  readonly numbers: number[];
  readonly words: string[];
}

const URL_IN_TEXT = /\bhttps?:\/\/[^\s"'<>`]+/gi;
const QUOTED = /"([^"]+)"|“([^”]+)”|`([^`]+)`|(?<!\w)'([^']+)'(?!\w)/g;
const NUMBER = /(?<![\w.])-?\d+(?:\.\d+)?(?![\w.]*\w)/g;

function splitLine(line: string): Parts {
  const urls = [...line.matchAll(URL_IN_TEXT)].map(([url]) => url.replace(/[.,;:!?)\]}]+$/, ''));
  const withoutUrls = line.replace(URL_IN_TEXT, ' ');
  const quoted = [...withoutUrls.matchAll(QUOTED)].flatMap((match) =>
    match.slice(1).filter((text) => text !== undefined),
  );
  const rest = withoutUrls.replace(QUOTED, ' ');
  const numbers = [...rest.matchAll(NUMBER)].map(([number]) => Number(number));
  return { urls, quoted, numbers, words: rest.match(/[\p{L}\p{N}_-]+/gu) ?? [] };
}

function findJson(line: string): Record<string, unknown> | undefined {
  const start = line.indexOf('{');
  const end = line.lastIndexOf('}');
  if (start < 0 || end < start) return undefined;
  try {
    const value: unknown = JSON.parse(line.slice(start, end + 1));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function memberOf({ properties }: JsonObject, name: string): JsonObject {
  const member: unknown = isJsonObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  return isJsonObject(member) ? member : {};
}

function fillMember(schema: JsonObject, parts: Parts): unknown {
  const { enum: values, const: only, type } = schema;
  if ('const' in schema) return only;
  if (Array.isArray(values)) {
    return values.find((value) => parts.words.some((word) => word.toLowerCase() === String(value).toLowerCase()));
  }
  if (type === 'number' || type === 'integer') {
    const index = parts.numbers.findIndex((number) => type === 'number' || Number.isInteger(number));
    return index < 0 ? undefined : parts.numbers.splice(index, 1)[0];
  }
  if (type !== undefined && type !== 'string') return undefined;
  if (schema['format'] === 'uri') return parts.urls.shift();
  return parts.urls.shift() ?? parts.quoted.shift();
}
