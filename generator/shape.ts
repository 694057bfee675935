import { type JsonType, TYPES } from './dialect.js';
import { isObject } from './json.js';
import { type Schema, typeNameOf } from './model.js';
import { commentText, literal, memberName } from './print.js';

/** A schema in the reduced form that json-schema-to-typescript is given. */
export type Shape = Record<string, unknown>;

const UNKNOWN = 'unknown';

/** Reduces schemas. `textOf` prints a shape for a place that takes only text. */
export interface Shaper {
  /** `allowed` are the types that the schemas around this one leave possible, so that a branch need not repeat them. */
  shape(schema: Schema | boolean, allowed: readonly JsonType[]): Promise<Shape>;
}

/** `importType` is told of every definition whose type a shape names. */
export function createShaper(
  importType: (typeName: string) => void,
  textOf: (shape: Shape) => Promise<string>,
): Shaper {
  const shape = async (schema: Schema | boolean, allowed: readonly JsonType[]): Promise<Shape> => {
    if (typeof schema === 'boolean') return { tsType: schema ? UNKNOWN : 'never' };
    const types = typesOf(schema, allowed);
    const parts: Shape[] = [];
    if (schema['$ref'] !== undefined) {
      const name = typeNameOf(schema['$ref']);
      importType(name);
      parts.push({ tsType: name });
    }
    if (hasLiterals(schema)) parts.push(literalsShape(schema, types));
    else parts.push(await baseShape(schema, types));
    for (const member of schemasIn(schema['allOf'])) parts.push(await shape(member, types));
    for (const keyword of ['anyOf', 'oneOf']) {
      const members = schemasIn(schema[keyword]);
      if (members.length === 0) continue;
      const shapes: Shape[] = [];
      for (const member of members) shapes.push(await shape(member, types));
      parts.push(union(shapes));
    }
    return withComment(intersection(parts), schema);
  };

  const baseShape = async (schema: Schema, types: readonly JsonType[]): Promise<Shape> => {
    // Without a type and without a word on objects or arrays there is nothing that TypeScript could say.
    const says = (keywords: readonly string[]): boolean => keywords.some((keyword) => schema[keyword] !== undefined);
    if (!says(['type']) && !says(OBJECT_KEYWORDS) && !says(ARRAY_KEYWORDS)) return { tsType: UNKNOWN };
    const members: Shape[] = [];
    for (const type of types) {
      if (type === 'object') members.push(await objectShape(schema));
      else if (type === 'array') members.push(await arrayShape(schema));
      else if (type === 'integer') {
        if (!types.includes('number')) members.push({ type: 'integer' });
      } else members.push({ type });
    }
    return union(members);
  };

  const objectShape = async (schema: Schema): Promise<Shape> => {
    const properties = isObject(schema['properties']) ? schema['properties'] : {};
    const patterns = isObject(schema['patternProperties']) ? Object.values(schema['patternProperties']) : [];
    const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
    // unevaluatedProperties closes what is listed here; without a list, what others beside it evaluate is open.
    const isListed = Object.keys(properties).length > 0;
    const additional = schema['additionalProperties'] ?? !(isListed && schema['unevaluatedProperties'] === false);
    const shapes: Record<string, Shape> = {};
    for (const [name, property] of Object.entries(properties)) {
      const own = await shape(property as Schema | boolean, TYPES);
      define(shapes, name, required.includes(name) ? own : orInherited(name, own));
    }
    for (const name of required) {
      if (Object.hasOwn(properties, name)) continue;
      // A required name without a schema of its own has whatever additional or pattern properties may have.
      define(
        shapes,
        name,
        patterns.length > 0 ? { tsType: UNKNOWN } : await shape(additional as Schema | boolean, TYPES),
      );
    }
    const open: Shape[] = [];
    for (const pattern of patterns) open.push(await shape(pattern as Schema | boolean, TYPES));
    if (additional !== false) open.push(await shape(additional as Schema | boolean, TYPES));
    const isEmpty = Object.keys(shapes).length === 0;
    return {
      type: 'object',
      properties: shapes,
      required,
      // A closed object without properties must not become `{}`, which every string is.
      additionalProperties: open.length > 0 ? withoutComment(union(open)) : isEmpty ? { tsType: 'never' } : false,
    };
  };

  const arrayShape = async (schema: Schema): Promise<Shape> => {
    const rest = (schema['items'] ?? true) as Schema | boolean;
    const prefix = schemasIn(schema['prefixItems']);
    if (prefix.length === 0) return { type: 'array', items: withoutComment(await shape(rest, TYPES)) };
    const least = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
    const members: string[] = [];
    for (const [index, item] of prefix.entries()) {
      const text = await textOf(await shape(item, TYPES));
      members.push(`${asOperand(text)}${index < least ? '' : '?'}`);
    }
    if (rest !== false) members.push(`...${asOperand(await textOf(await shape(rest, TYPES)))}[]`);
    return { tsType: `[${members.join(', ')}]` };
  };

  return { shape };
}

