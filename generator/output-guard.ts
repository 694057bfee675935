import path from 'node:path';
import { escapeCharacter } from './escape.js';
import { createScanner, ScanError, type TokenKind } from './tokens.js';

/** Thrown where generated code holds what no template and no library of ours may write: a bug of declaragent. */
export class UnsafeOutputError extends Error {
  override readonly name = 'UnsafeOutputError';

  constructor(file: string, line: number, objection: string) {
    super(`The code made for ${file} is not what codegen may write (line ${line}: ${objection}) Nothing was written.`);
  }
}

/** What a statement at the top of a module may begin with: none of these does anything but declare. */
const STATEMENTS: ReadonlySet<string> = new Set(['import', 'export', 'interface', 'type', 'const', 'function']);
const EXPORTED: ReadonlySet<string> = new Set(['interface', 'type', 'const', 'function', '*', '{']);

/** Words of the language. */
const LANGUAGE: ReadonlySet<string> = new Set(
  `any as asserts async await boolean break case const continue default do else export extends false for from function if
  import in infer instanceof interface is keyof let never new null number object of readonly return satisfies string switch
  symbol true type typeof undefined unknown var void while`.split(/\s+/),
);

/** The globals that generated code may use: what computes, and nothing that acts. */
const GLOBALS: ReadonlySet<string> = new Set([
  ...['Array', 'Boolean', 'JSON', 'Math', 'NaN', 'Infinity', 'Number', 'Object', 'RegExp', 'Set', 'Map', 'String'],
  ...['isFinite', 'isNaN', 'Error', 'Promise', 'Record', 'Readonly', 'ReadonlyArray', 'Partial', 'Extract', 'Exclude'],
]);

/** Parameters of the functions in templates and in ajv's output. */
const PARAMETERS: ReadonlySet<string> = new Set('data _data instancePath input ctx bus options skills'.split(' '));

/** Members that lead from any value to code, if one goes on from them. */
const LEADS_TO_CODE: ReadonlySet<string> = new Set(['constructor', '__proto__', 'prototype', 'caller', 'callee']);

const RUNTIME = '@declaragent/runtime';
/** What validators stand on. */
const VALIDATION: ReadonlySet<string> = new Set([`${RUNTIME}/validation`, `${RUNTIME}/formats`]);
/** A path that cannot leave the folder it begins in; most imports are of such. */
const DOWNWARDS = /^\.(?:\/[\w$-]+)*\/[\w$-]+(?:\.gen)?\.js$/;
const PLAIN = /^[\n -~]*$/;
/** The two joiners that scripts and emoji are written with may stand in a comment. */
const HIDDEN = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/**
 * Looks through a generated module before it leaves: that it only declares, imports nothing but the runtime and its own
 * siblings, uses no global that acts, and hides nothing. What follows a comment or string that ended early is looked at
 * like all else, so that a whole class of mistakes cannot leave. `file` is relative to its output folder, with `/`. Returns
 * the names that it uses, imports not counted.
 *
 * @throws {UnsafeOutputError} at the first thing that may not be there.
 */
export function assertSafeOutput(file: string, text: string): ReadonlySet<string> {
  const hidden = PLAIN.test(text) ? null : HIDDEN.exec(text);
  if (hidden !== null) {
    throw refusal(file, text, hidden.index, `a character that hides, ${escapeCharacter(hidden[0])}.`);
  }
  const position = { at: 0 };
  const used = new Map<string, number>();
  try {
    const objection = objectionTo(file, text, position, used);
    if (objection !== null) throw refusal(file, text, position.at, objection);
    return new Set(used.keys());
  } catch (error) {
    throw error instanceof ScanError ? refusal(file, text, position.at, error.message) : error;
  }
}

function refusal(file: string, text: string, at: number, objection: string): UnsafeOutputError {
  return new UnsafeOutputError(file, text.slice(0, at).split('\n').length, objection);
}

