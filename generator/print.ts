import { escapeCharacter, escapeControls } from './escape.js';
import { hashOf } from './hash.js';
import { assertSafeOutput } from './output-guard.js';
import { fillTemplate } from './template.js';

/*
 * The only way into generated code. A template's hole takes no string, only Code, and Code comes from an encoder for the
 * place it will stand in. So nothing that a contract says can end a comment, a string or a statement.
 */

/** Text that is safe where its encoder says. */
export interface Code {
  readonly code: string;
}

/** What a template's holes are filled with. */
export interface View {
  readonly [hole: string]: Code | boolean | readonly View[];
}

/** The name of a variable, type or member, which must be an identifier. */
export function identifier(name: string): Code {
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
    throw new Error(`${JSON.stringify(name)} is no identifier; names.ts should have made one of it.`);
  }
  return { code: name };
}

/** A JSON value as an expression, over several lines where it is long; `indent` is how far the line is indented. */
export function literal(value: unknown, indent = 0): Code {
  return { code: literalText(value, indent) };
}

const LINE_WIDTH = 110;

function literalText(value: unknown, indent: number): string {
  const inline = inlineText(value, LINE_WIDTH - indent);
  if (inline !== null) return inline;
  const isArray = Array.isArray(value);
  const inner = ' '.repeat(indent + 2);
  const lines = entriesOf(value as object).map(([name, item]) => `${inner}${name}${literalText(item, indent + 2)},`);
  return [isArray ? '[' : '{', ...lines, ' '.repeat(indent) + (isArray ? ']' : '}')].join('\n');
}

/** A value on one line, or null where it is an object or array that takes more than `room` characters. */
function inlineText(value: unknown, room: number): string | null {
  if (value === undefined) return 'undefined';
  if (typeof value === 'string') return stringLiteral(value);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{ ', ' }'];
  const parts: string[] = [];
  let length = open.length + close.length;
  for (const [name, item] of entriesOf(value)) {
    const text = inlineText(item, room - length);
    if (text === null) return null;
    parts.push(name + text);
    length += name.length + text.length + 2;
    if (length - 2 > room) return null;
  }
  return parts.length === 0 ? open.trim() + close.trim() : open + parts.join(', ') + close;
}

function entriesOf(value: object): (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.map((item: unknown) => ['', item] as const);
  return Object.entries(value).map(([name, item]) => [`${keyText(name)}: `, item] as const);
}

/** A string literal in which every character stands for itself and none is invisible. */
function stringLiteral(text: string): string {
  // Most text has nothing to escape, which is quicker to see.
  if (/^[ !#-&(-[\]-~]*$/.test(text)) return `'${text}'`;
  const escaped = escapeHidden(JSON.stringify(text));
  const body = escaped.slice(1, -1);
  return body.includes("'") || body.includes('\\"') ? `"${body}"` : `'${body}'`;
}

/** A string literal with the characters escaped that JSON leaves: they can reorder or hide text. */
export function escapeHidden(literalText: string): string {
  // Most text is plain, which is quicker to see.
  if (/^[ -~]*$/.test(literalText)) return literalText;
  return literalText.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, escapeCharacter);
}

/** A property's name in an object literal or a type. */
export function key(name: string): Code {
  return { code: keyText(name) };
}

/** A member's name in a type; `__proto__` is a plain name there. */
export function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}

function keyText(name: string): string {
  // A plain __proto__ key in an object literal would set the prototype.
  if (name === '__proto__') return '["__proto__"]';
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : stringLiteral(name);
}

/** Lines of a block comment, each behind ` * ` at the given indentation. */
export function comment(text: string, indent = 0): Code {
  const lines = commentText(text).split('\n');
  return { code: lines.map((line) => `${' '.repeat(indent)} * ${line}`.trimEnd()).join('\n') };
}

/** Text that cannot end the line comment it stands in. */
export function lineText(text: string): string {
  return escapeHidden(text.replaceAll('\n', '\\n'));
}

/** Text that cannot end the comment it stands in. */
export function commentText(text: string): string {
  return escapeControls(text.replace(/\r\n?/g, '\n').trim()).replaceAll('*/', '*\\/');
}

/** Source that one of the code-making libraries wrote and that an emitter has checked. */
export function source(text: string): Code {
  return { code: text };
}