/** The members that TypeScript takes every object to have. */
const INHERITED: ReadonlySet<string> = new Set([
  ...['constructor', 'toString', 'toLocaleString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'],
  'propertyIsEnumerable',
]);

/** To the compiler `{}` has a `toString`, so a property of that name which may be absent must allow for it. */
function orInherited(name: string, shape: Shape): Shape {
  if (!INHERITED.has(name)) return shape;
  const { description, ...own } = shape;
  const widened = union([own, { tsType: `Object['${name}']` }]);
  return description === undefined ? widened : { ...widened, description };
}

/** A type to which `?` or `[]` is added. */
function asOperand(text: string): string {
  return /^(?:[\w$]+|\([^()]*\))$/.test(text) ? text : `(${text})`;
}

const OBJECT_KEYWORDS = ['properties', 'patternProperties', 'additionalProperties', 'required'];
const ARRAY_KEYWORDS = ['items', 'prefixItems'];

function typesOf(schema: Schema, allowed: readonly JsonType[]): readonly JsonType[] {
  const own = schema['type'];
  if (own === undefined) return allowed;
  const names = (Array.isArray(own) ? own : [own]) as JsonType[];
  // An integer is a number: whichever side says integer says more.
  const both = names.flatMap((name): JsonType[] => {
    if (allowed.includes(name)) return [name];
    if (name === 'number' && allowed.includes('integer')) return ['integer'];
    if (name === 'integer' && allowed.includes('number')) return ['integer'];
    return [];
  });
  return [...new Set(both)];
}

function hasLiterals(schema: Schema): boolean {
  return Object.hasOwn(schema, 'const') || Array.isArray(schema['enum']);
}

/** The values that enum and const leave, as literal types. */
function literalsShape(schema: Schema, types: readonly JsonType[]): Shape {
  const values = Object.hasOwn(schema, 'const') ? [schema['const']] : (schema['enum'] as unknown[]);
  const possible = values.filter((value) => types.some((type) => isOfType(value, type)));
  if (possible.length === 0) return { tsType: 'never' };
  const texts = [...new Set(possible.map((value) => literalType(value)))];
  return { tsType: texts.length === 1 ? `${texts[0]}` : `(${texts.join(' | ')})` };
}

function literalType(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => literalType(item)).join(', ')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).map(([name, item]) => `${memberName(name)}: ${literalType(item)}`);
    return members.length === 0 ? '{ [k: string]: never }' : `{ ${members.join('; ')} }`;
  }
  return literal(value).code;
}

function isOfType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
    default:
      return type satisfies never;
  }
}

function union(shapes: readonly Shape[]): Shape {
  const members = shapes.filter((shape) => shape['tsType'] !== 'never');
  if (members.some((shape) => shape['tsType'] === UNKNOWN)) return { tsType: UNKNOWN };
  const [first] = members;
  if (first === undefined) return { tsType: 'never' };
  return members.length === 1 ? first : { anyOf: members };
}

function intersection(shapes: readonly Shape[]): Shape {
  if (shapes.some((shape) => shape['tsType'] === 'never')) return { tsType: 'never' };
  const members = shapes.filter((shape) => shape['tsType'] !== UNKNOWN).map((shape) => withoutComment(shape));
  const [first] = members;
  if (first === undefined) return { tsType: UNKNOWN };
  return members.length === 1 ? first : { allOf: members };
}

function schemasIn(value: unknown): (Schema | boolean)[] {
  return Array.isArray(value) ? (value as (Schema | boolean)[]) : [];
}

/** Sets an own property whatever its name is. */
function define(target: Record<string, Shape>, name: string, value: Shape): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

/** What the type cannot say, in words that editors show: keyword and JSDoc tag. */
const RULES = [
  ...['format', 'pattern', 'minLength', 'maxLength', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['multipleOf', 'minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties', 'default'],
];

function withComment(shape: Shape, schema: Schema): Shape {
  const lines: string[] = [];
  for (const keyword of ['title', 'description']) {
    const text = schema[keyword];
    if (typeof text === 'string' && text.trim() !== '') lines.push(commentText(text));
  }
  if (schema['type'] === 'integer') lines.push('An integer.');
  for (const keyword of RULES) {
    const value = schema[keyword];
    if (value === undefined) continue;
    lines.push(
      `@${keyword} ${commentText(typeof value === 'string' && keyword !== 'default' ? value : JSON.stringify(value))}`,
    );
  }
  const examples = schema['examples'];
  if (Array.isArray(examples)) lines.push(...examples.map((value) => `@example ${commentText(JSON.stringify(value))}`));
  if (schema['deprecated'] === true) lines.push('@deprecated');
  return lines.length === 0 ? withoutComment(shape) : { ...shape, description: lines.join('\n') };
}

function withoutComment({ description: _, ...shape }: Shape): Shape {
  return shape;
}
