import { bulkyFiles, lockfileMismatches, untestedChange } from './change-rules.js';
import type { AddedLine, ChangedFile } from './changed-file.js';
import { joinsCommand, joinsSql } from './joined-text.js';
import type { LanguageName } from './language.js';
import { holdsSecret } from './secret.js';

export type Severity = 'error' | 'warning' | 'info';

/** A place that a rule remarks on; without a message of its own, the rule's description is the message. */
export interface Remark {
  readonly file: string;
  readonly line: number;
  readonly message?: string;
}

interface RuleBase {
  readonly id: string;
  readonly severity: Severity;
  /** One sentence to the author of the change. It never quotes the change, which may hold a secret. */
  readonly description: string;
}

/** Looks at each added line by itself. */
export interface LineRule extends RuleBase {
  readonly scope: 'line';
  readonly check: (line: AddedLine, file: ChangedFile) => boolean;
}

/** Looks at all files of the change together. */
export interface ChangeRule extends RuleBase {
  readonly scope: 'change';
  readonly check: (files: readonly ChangedFile[]) => readonly Remark[];
}

export type Rule = LineRule | ChangeRule;

type Patterns = Partial<Record<LanguageName, RegExp>>;

/** A check of the code of a line, without comments and the text of strings, by the file's language. */
const inCode =
  (patterns: Patterns) =>
  (line: AddedLine, { language }: ChangedFile): boolean =>
    language !== null && (patterns[language.name]?.test(line.code) ?? false);

