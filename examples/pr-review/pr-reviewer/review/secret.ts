import type { AddedLine, ChangedFile } from './changed-file.js';

/**
 * The first line of a PEM private key: it ends there, or goes on with an escaped line feed or the key itself. Behind a
 * closing quote it is code that looks for keys.
 */
const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\s*$|\\n|\s*[A-Za-z0-9+/=]{16})/;

/** Tokens that say by their form whose they are. */
const TOKENS: readonly RegExp[] = [
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b(?<!EXAMPLE)/,
  /\bgh[opsu]_[A-Za-z0-9]{36}\b/,
  /\bgithub_pat_\w{60}/,
  /\bxox[abprs]-\d{6}[\w-]{20}/,
  /\bsk_live_[A-Za-z0-9]{20}/,
  /\bsk-ant-[\w-]{40}/,
  /\bAIza[\w-]{35}\b/,
];

// A quoted key that begins with a slash is a JSON pointer, and what stands behind it is about the value there.
const ASSIGNED =
  /(?:pass(?:word|wd)|secret|api[_-]?key|token)(?<!["'`]#?\/[^"'`\s]*)["']?(?:\s*:\s*\w+)?\s*[:=]\s*(["'`])([^"'`\s]{8,})\1/gi;
const PLACEHOLDER = /example|sample|change.?me|your|dummy|placeholder|test|xxx|\*\*\*|[<>{}$]|:\/\//i;

/** Where a thing is: a path by its beginning or by its folders and extension, or a file, a line and maybe a column. */
const PLACE =
  /^(?:\.{1,2}|[~#])?\/|^[a-z]:\\|^[\w.@-]+(?:\/[\w.@-]+)+\.[a-z]\w{1,4}$|^[\w.@/\\-]+\.[a-z]\w{0,4}(?::\d+){1,2}$/i;

/** Longer lines are data, in which any word turns up. */
const LONGEST_ASSIGNMENT = 2000;

/** A key or a token anywhere, or a literal assigned to a name like password. */
export function holdsSecret({ text }: AddedLine, file: ChangedFile): boolean {
  if (PRIVATE_KEY.test(text) || TOKENS.some((token) => token.test(text))) return true;
  if (file.role === 'test' || /\.(?:md|rst|adoc|txt)$/.test(file.path) || text.length > LONGEST_ASSIGNMENT)
    return false;
  // A letter and a digit: without both it is a field's name, a label or a kind of token.
  return [...text.matchAll(ASSIGNED)].some(
    ([, , value = '']) => /[a-z]/i.test(value) && /\d/.test(value) && !PLACEHOLDER.test(value) && !PLACE.test(value),
  );
}
