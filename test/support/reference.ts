import { formats } from '../../runtime/formats.js';

/*
 * JSON Schema 2020-12 from the letter of the standard, slow and simple: the oracle that generated validators are held
 * against. It shares nothing with the generator, and with the runtime only what a format is. References lead to `#`, to a
 * pointer or to an anchor of the same schema.
 */

type JsonObject = Readonly<Record<string, unknown>>;

/** What a valid schema has looked at: the annotations that unevaluated* go by. */
interface Seen {
  readonly names: Set<string>;
  readonly indexes: Set<number>;
}

/** Null where the value is refused. */
type Evaluation = Seen | null;

/** What one keyword of a schema may look at. */
interface Place {
  readonly schema: JsonObject;
  readonly value: unknown;
  readonly seen: Seen;
  evaluate(schema: unknown, value: unknown): Evaluation;
}

/** Whether a schema accepts a value. */
export function accepts(root: unknown, value: unknown): boolean {
  const evaluate = (schema: unknown, at: unknown): Evaluation => {
    const seen: Seen = { names: new Set(), indexes: new Set() };
    if (!isObject(schema)) return schema === false ? null : seen;
    const place: Place = { schema, value: at, seen, evaluate };
    const target = schema['$ref'];
    if (typeof target === 'string' && !merge(seen, evaluate(resolve(root, target), at))) return null;
    const isRight = checkValue(place) && checkInPlace(place) && checkObject(place) && checkArray(place);
    // The last to run, since they go by what all others have looked at.
    return isRight && checkUnevaluated(place) ? seen : null;
  };
  return evaluate(root, value) !== null;
}

function merge(seen: Seen, more: Evaluation): boolean {
  for (const name of more?.names ?? []) seen.names.add(name);
  for (const index of more?.indexes ?? []) seen.indexes.add(index);
  return more !== null;
}

/** Sections 6.1 to 6.3 of the validation vocabulary, and formats. */
function checkValue({ schema, value }: Place): boolean {
  const types = schema['type'] === undefined ? [] : [schema['type']].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) return false;
  if (Object.hasOwn(schema, 'const') && !isSame(value, schema['const'])) return false;
  if (Array.isArray(schema['enum']) && !schema['enum'].some((item) => isSame(value, item))) return false;
  if (typeof value === 'number') return checkNumber(schema, value);
  if (typeof value !== 'string') return true;
  const pattern = schema['pattern'];
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) return false;
  const format = formatOf(schema);
  if (typeof format === 'function' && !format(value)) return false;
  return isWithin(schema, 'Length', [...value].length);
}

function checkNumber(schema: JsonObject, value: number): boolean {
  const bound = (keyword: string, holds: (limit: number) => boolean): boolean =>
    typeof schema[keyword] !== 'number' || holds(schema[keyword]);
  const format = formatOf(schema);
  return (
    bound('minimum', (limit) => value >= limit) &&
    bound('maximum', (limit) => value <= limit) &&
    bound('exclusiveMinimum', (limit) => value > limit) &&
    bound('exclusiveMaximum', (limit) => value < limit) &&
    bound('multipleOf', (divisor) => isMultiple(value, divisor)) &&
    (typeof format !== 'object' || format.validate(value))
  );
}

function formatOf(schema: JsonObject) {
  const name = schema['format'];
  return typeof name === 'string' && Object.hasOwn(formats, name) ? formats[name as keyof typeof formats] : undefined;
}

/** In decimal digits, as both numbers are written. */
function isMultiple(value: number, divisor: number): boolean {
  const [left, leftScale] = decimal(value);
  const [right, rightScale] = decimal(divisor);
  const scale = Math.max(leftScale, rightScale);
  return (left * 10n ** BigInt(scale - leftScale)) % (right * 10n ** BigInt(scale - rightScale)) === 0n;
}

/** A number as an integer and how many of its digits stand behind the point. */
function decimal(value: number): [digits: bigint, scale: number] {
  const [mantissa = '', exponent = '0'] = value.toString().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale >= 0 ? [digits, scale] : [digits * 10n ** BigInt(-scale), 0];
}

