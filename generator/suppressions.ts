import { CST, Lexer } from 'yaml';
import type { Place } from './problem.js';

/** A comment `# declaragent-ignore <rule>: <reason>`, which accepts findings of one rule on one line. */
export interface Suppression {
  /** The id of the rule; empty where the comment names none. */
  readonly rule: string;
  /** Why the finding is accepted; empty where the comment does not say. */
  readonly reason: string;
  /** Where the comment stands. */
  readonly place: Place;
  /** Whether findings that begin on this line, counted from 1, are covered. */
  covers(line: number): boolean;
}

/** Problems of a contract that a suppression keeps from being reported. No other problem can be suppressed. */
export const SUPPRESSIBLE_PROBLEMS: readonly string[] = ['exponential-pattern'];

const WORD = 'declaragent-ignore';
const FORM = /^#\s*declaragent-ignore(?![\w-])\s*([\w-]*)\s*(?::\s*(.*?))?\s*$/;

/**
 * The suppressions of a YAML file. A comment at the end of a line covers that line; one that has its line for itself covers
 * the next line that is more than a comment. A `#` inside a string or a block of text begins no comment.
 */
export function suppressionsIn(file: string, text: string): Suppression[] {
  if (!text.includes(WORD)) return [];
  const found: Suppression[] = [];
  /** Suppressions that have their line for themselves, and wait for the line that they cover. */
  let waiting: { line: number }[] = [];
  let line = 1;
  let column = 1;
  let isBlank = true;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    const type: string | null = isScalar ? 'text' : CST.tokenType(lexeme);
    if (!isScalar && NO_TEXT.has(type)) {
      isScalar = type === 'scalar';
      continue;
    }
    isScalar = false;
    const match = type === 'comment' ? FORM.exec(lexeme) : null;
    if (match !== null) {
      const covered = { line };
      if (isBlank) waiting.push(covered);
      const place = { file, line, column, endColumn: column + lexeme.length };
      found.push({
        rule: match[1] ?? '',
        reason: match[2] ?? '',
        place,
        covers: (asked) => asked === covered.line,
      });
    } else if (type !== 'comment' && type !== 'newline' && type !== 'space') {
      for (const covered of waiting) covered.line = line;
      waiting = [];
      isBlank = false;
    }
    const newlines = lexeme.split('\n').length - 1;
    if (newlines === 0) column += lexeme.length;
    else {
      line += newlines;
      const last = lexeme.slice(lexeme.lastIndexOf('\n') + 1);
      column = last.length + 1;
      isBlank = last.trim() === '';
    }
  }
  return found;
}

/** What the lexer says besides pieces of the text; the first one says that a scalar follows, whatever it begins with. */
const NO_TEXT: ReadonlySet<string | null> = new Set(['scalar', 'doc-mode', 'flow-error-end']);

/** The suppression that covers a finding of this rule at this place, if there is one with a reason. */
export function suppressionOf(
  rule: string,
  { file, line }: Place,
  suppressions: readonly Suppression[],
): Suppression | undefined {
  return suppressions.find(
    (suppression) =>
      suppression.rule === rule &&
      suppression.reason !== '' &&
      suppression.place.file === file &&
      suppression.covers(line),
  );
}
