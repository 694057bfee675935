import type { Options } from 'json-schema-to-typescript';
import { TYPES } from '../dialect.js';
import { isObject } from '../json.js';
import type { Schema } from '../model.js';
import { isPlainShape, printDeclaration, printShape, STRING_LITERAL } from '../plain-shape.js';
import { indentBlocks, memberName, type SourceFile, source } from '../print.js';
import { createShaper, type Shape } from '../shape.js';

/*
 * json-schema-to-typescript prints the types, from schemas in which nothing is left to its judgement: references,
 * literals, tuples and every combination are spelt out as `tsType`, which it prints as it stands. Where it would do no more
 * than that, `plain-shape.ts` prints the same without it.
 *
 * The rule: whatever the validator accepts, the type accepts. Where TypeScript cannot say a rule, the type is wider and
 * JSDoc says the rule.
 */

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
  const shape = await createShaper(importType, textOf).shape(schema, TYPES);
  const text = isPlainShape(shape) ? printDeclaration(typeName, shape) : await declarationByLibrary(typeName, shape);
  file.append(source(text));
}

/** The declaration of any shape. */
export async function declarationByLibrary(typeName: string, shape: Shape): Promise<string> {
  const masked = maskShape(shape);
  const printed = (await compileTypes(masked.shape, STAND_IN)).trim();
  // The library takes an underscore or an umlaut out of a name that others import.
  const named = printed.replace(new RegExp(`^(export (?:interface|type)) ${STAND_IN}\\b`, 'm'), `$1 ${typeName}`);
  return masked.unmask(finish(named));
}

const STAND_IN = 'Declared';

/** Many contracts do without the library, so it is loaded when it is needed. */
async function compileTypes(shape: Shape, name: string): Promise<string> {
  const { compile } = await import('json-schema-to-typescript');
  return compile(shape as object, name, OPTIONS);
}

/** What a shape prints as, on one line, for a place in which json-schema-to-typescript takes only text. */
async function textOf(shape: Shape): Promise<string> {
  return isPlainShape(shape) ? printShape(shape, null) : textByLibrary(shape);
}

/** The text of any shape. */
export async function textByLibrary(shape: Shape): Promise<string> {
  const masked = maskShape(withoutComments(shape));
  // As a property's type nothing is hoisted, neither to an interface nor to an alias.
  const wrapper = {
    type: 'object',
    properties: { value: masked.shape },
    required: ['value'],
    additionalProperties: false,
  };
  const printed = await compileTypes(wrapper, 'Wrapper');
  const body = printed.slice(printed.indexOf('value: ') + 'value: '.length, printed.lastIndexOf('}')).trim();
  const oneLine = body
    .replace(/([^{[(|])\n/g, '$1; ')
    .replace(/\n/g, ' ')
    .replace(/; }/g, ' }');
  return masked.unmask(oneLine);
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
function maskShape(shape: Shape): Masked {
  const everything = JSON.stringify(shape);
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
