import { compile as compileTypes, type Options } from 'json-schema-to-typescript';
import { isObject, type JsonType, TYPES } from '../dialect.js';
import { type DefinitionModel, type Schema, typeNameOf } from '../model.js';
import { commentText, indentBlocks, literal, type SourceFile, source } from '../print.js';

/*
 * json-schema-to-typescript prints the types, from schemas in which nothing is left to its judgement: references,
 * literals, tuples and every combination are spelt out as `tsType`, which it prints as it stands.
 *
 * The rule: whatever the validator accepts, the type accepts. Where TypeScript cannot say a rule, the type is wider and
 * JSDoc says the rule.
 */

/** A schema in the reduced form that json-schema-to-typescript is given. */
type Shape = Record<string, unknown>;

const UNKNOWN = 'unknown';

const OPTIONS: Partial<Options> = {
  bannerComment: '',
  format: false,
  additionalProperties: true,
  ignoreMinAndMaxItems: true,
  unknownAny: true,
  // References are resolved long before; nothing here may read a file or the network.
  $refOptions: { resolve: { external: false, file: false, http: false } },
};

/** Adds the exported type of one schema. `importType` makes a definition's type usable in the file and names it. */
export async function emitType(
  typeName: string,
  schema: Schema | boolean,
  file: SourceFile,
  importType: (definitionTypeName: string) => void,
): Promise<void> {
  const shape = await createShaper(importType).shape(schema, TYPES);
  const masked = mask(shape, typeName);
  const printed = (await compileTypes(masked.shape as object, typeName, OPTIONS)).trim();
  file.append(source(masked.unmask(finish(printed))));
}

/** Makes the import function for the types of one contract's definitions, as seen from one module. */
export function definitionImporter(
  definitions: Iterable<DefinitionModel>,
  module: string,
  file: SourceFile,
): (typeName: string) => void {
  const byName = new Map([...definitions].map((definition) => [definition.typeName, definition] as const));
  return (typeName) => {
    const definition = byName.get(typeName);
    if (definition === undefined || definition.module === module) return;
    const path = definition.module.split('/').at(-1) ?? '';
    const sameFolder = definition.module.split('/')[0] === module.split('/')[0];
    file.type(typeName, sameFolder ? `./${path}.gen.js` : `../${definition.module}.gen.js`);
  };
}

interface Shaper {
  shape(schema: Schema | boolean, allowed: readonly JsonType[]): Promise<Shape>;
}

function createShaper(importType: (typeName: string) => void): Shaper {
  /** `allowed` are the types that the schemas around this one leave possible, so that a branch need not repeat them. */
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
      define(shapes, name, await shape(property as Schema | boolean, TYPES));
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

/** A type to which `?` or `[]` is added. */
function asOperand(text: string): string {
  return /^(?:[\w$]+|\([^()]*\))$/.test(text) ? text : `(${text})`;
}

/** What a shape prints as, on one line, for a place in which json-schema-to-typescript takes only text. */
async function textOf(shape: Shape): Promise<string> {
  const masked = mask(withoutComments(shape), '');
  // As a property's type nothing is hoisted, neither to an interface nor to an alias.
  const wrapper = {
    type: 'object',
    properties: { value: masked.shape },
    required: ['value'],
    additionalProperties: false,
  };
  const printed = await compileTypes(wrapper as object, 'Wrapper', OPTIONS);
  const body = printed.slice(printed.indexOf('value: ') + 'value: '.length, printed.lastIndexOf('}')).trim();
  const oneLine = body
    .replace(/([^{[(|])\n/g, '$1; ')
    .replace(/\n/g, ' ')
    .replace(/; }/g, ' }');
  return masked.unmask(oneLine);
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

/** A shape for a place where comments cannot stand. */
function withoutComments(value: Shape): Shape {
  const strip = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map((item) => strip(item));
    if (!isObject(node)) return node;
    const { description: _, ...shape } = node;
    const entries = Object.entries(shape).map(([name, item]): [string, unknown] => {
      if (name !== 'properties' || !isObject(item)) return [name, strip(item)];
      return [name, Object.fromEntries(Object.entries(item).map(([key, property]) => [key, strip(property)]))];
    });
    return Object.fromEntries(entries);
  };
  return strip(value) as Shape;
}

/** A shape in which what the contract says by letter is out of reach, and the way back. */
interface Masked {
  readonly shape: Shape;
  unmask(text: string): string;
}

/**
 * Puts placeholders for string literals and for property names that are not plain words. The library takes
 * `hasOwnProperty` for a method and prints names without escaping what hides or reorders text; and what edits its output
 * must not meet a brace or a parenthesis that stands in a string. No placeholder occurs in the shape itself.
 */
function mask(shape: Shape, typeName: string): Masked {
  const everything = JSON.stringify(shape) + typeName;
  let word = 'masked';
  while (everything.includes(word)) word += '_';
  const indexes = new Map<string, number>();
  const placeholder = (code: string): string => {
    const index = indexes.get(code) ?? indexes.size;
    indexes.set(code, index);
    return `${word}${index}_`;
  };
  const maskName = (name: string): string =>
    /^[A-Za-z_$][\w$]*$/.test(name) && !(name in Object.prototype) ? name : placeholder(memberName(name));
  const walk = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map((item) => walk(item));
    if (!isObject(node)) return node;
    return Object.fromEntries(
      Object.entries(node).map(([keyword, value]): [string, unknown] => {
        if (keyword === 'properties' && isObject(value)) {
          return [
            keyword,
            Object.fromEntries(Object.entries(value).map(([name, item]) => [maskName(name), walk(item)])),
          ];
        }
        if (keyword === 'required' && Array.isArray(value))
          return [keyword, value.map((name) => maskName(String(name)))];
        if (keyword === 'tsType' && typeof value === 'string')
          return [keyword, value.replace(STRING_LITERAL, placeholder)];
        return [keyword, walk(value)];
      }),
    );
  };
  const masked = walk(shape) as Shape;
  const codes = [...indexes.keys()];
  return {
    shape: masked,
    unmask: (text) => text.replace(new RegExp(`${word}(\\d+)_`, 'g'), (_, index: string) => codes[Number(index)] ?? ''),
  };
}

const STRING_LITERAL = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;

/** A member's name in a type; `__proto__` is a plain name there. */
function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name).code;
}

/** The library puts every union in parentheses, which say nothing where the union is all there is. */
function withoutOuterParentheses(line: string): string {
  return line.replace(/^(.*?(?:: | = ))\(([^()]*)\)$/, '$1$2');
}

/** Indents, and ends each member with a semicolon. */
function finish(printed: string): string {
  let isComment = false;
  const lines = indentBlocks(printed)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const trimmed = line.trim();
      if (trimmed.startsWith('/**')) isComment = true;
      const ends = isComment || trimmed.endsWith('{') || line === '}';
      if (trimmed.endsWith('*/')) isComment = false;
      return ends ? line : `${withoutOuterParentheses(line)};`;
    });
  return lines.join('\n');
}