/** Section 10.2: schemas of the same value. */
function checkInPlace({ schema, value, seen, evaluate }: Place): boolean {
  const run = (keyword: string): Evaluation[] => listOf(schema[keyword]).map((member) => evaluate(member, value));
  if (run('allOf').some((result) => !merge(seen, result))) return false;
  const any = run('anyOf').filter((result) => merge(seen, result));
  const one = run('oneOf').filter((result) => merge(seen, result));
  if (schema['anyOf'] !== undefined && any.length === 0) return false;
  if (schema['oneOf'] !== undefined && one.length !== 1) return false;
  if (schema['not'] !== undefined && evaluate(schema['not'], value) !== null) return false;
  if (schema['if'] !== undefined) {
    const branch = merge(seen, evaluate(schema['if'], value)) ? schema['then'] : schema['else'];
    if (branch !== undefined && !merge(seen, evaluate(branch, value))) return false;
  }
  if (!isObject(value)) return true;
  return entriesOf(schema['dependentSchemas']).every(
    ([name, dependent]) => !Object.hasOwn(value, name) || merge(seen, evaluate(dependent, value)),
  );
}

/** Section 6.5 of the validation vocabulary and section 10.3.2 of the core. */
function checkObject({ schema, value, seen, evaluate }: Place): boolean {
  if (!isObject(value)) return true;
  const names = Object.keys(value);
  if (!isWithin(schema, 'Properties', names.length)) return false;
  const has = (name: unknown): boolean => Object.hasOwn(value, String(name));
  if (!listOf(schema['required']).every(has)) return false;
  const dependent = entriesOf(schema['dependentRequired']);
  if (!dependent.every(([name, others]) => !has(name) || listOf(others).every(has))) return false;
  return names.every((name) => {
    if (schema['propertyNames'] !== undefined && evaluate(schema['propertyNames'], name) === null) return false;
    const own = [
      ...entriesOf(schema['properties']).filter(([key]) => key === name),
      ...entriesOf(schema['patternProperties']).filter(([pattern]) => new RegExp(pattern, 'u').test(name)),
    ].map(([, inner]) => inner);
    const more = schema['additionalProperties'];
    const schemas = own.length > 0 || more === undefined ? own : [more];
    if (schemas.length > 0) seen.names.add(name);
    return schemas.every((inner) => evaluate(inner, value[name]) !== null);
  });
}

/** Section 6.4 of the validation vocabulary and section 10.3.1 of the core. */
function checkArray({ schema, value, seen, evaluate }: Place): boolean {
  if (!Array.isArray(value)) return true;
  if (!isWithin(schema, 'Items', value.length)) return false;
  const isRepeated = value.some((item, index) => value.slice(0, index).some((other) => isSame(item, other)));
  if (schema['uniqueItems'] === true && isRepeated) return false;
  const prefix = listOf(schema['prefixItems']);
  const isRight = value.every((item: unknown, index) => {
    const inner = index < prefix.length ? prefix[index] : schema['items'];
    if (inner === undefined) return true;
    seen.indexes.add(index);
    return evaluate(inner, item) !== null;
  });
  if (!isRight) return false;
  if (schema['contains'] === undefined) return true;
  const matching = [...value.keys()].filter((index) => evaluate(schema['contains'], value[index]) !== null);
  for (const index of matching) seen.indexes.add(index);
  const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = schema;
  return matching.length >= Number(minContains) && matching.length <= Number(maxContains);
}

/** Section 11 of the core. */
function checkUnevaluated({ schema, value, seen, evaluate }: Place): boolean {
  const { unevaluatedProperties, unevaluatedItems } = schema;
  if (isObject(value) && unevaluatedProperties !== undefined) {
    const left = Object.keys(value).filter((name) => !seen.names.has(name));
    if (left.some((name) => evaluate(unevaluatedProperties, value[name]) === null)) return false;
    for (const name of left) seen.names.add(name);
  }
  if (Array.isArray(value) && unevaluatedItems !== undefined) {
    const left = [...value.keys()].filter((index) => !seen.indexes.has(index));
    if (left.some((index) => evaluate(unevaluatedItems, value[index]) === null)) return false;
    for (const index of left) seen.indexes.add(index);
  }
  return true;
}

function isWithin(schema: JsonObject, what: string, count: number): boolean {
  const { [`min${what}`]: least = 0, [`max${what}`]: most = Number.POSITIVE_INFINITY } = schema;
  return count >= Number(least) && count <= Number(most);
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

/** By a form that is the same for all that JSON Schema calls equal. */
function isSame(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

function resolve(root: unknown, reference: string): unknown {
  const fragment = decodeURIComponent(reference.slice(1));
  if (fragment !== '' && !fragment.startsWith('/')) return findAnchor(root, fragment);
  const tokens = fragment.split('/').slice(1);
  return tokens.reduce<unknown>((at, token) => {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) throw new Error(`${reference} is nowhere.`);
    return (at as JsonObject)[name];
  }, root);
}

function findAnchor(value: unknown, anchor: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if ((value as JsonObject)['$anchor'] === anchor) return value;
  return Object.values(value).reduce<unknown>((found, inner) => found ?? findAnchor(inner, anchor), undefined);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}