const FOCUSED =
  /\b(?:describe|context|suite|it|test|specify|bench)(?:\.\w+)*\.only\b|\b(?:fdescribe|fcontext|fit)\(\s*['"`]/;

const DEBUGGER: Patterns = {
  javascript: /(?:^|[;{}])\s*debugger\s*(?:[;}]|$)/,
  python: /^\s*(?:breakpoint\(\)|i?pdb\.set_trace\(|import i?pdb\b)/,
  ruby: /\bbinding\.(?:pry|irb)\b|^\s*byebug\b/,
  php: /\bxdebug_break\(/,
};

const DEBUG_PRINT: Patterns = {
  javascript: /(?<![\w.])console\.(?:log|debug|dir|table|trace)\(/,
  php: /(?<![\w>:])(?:var_dump|print_r)\(/,
  rust: /\bdbg!\(/,
  braces: /\bSystem\.out\.print(?:ln|f)?\(/,
};

const EMPTY_CATCH = /\bcatch\b\s*(?:\([^()]*\)\s*)?\{\s*\}|\.catch\(\s*(?:\(\w*\)|\w+)\s*=>\s*\{\s*\}\s*\)/;
const OPENED_CATCH = /\bcatch\b\s*(?:\([^()]*\)\s*)?\{\s*$/;
// A named exception that passes is the way of Python to try; all exceptions that pass are not.
const EXCEPT = /^\s*except(?:\s+(?:Base)?Exception(?:\s+as\s+\w+)?)?\s*:\s*(pass)?\s*$/;

/** An error that is caught and dropped. A comment inside says that somebody meant it, and is enough. */
function dropsError({ code, comment, following }: AddedLine, { language }: ChangedFile): boolean {
  if (comment !== '') return false;
  if (language?.name === 'python') {
    const except = EXCEPT.exec(code);
    return except !== null && (except[1] === 'pass' || (following?.comment === '' && following.code.trim() === 'pass'));
  }
  return (
    EMPTY_CATCH.test(code) || (OPENED_CATCH.test(code) && following?.comment === '' && /^\s*\}/.test(following.code))
  );
}

// A method named eval, of a page, a cache or a model, is another thing, and so is one that is being declared.
const DYNAMIC_CODE: Patterns = {
  javascript: /(?<!function\s+)(?<![\w.$])eval\(|\bnew\s+Function\(/,
  python: /(?<!def\s)(?<![\w.])(?:eval|exec)\(/,
  ruby: /(?<!def\s)(?<![\w.])eval\(/,
  php: /(?<!function\s)(?<![\w>:$])eval\(/,
};

// The brackets keep a search for the marker words from ending here.
const UNFINISHED = /\b(?:TO[D]O|FIX[M]E)\b/;

// eslint wants a reason behind two dashes and golangci-lint one behind two slashes; with one, the
// line is an answer already. In Python, the code of the one check that is switched off has to do.
const SUPPRESSION =
  /@ts-ignore\b|@ts-nocheck\b|\beslint-disable(?!.*\s--\s)|\bnolint\b(?!.*\/\/\s*\w)|#\s*type:\s*ignore\b(?!\[)|#\s*noqa\b(?!:)|\brubocop:disable\b|@phpstan-ignore\b/;

/** What the reviewer looks for. Each rule has a line that triggers it and one that must not, in rule-cases.ts. */
export const rules: readonly Rule[] = [
  {
    id: 'conflict-marker',
    scope: 'line',
    severity: 'error',
    description: 'A merge conflict marker is left in the file.',
    // A line of seven equals signs alone is not one: it also underlines a heading.
    check: ({ text }) => /^(?:<{7}|>{7}|\|{7})(?: |$)/.test(text),
  },
  {
    id: 'secret',
    scope: 'line',
    severity: 'error',
    description:
      'This looks like a private key or a credential; withdraw it, and read it from the environment instead.',
    check: holdsSecret,
  },
  {
    id: 'focused-test',
    scope: 'line',
    severity: 'error',
    description: 'A focused test keeps all others of the file from running.',
    check: ({ code }, { language }) => language?.name === 'javascript' && FOCUSED.test(code),
  },
  {
    id: 'debugger',
    scope: 'line',
    severity: 'error',
    description: 'A breakpoint is left in the code.',
    check: inCode(DEBUGGER),
  },
  {
    id: 'dynamic-code',
    scope: 'line',
    severity: 'error',
    description: 'Text is run as code; whoever can change the text can run anything.',
    check: (line, file) => file.role !== 'test' && inCode(DYNAMIC_CODE)(line, file),
  },
  {
    id: 'shell-interpolation',
    scope: 'line',
    severity: 'error',
    description: 'A value is put into a shell command; pass the arguments as a list, without a shell.',
    check: joinsCommand,
  },
  {
    id: 'sql-interpolation',
    scope: 'line',
    severity: 'error',
    description: 'A value is put into the text of a query; pass it as a parameter.',
    check: joinsSql,
  },
  {
    id: 'empty-catch',
    scope: 'line',
    severity: 'warning',
    description: 'The error is caught and dropped; handle it, or say in a comment why it does not matter.',
    check: dropsError,
  },
  {
    id: 'suppressed-check',
    scope: 'line',
    severity: 'warning',
    description: 'A check of the compiler or the linter is switched off without a reason.',
    check: ({ comment }) => SUPPRESSION.test(comment),
  },
  {
    id: 'lockfile-mismatch',
    scope: 'change',
    severity: 'warning',
    description: 'A manifest and its lock file do not change together.',
    check: lockfileMismatches,
  },
  {
    id: 'bulky-file',
    scope: 'change',
    severity: 'warning',
    description: 'The change adds a file that nobody can review.',
    check: bulkyFiles,
  },
  {
    id: 'debug-print',
    scope: 'line',
    severity: 'info',
    description: 'Debug output is left in the code; remove it, or use the logger.',
    check: (line, file) => file.role === 'source' && inCode(DEBUG_PRINT)(line, file),
  },
  {
    id: 'unfinished-note',
    scope: 'line',
    severity: 'info',
    description: 'A note says that this is unfinished; finish it, or point to an issue.',
    check: ({ comment }) => UNFINISHED.test(comment),
  },
  {
    id: 'untested-change',
    scope: 'change',
    severity: 'info',
    description: 'Source changes and no test does.',
    check: untestedChange,
  },
];
