import { memberName } from './print.js';
import type { Shape } from './shape.js';

/*
 * Most shapes leave nothing to judge: what stands in them is printed as it stands, in the form that
 * json-schema-to-typescript has, byte for byte, in a small part of its time. What needs more is left to the library:
 * intersections, and index signatures that must be wide enough for the properties beside them.
 */

/** Whether {@link printShape} may print a shape. */
export function isPlainShape(shape: Shape): boolean {
  if (shape['tsType'] !== undefined) return true;
  if (shape['allOf'] !== undefined) return false;
  if (shape['anyOf'] !== undefined) return (shape['anyOf'] as Shape[]).every(isPlainShape);
  if (shape['type'] === 'array') return isPlainShape(shape['items'] as Shape);
  if (shape['type'] !== 'object') return true;
  const { properties, additionalProperties: rest } = shape as unknown as ObjectShape;
  const own = Object.values(properties);
  return (rest === false || isPlainIndex(rest, own.length === 0)) && own.every(isPlainShape);
}

interface ObjectShape {
  readonly properties: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  readonly additionalProperties: Shape | false;
}

/** Whether the type of an index signature is what its shape says. */
function isPlainIndex(shape: Shape, isAlone: boolean): boolean {
  if (shape['tsType'] !== undefined)
    return shape['tsType'] === 'unknown' || (isAlone && /^\w+$/.test(String(shape['tsType'])));
  return isAlone && shape['anyOf'] === undefined && isPlainShape(shape);
}

/** The declaration of a type: an interface for an object, an alias for all else. */
export function printDeclaration(name: string, shape: Shape): string {
  const type = printShape(shape, 0);
  const head = printComment(shape, '');
  if (shape['type'] === 'object') return `${head}export interface ${name} ${type}`;
  return `${head}export type ${name} = ${withoutOuterParentheses(type)};`;
}

/** The type; its members have a line each, indented further than `indent`, or share one line where that is null. */
export function printShape(shape: Shape, indent: number | null): string {
  if (shape['tsType'] !== undefined) return String(shape['tsType']);
  if (shape['anyOf'] !== undefined) {
    const members = [...new Set((shape['anyOf'] as Shape[]).map((member) => printShape(member, indent)))];
    return members.length === 1 ? `${members[0]}` : `(${members.join(' | ')})`;
  }
  if (shape['type'] === 'array') return `${printShape(shape['items'] as Shape, indent)}[]`;
  if (shape['type'] === 'object') return printObject(shape as unknown as ObjectShape, indent);
  return shape['type'] === 'integer' ? 'number' : String(shape['type']);
}

function printObject({ properties, required, additionalProperties: rest }: ObjectShape, indent: number | null): string {
  const needed = new Set(required);
  const inner = indent === null ? null : indent + 2;
  const pad = ' '.repeat(inner ?? 0);
  const print = (name: string, shape: Shape): string => {
    const type = printShape(shape, inner);
    if (inner === null) return `${name}: ${type}`;
    return `${printComment(shape, pad)}${pad}${name}: ${withoutOuterParentheses(type)};`;
  };
  const members = Object.entries(properties).map(([name, shape]) =>
    print(`${memberName(name)}${needed.has(name) ? '' : '?'}`, shape),
  );
  if (rest !== false) members.push(print('[k: string]', rest));
  return indent === null ? `{ ${members.join('; ')} }` : `{\n${members.join('\n')}\n${' '.repeat(indent)}}`;
}

function printComment({ description }: Shape, pad: string): string {
  if (description === undefined) return '';
  const lines = String(description)
    .split('\n')
    .map((line) => `${pad} * ${line}`.trimEnd());
  return [`${pad}/**`, ...lines, `${pad} */\n`].join('\n');
}

/** A union that is all there is on a line needs no parentheses. */
function withoutOuterParentheses(type: string): string {
  if (!type.startsWith('(') || !type.endsWith(')') || type.includes('\n')) return type;
  const inner = type.slice(1, -1);
  return /[()]/.test(inner.replace(STRING_LITERAL, '')) ? type : inner;
}

export const STRING_LITERAL: RegExp = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g;
