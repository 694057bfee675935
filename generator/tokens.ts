/** What a token of generated code is. A punctuation mark is one character, so `===` is three of them. */
export type TokenKind = 'word' | 'string' | 'number' | 'mark' | 'expression' | 'end';

/** One token, overwritten by the next. */
export interface Scanner {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
  /** Goes on to the next token, past spaces and comments. */
  next(): void;
}

/** Thrown where a text is not of the part of TypeScript that generated code is written in. */
export class ScanError extends Error {
  override readonly name = 'ScanError';
}

const [TAB, LINE_FEED, SPACE, QUOTE, APOSTROPHE, STAR, SLASH, BACKSLASH] = [9, 10, 32, 34, 39, 42, 47, 92];
const MARKS = new Set(Array.from('!%&()*+,-./:;<=>?[]{|}', (mark) => mark.charCodeAt(0)));

const WORD_PART = Array.from({ length: 128 }, (_, code) => /[\w$]/.test(String.fromCharCode(code)));
const DIGIT = Array.from({ length: 128 }, (_, code) => code >= 48 && code <= 57);
/** What no reader sees has no place in a name. */
const OTHER_WORD_PART = /[\p{ID_Continue}$](?<!\p{Default_Ignorable_Code_Point})/uy;
const NUMBER = /(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w$.])/iy;

/** The regular expressions of ajv's own, which write names as parts of JSON Pointers. */
const EXPRESSIONS = ['/~/g', '/\\//g'];

/** Words that stand before an operand, so that a slash behind one would begin a regular expression. */
const BEFORE_OPERANDS: ReadonlySet<string> = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'void',
  'delete',
  'else',
]);

/**
 * Reads generated code token by token, as TypeScript's own scanner does, in a twentieth of its time. Templates
 * and regular expressions but for two, in which strings and comments would mean something else, are refused.
 *
 * @throws {ScanError} at what generated code never holds.
 */
export function createScanner(text: string): Scanner {
  let position = 0;
  let isAfterOperand = false;
  const scanner = { kind: 'end' as TokenKind, start: 0, end: 0, next };
  return scanner;

  function next(): void {
    skip();
    scanner.start = position;
    if (position >= text.length) {
      scanner.kind = 'end';
    } else {
      scanner.kind = take(text.charCodeAt(position));
    }
    scanner.end = position;
  }

  function skip(): void {
    for (; position < text.length; position++) {
      const code = text.charCodeAt(position);
      if (code === SPACE || code === LINE_FEED || code === TAB) continue;
      if (code !== SLASH) return;
      const following = text.charCodeAt(position + 1);
      if (following === SLASH) {
        const end = text.indexOf('\n', position);
        position = end === -1 ? text.length : end;
      } else if (following === STAR) {
        const end = text.indexOf('*/', position + 2);
        if (end === -1) throw new ScanError('A comment has no end.');
        position = end + 1;
      } else {
        return;
      }
    }
  }

  function take(code: number): TokenKind {
    if (code === QUOTE || code === APOSTROPHE) {
      takeString(code);
      isAfterOperand = true;
      return 'string';
    }
    if (DIGIT[code] === true) {
      NUMBER.lastIndex = position;
      if (!NUMBER.test(text)) throw new ScanError('A number is written as generated code never writes one.');
      position = NUMBER.lastIndex;
      isAfterOperand = true;
      return 'number';
    }
    if (MARKS.has(code)) {
      if (code === SLASH && !isAfterOperand) return takeExpression();
      position++;
      isAfterOperand = code === 41 || code === 93;
      return 'mark';
    }
    takeWord();
    isAfterOperand = !BEFORE_OPERANDS.has(text.slice(scanner.start, position));
    return 'word';
  }

  function takeExpression(): TokenKind {
    const known = EXPRESSIONS.find((expression) => text.startsWith(expression, position));
    if (known === undefined) throw new ScanError('A regular expression begins here.');
    position += known.length;
    isAfterOperand = true;
    return 'expression';
  }

  function takeString(quote: number): void {
    for (position++; position < text.length; position++) {
      const code = text.charCodeAt(position);
      if (code === BACKSLASH) position++;
      else if (code === LINE_FEED) break;
      else if (code === quote) {
        position++;
        return;
      }
    }
    throw new ScanError('A string has no end.');
  }

  function takeWord(): void {
    const start = position;
    while (position < text.length) {
      if (WORD_PART[text.charCodeAt(position)] === true) {
        position++;
        continue;
      }
      if (text.charCodeAt(position) < 128) break;
      OTHER_WORD_PART.lastIndex = position;
      if (!OTHER_WORD_PART.test(text)) break;
      position = OTHER_WORD_PART.lastIndex;
    }
    if (position === start) throw new ScanError(`${JSON.stringify(text[start])} has no meaning here.`);
  }
}
