export type LanguageName = 'javascript' | 'python' | 'ruby' | 'php' | 'go' | 'rust' | 'shell' | 'braces';

/** As much of a language's syntax as tells code, comment and string apart on a line. */
export interface Language {
  readonly name: LanguageName;
  readonly extensions: readonly string[];
  readonly lineComments: readonly string[];
  /** Whether a comment may stand between slash-star and star-slash. */
  readonly blockComments: boolean;
  readonly quotes: string;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'javascript',
    extensions: ['js', 'mjs', 'cjs', 'jsx', 'ts', 'mts', 'cts', 'tsx', 'vue', 'svelte'],
    lineComments: ['//'],
    blockComments: true,
    quotes: '\'"`',
  },
  { name: 'python', extensions: ['py', 'pyi'], lineComments: ['#'], blockComments: false, quotes: '\'"' },
  { name: 'ruby', extensions: ['rb', 'rake'], lineComments: ['#'], blockComments: false, quotes: '\'"`' },
  { name: 'php', extensions: ['php'], lineComments: ['//', '#'], blockComments: true, quotes: '\'"' },
  { name: 'go', extensions: ['go'], lineComments: ['//'], blockComments: true, quotes: '\'"`' },
  // No single quote: it begins a lifetime as often as a character.
  { name: 'rust', extensions: ['rs'], lineComments: ['//'], blockComments: true, quotes: '"' },
  { name: 'shell', extensions: ['sh', 'bash', 'zsh'], lineComments: ['#'], blockComments: false, quotes: '\'"' },
  {
    name: 'braces',
    extensions: ['java', 'kt', 'kts', 'scala', 'swift', 'dart', 'cs', 'c', 'h', 'cc', 'cpp', 'hpp', 'm'],
    lineComments: ['//'],
    blockComments: true,
    quotes: '\'"',
  },
];

const BY_EXTENSION: ReadonlyMap<string, Language> = new Map(
  LANGUAGES.flatMap((language) => language.extensions.map((extension): [string, Language] => [extension, language])),
);

/** The programming language that a path's extension stands for, or null: text, data, configuration. */
export function languageOf(path: string): Language | null {
  const extension = /\.([a-z]+)$/.exec(path)?.[1] ?? '';
  return BY_EXTENSION.get(extension) ?? null;
}

/** A string on one line, with what stands before and behind it, from which a rule sees what is done with it. */
export interface StringLiteral {
  readonly quote: string;
  readonly value: string;
  readonly before: string;
  readonly after: string;
}

export interface ScannedLine {
  /** Without comments; each string is left as its two quotes, so that its text cannot be taken for code. */
  readonly code: string;
  readonly comment: string;
  readonly strings: readonly StringLiteral[];
  /** Whether a block comment is open at the end, as the next line's scan wants to know. */
  readonly open: boolean;
}

/** A line longer than this is minified or data, and no reviewer reads it as code. */
const LONGEST_CODE = 2000;

/**
 * Tells code, comments and strings of one line apart. It is a scan by lines, not a parser: a string that spans lines and
 * a quote inside a regular expression are beyond it, and the rules then see too little rather than too much.
 */
export function scanLine(text: string, language: Language | null, open: boolean): ScannedLine {
  if (language === null || text.length > LONGEST_CODE) return { code: '', comment: '', strings: [], open: false };
  // The middle of a block comment whose start lies above the hunk.
  if (!open && language.blockComments && /^\s*\*(?:[\s/]|$)/.test(text)) return comment(text, !text.includes('*/'));
  const strings: StringLiteral[] = [];
  let code = '';
  let comments = '';
  let at = 0;
  let inBlock = open;
  while (at < text.length) {
    const char = text[at] ?? '';
    if (inBlock || (language.blockComments && text.startsWith('/*', at))) {
      const end = text.indexOf('*/', inBlock ? at : at + 2);
      comments += text.slice(at, end < 0 ? undefined : end + 2);
      inBlock = end < 0;
      at = inBlock ? text.length : end + 2;
    } else if (startsLineComment(text, at, language)) {
      comments += text.slice(at);
      at = text.length;
    } else if (language.quotes.includes(char)) {
      const end = endOfString(text, at);
      strings.push({
        quote: char,
        value: text.slice(at + 1, end - 1),
        before: text.slice(0, at),
        after: text.slice(end),
      });
      code += char + char;
      at = end;
    } else {
      code += char;
      at += 1;
    }
  }
  return { code, comment: comments, strings, open: inBlock };
}

function comment(text: string, open: boolean): ScannedLine {
  return { code: '', comment: text, strings: [], open };
}

function startsLineComment(text: string, at: number, language: Language): boolean {
  const mark = language.lineComments.find((candidate) => text.startsWith(candidate, at));
  // `#` inside a word is `$#`, `a#b` or a colour.
  return mark !== undefined && (mark !== '#' || at === 0 || /\s/.test(text[at - 1] ?? ''));
}

/** The place behind the closing quote, or the end of the line. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === text[start]) return at + 1;
  }
  return text.length + 1;
}
