import type { AddedLine, ChangedFile } from './changed-file.js';
import type { LanguageName, StringLiteral } from './language.js';

// A name in capitals is a constant, and a list of placeholders is how a query with parameters is built.
const HARMLESS = String.raw`(?!\s*(?:[A-Z][A-Z0-9_]*\s*(?:[^\w\s.([]|$)|\w*[pP]laceholders?\b))`;

const ADDED = new RegExp(String.raw`^\s*\+\s*${HARMLESS}[A-Za-z_$(]`);

/** An expression inside a string, by language: the quotes and prefixes that allow it, and how it begins. */
const EMBEDDED: Partial<Record<LanguageName, { readonly opening: RegExp; readonly expression: RegExp }>> = {
  // A tag before the backtick gets the values apart from the text, which is the point of one.
  javascript: { opening: /(?:^|[^\w$)\]])`$/, expression: new RegExp(String.raw`\$\{${HARMLESS}`) },
  python: {
    opening: /\b[fF][rR]?["']$|\b[rR][fF]["']$/,
    expression: new RegExp(String.raw`(?<!\{)\{(?!\{)${HARMLESS}`),
  },
  ruby: { opening: /["`]$/, expression: new RegExp(String.raw`#\{${HARMLESS}`) },
  php: { opening: /"$/, expression: /(?<!\\)\$[a-z_]|\{\$/ },
};

/** Joins by an operator other than plus. */
const OPERATORS: Partial<Record<LanguageName, RegExp>> = {
  python: /^\s*(?:%\s*[\w(]|\.format\()/,
  php: /^\s*\.\s*\$/,
};

/** Whether a value that is not known when the program is written becomes part of the string. */
function takesValue(literal: StringLiteral, language: LanguageName): boolean {
  const embedded = EMBEDDED[language];
  const { before, quote, value, after } = literal;
  if (embedded?.opening.test(before + quote) && embedded.expression.test(value)) return true;
  return ADDED.test(after) || (OPERATORS[language]?.test(after) ?? false);
}

/** What stands before the first argument of a call that runs its text in a shell. */
const SHELL_CALL: Partial<Record<LanguageName, RegExp>> = {
  // `pattern.exec(text)` is a regular expression's.
  javascript: /(?<![\w.$])(?:(?:child_process|childProcess|cp)\.)?exec(?:Sync|Async)?\(\s*$/,
  python: /\b(?:os\.(?:system|popen)|subprocess\.(?:getoutput|getstatusoutput))\(\s*[fFrR]*$/,
  ruby: /(?<![\w.])(?:system|exec)[( ]\s*$/,
  php: /(?<![\w>:])(?:shell_exec|exec|system|passthru|popen)\(\s*$/,
  go: /\bexec\.Command\("(?:ba|z)?sh", "-c", $/,
};

/** A call that runs its text in a shell when an option behind it says so. */
const SHELL_OPTION: Partial<Record<LanguageName, readonly [before: RegExp, after: RegExp]>> = {
  javascript: [
    /(?<![\w.$])(?:(?:child_process|childProcess|cp)\.)?(?:spawn|execFile)(?:Sync)?\(\s*$/,
    /\bshell:\s*true\b/,
  ],
  python: [/\bsubprocess\.(?:run|call|check_call|check_output|Popen)\(\s*[fFrR]*$/, /\bshell\s*=\s*True\b/],
};

/** A shell command with a value put into its text. */
export function joinsCommand({ strings }: AddedLine, { language }: ChangedFile): boolean {
  if (language === null) return false;
  const call = SHELL_CALL[language.name];
  const [optionCall, option] = SHELL_OPTION[language.name] ?? [];
  return strings.some((literal) => {
    const inShell = call?.test(literal.before) || (optionCall?.test(literal.before) && option?.test(literal.after));
    return inShell && takesValue(literal, language.name);
  });
}

// Verb and companion, so that a sentence that begins with Select or Update is not taken for a query.
const QUERY = /^\s*(?:select\s|insert\s+into\s|replace\s+into\s|update\s|delete\s+from\s)/i;
const COMPANION = /\bfrom\b|\binto\b|\bset\b/i;

/** A query with a value put into its text. */
export function joinsSql({ strings }: AddedLine, { language, role }: ChangedFile): boolean {
  if (language === null || role === 'test') return false;
  return strings.some(
    (literal) => QUERY.test(literal.value) && COMPANION.test(literal.value) && takesValue(literal, language.name),
  );
}