function objectionTo(file: string, text: string, position: { at: number }, used: Map<string, number>): string | null {
  const scanner = createScanner(text);
  const declared = new Set<string>();
  let depth = 0;
  /** The word that the statement at the top began with; empty before it has begun. */
  let statement = '';
  let before = '';
  let beforeKind: TokenKind = 'mark';
  let beforeThat = '';
  for (scanner.next(); scanner.kind !== 'end'; scanner.next()) {
    const { kind, start, end } = scanner;
    position.at = start;
    // Most of the text is strings, of which only those in a few places are looked at.
    const isPlainString = kind === 'string' && statement !== '' && !BEFORE_STRINGS.has(before);
    const token = isPlainString ? "''" : end === start + 1 ? (text[start] ?? '') : text.slice(start, end);
    if (statement === '') {
      if (!STATEMENTS.has(token) || kind !== 'word') return `a statement that begins with "${token}".`;
      statement = token;
    } else if (statement === 'export' && before === 'export') {
      if (!EXPORTED.has(token)) return `an export of "${token}".`;
      statement = token === '*' || token === '{' ? 'export' : token;
      // A list of types that another module has declares their names, as an import does.
      if (token === 'type' && text.startsWith(' {', end)) statement = 'import';
    }
    if (kind === 'mark') {
      if (OPENING.has(token)) {
        if (
          token !== '{' &&
          leadsToCode(before, beforeThat) &&
          !text.startsWith(`skills.${before}(`, end - before.length - 8)
        ) {
          return `what "${before}" leads to.`;
        }
        if (token === '(' && before === ']') return 'a call of a computed member.';
        depth++;
      } else if (CLOSING.has(token)) {
        if (--depth < 0) return 'a bracket that closes none.';
        if (depth === 0 && token === '}' && (statement === 'interface' || statement === 'function')) statement = '';
      } else if (token === ';' && depth === 0) {
        statement = '';
      } else if (token === '.' && leadsToCode(before, beforeThat) && !text.startsWith(OWN_PROPERTY, end - OWN_START)) {
        return `what "${before}" leads to.`;
      }
    } else if (kind === 'word') {
      if ((before === '.' && beforeThat !== '.') || isName(text, end, before)) {
        // The name of a member says nothing.
      } else if ((DECLARING.has(before) && beforeKind === 'word') || (statement === 'import' && depth > 0)) {
        declared.add(token);
      } else if (token === 'import' && !(statement === 'import' && depth === 0) && !text.startsWith('(', end)) {
        return 'an import that is none.';
      } else if (!LANGUAGE.has(token) && !used.has(token)) {
        used.set(token, start);
      }
    } else if (kind === 'string' && isSpecifier(before, beforeThat, statement, depth)) {
      const objection = objectionToImport(file, token.slice(1, -1), before !== 'from');
      if (objection !== null) return objection;
    }
    beforeThat = before;
    before = token;
    beforeKind = kind;
  }
  if (depth !== 0 || statement !== '') return 'an end in the middle of a statement.';
  for (const [name, at] of used) {
    if (declared.has(name) || GLOBALS.has(name) || PARAMETERS.has(name)) continue;
    position.at = at;
    return `the name "${name}", which is not its own.`;
  }
  return null;
}

const BEFORE_STRINGS: ReadonlySet<string> = new Set(['import', 'from', '(', '[']);
const OPENING: ReadonlySet<string> = new Set(['(', '[', '{']);
const CLOSING: ReadonlySet<string> = new Set([')', ']', '}']);
const DECLARING: ReadonlySet<string> = new Set(['const', 'let', 'var', 'function', 'interface', 'type']);

/** The one thing that is taken from a prototype. */
const OWN_PROPERTY = 'Object.prototype.hasOwnProperty';
const OWN_START = 'Object.prototype.'.length;

/** Whether two tokens, `.constructor` or `'constructor']`, are a member that a call or a member of it must not follow. */
function leadsToCode(before: string, beforeThat: string): boolean {
  if (before === ']') return LEADS_TO_CODE.has(beforeThat.slice(1, -1));
  return beforeThat === '.' && LEADS_TO_CODE.has(before);
}

/** Whether a word is the name of a property, a parameter or a label and not a use of what has that name. */
function isName(text: string, end: number, before: string): boolean {
  if (before === 'break' || before === 'continue') return true;
  if (!BEFORE_NAMES.has(before)) return false;
  return text.startsWith(':', end) || text.startsWith('?:', end);
}

const BEFORE_NAMES: ReadonlySet<string> = new Set(['{', '}', '(', '[', ',', ';', 'readonly']);

function isSpecifier(before: string, beforeThat: string, statement: string, depth: number): boolean {
  if (before === '(') return beforeThat === 'import';
  if (before === 'import') return true;
  return before === 'from' && depth === 0 && (statement === 'import' || statement === 'export' || statement === 'type');
}

function objectionToImport(file: string, specifier: string, isBare: boolean): string | null {
  if (DOWNWARDS.test(specifier) && !isBare) return null;
  if (specifier === RUNTIME || (VALIDATION.has(specifier) && !isBare)) return null;
  if (path.posix.basename(file) === 'bus.gen.ts') {
    // It loads its transports when it needs them.
    if (isBare ? /^@declaragent\/runtime\/[a-z]+$/.test(specifier) : specifier === `${RUNTIME}/connect`) return null;
  }
  const target = path.posix.join(path.posix.dirname(file), specifier);
  const isSibling = /^\.\.?\/[^\\]*$/.test(specifier) && !isBare && !target.startsWith('..');
  return isSibling ? null : `an import of "${specifier}".`;
}