/** One file of generated code while it is being written. */
export interface SourceFile {
  /** Relative to its output folder, with `/`. */
  readonly path: string;
  /** Imports a value and returns its name. */
  value(name: string, from: string): Code;
  /** Imports a type and returns its name. */
  type(name: string, from: string): Code;
  /** Adds what the template makes of the view. */
  render(template: string, view: View): void;
  /** Adds source as it stands. */
  append(code: Code): void;
  /** What the text will be made from, as a hash: equal ones lead to equal texts. */
  key(): string;
  /**
   * The whole file: header, imports in code-point order, body. It has been looked through; `sample` is looked through in its
   * place where all the rest was before.
   */
  text(sample?: SourceFile): string;
}

export function createSourceFile(path: string, header: string): SourceFile {
  const values = new Map<string, Set<string>>();
  const types = new Map<string, Set<string>>();
  const parts: Part[] = [];
  const use = (table: Map<string, Set<string>>, name: string, from: string): Code => {
    const names = table.get(from) ?? new Set<string>();
    table.set(from, names.add(name));
    return identifier(name);
  };
  return {
    path,
    value: (name, from) => use(values, name, from),
    type: (name, from) => use(types, name, from),
    render: (template, view) => parts.push({ template, view }),
    append: (code) => parts.push(code),
    key: () => hashOf(JSON.stringify([path, header, importsOf(values), importsOf(types), parts])),
    text: (sample) => {
      const body = parts.map((part) =>
        'template' in part ? fillTemplate(part.template, plain(part.view)) : part.code,
      );
      const text = withImports(header, body, values, types);
      // What has no header is a start for a file of the user's, who may import what they like.
      if (header === '') return text;
      if (sample !== undefined) {
        sample.text();
        return text;
      }
      const used = assertSafeOutput(path, text);
      // A type that can hold nothing, or a check that nothing can fail, leaves what it refers to without a use.
      const isDropped = [values, types].map((table) => dropUnused(table, used)).includes(true);
      return isDropped ? withImports(header, body, values, types) : text;
    },
  };
}

/** Templates are filled only when the text is asked for. */
type Part = Code | { readonly template: string; readonly view: View };

type ImportTable = Map<string, Set<string>>;

function importsOf(table: ImportTable): readonly (readonly [from: string, ...names: string[]])[] {
  return [...table].map(([from, names]) => [from, ...names]);
}

function withImports(header: string, body: readonly string[], values: ImportTable, types: ImportTable): string {
  // Their own order is that of byCodePoint(), without a call for each of some thousand pairs.
  const lines = [...new Set([...values.keys(), ...types.keys()])]
    .sort()
    .flatMap((from) => [
      ...importLine('import', values.get(from), from),
      ...importLine('import type', types.get(from), from),
    ]);
  const imports = lines.length === 0 ? [] : [lines.join('\n')];
  const parts = [header, ...imports, ...body].map((part) => part.trim());
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Whether an import was dropped. */
function dropUnused(table: ImportTable, used: ReadonlySet<string>): boolean {
  let isDropped = false;
  for (const [from, names] of table) {
    for (const name of names) if (!used.has(name)) isDropped = names.delete(name);
    if (names.size === 0) table.delete(from);
  }
  return isDropped;
}

function importLine(keyword: string, names: ReadonlySet<string> | undefined, from: string): string[] {
  if (names === undefined) return [];
  return [`${keyword} { ${[...names].sort().join(', ')} } from ${stringLiteral(from)};`];
}

function plain(view: View): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(view).map(([hole, value]) => {
      if (typeof value === 'boolean') return [hole, value];
      if ('code' in value) return [hole, (value as Code).code];
      return [hole, (value as readonly View[]).map((item) => plain(item))];
    }),
  );
}

/** Indents lines by the braces they open and close. The text must open and close them at line ends and starts only. */
export function indentBlocks(text: string): string {
  let depth = 0;
  let isComment = false;
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    if (trimmed.startsWith('/**')) isComment = true;
    if (isComment) {
      if (trimmed.endsWith('*/')) isComment = false;
      return ' '.repeat(depth * 2) + (trimmed.startsWith('*') ? ` ${trimmed}` : trimmed);
    }
    if (trimmed === '') return '';
    if ('}])'.includes(trimmed.charAt(0))) depth--;
    const indented = ' '.repeat(Math.max(0, depth) * 2) + trimmed;
    if ('{[('.includes(trimmed.charAt(trimmed.length - 1))) depth++;
    return indented;
  });
  return lines.join('\n');
}
