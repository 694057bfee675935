import { createRequire } from 'node:module';
import type { Place } from './problem.js';

const require = createRequire(import.meta.url);

/** A comment `# declaragent-ignore <rule>: <reason>`, which accepts findings of one rule on one line. */
export interface Suppression {
  /** The id of the rule; empty where the comment names none. */
  readonly rule: string;
  /** Why the finding is accepted; empty where the comment does not say. */
  readonly reason: string;
  /** Where the comment stands. */
  readonly place: Place;
  /** The number of the line that it covers. */
  readonly line: number;
}

/** Problems of a contract that a suppression keeps from being reported. No other problem can be suppressed. */
export const SUPPRESSIBLE_PROBLEMS: readonly string[] = ['exponential-pattern'];

/** A comment that was probably meant as a suppression, and accepts nothing. */
export interface MalformedSuppression {
  readonly place: Place;
  /** One sentence: what keeps it from being one. */
  readonly message: string;
}

/** Every comment of a YAML file that is a suppression, or looks as if it were meant as one. */
export interface ReadSuppressions {
  readonly suppressions: readonly Suppression[];
  readonly malformed: readonly MalformedSuppression[];
}

/** What a file must hold to be looked through. */
const MENTION = /declaragent-/i;
/** How a comment begins that is meant for this program. */
const MEANT = /^#[#\s]*@?declaragent-/i;
const FORM = /^#\s*declaragent-ignore(?![\w-])\s*([\w-]*)\s*(?::\s*(.*?))?\s*$/;

/** What is wrong with a comment that is not of the form, the first row that fits. */
const MISTAKES: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  {
    pattern: /^#(?!\s*declaragent-)/,
    message: 'A suppression begins with one # and "declaragent-ignore", in lower case.',
  },
  {
    pattern: /^#\s*declaragent-(?!ignore(?![\w-]))/,
    message:
      'Of the comments that begin with "declaragent-" only "declaragent-ignore" means anything; it covers one line.',
  },
  { pattern: /^[^:]*\*/, message: 'A suppression names one rule, and no pattern of several.' },
  { pattern: /^[^:]*,/, message: 'A suppression names one rule; write one comment for each of several.' },
  {
    pattern: /(?:)/,
    message: 'Between "declaragent-ignore" and the colon before the reason stands one rule and nothing else.',
  },
];

/**
 * The suppressions of a YAML file. A comment at the end of a line covers that line; one that has its line for itself covers
 * the next line that is more than a comment. A `#` inside a string or a block of text begins no comment.
 */
export function suppressionsIn(file: string, text: string): readonly Suppression[] {
  return readSuppressions(file, text).suppressions;
}

/** The suppressions of a YAML file, and the comments that only look like one. */
export function readSuppressions(file: string, text: string): ReadSuppressions {
  const suppressions: Suppression[] = [];
  const malformed: MalformedSuppression[] = [];
  if (!MENTION.test(text)) return { suppressions, malformed };
  for (const { comment, line, column, covered } of commentsOf(text)) {
    if (!MEANT.test(comment)) continue;
    const place = { file, line, column, endColumn: column + comment.length };
    const match = FORM.exec(comment);
    if (match === null) {
      const mistake = MISTAKES.find(({ pattern }) => pattern.test(comment));
      malformed.push({ place, message: mistake?.message ?? '' });
      continue;
    }
    suppressions.push({ rule: match[1] ?? '', reason: match[2] ?? '', place, line: covered.line });
  }
  return { suppressions, malformed };
}

interface Comment {
  readonly comment: string;
  readonly line: number;
  readonly column: number;
  /** The line that it speaks of: its own, or the next one that is more than a comment. */
  readonly covered: { readonly line: number };
}

function commentsOf(text: string): Comment[] {
  const found: Comment[] = [];
  /** Of comments that have their line for themselves, and wait for the line that they speak of. */
  let waiting: { line: number }[] = [];
  let line = 1;
  let column = 1;
  let isBlank = true;
  let isScalar = false;
  // Most files hold no comment of the kind, and are not looked through.
  const { CST, Lexer } = require('yaml') as typeof import('yaml');
  for (const lexeme of new Lexer().lex(text)) {
    const type: string | null = isScalar ? 'text' : CST.tokenType(lexeme);
    if (!isScalar && NO_TEXT.has(type)) {
      isScalar = type === 'scalar';
      continue;
    }
    isScalar = false;
    if (type === 'comment') {
      const covered = { line };
      if (isBlank) waiting.push(covered);
      found.push({ comment: lexeme, line, column, covered });
    } else if (type !== 'newline' && type !== 'space') {
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
  const byLine = lines.get(suppressions) ?? groupByLine(suppressions);
  lines.set(suppressions, byLine);
  const here = byLine.get(line) ?? [];
  return here.find((one) => one.rule === rule && one.reason !== '' && one.place.file === file);
}

/** A file may have thousands of suppressions, and a rule thousands of findings. */
const lines = new WeakMap<readonly Suppression[], ReadonlyMap<number, readonly Suppression[]>>();

function groupByLine(suppressions: readonly Suppression[]): Map<number, Suppression[]> {
  const groups = new Map<number, Suppression[]>();
  for (const suppression of suppressions) {
    const group = groups.get(suppression.line) ?? [];
    groups.set(suppression.line, group);
    group.push(suppression);
  }
  return groups;
}
