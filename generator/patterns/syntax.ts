/** A regular expression as a tree. What one character must be is kept as text, for the engine itself to judge. */
export type Pattern =
  | { readonly type: 'set'; readonly text: string }
  | { readonly type: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly type: 'choice'; readonly options: readonly Pattern[] }
  | { readonly type: 'repeat'; readonly body: Pattern; readonly min: number; readonly max: number }
  | { readonly type: 'group'; readonly body: Pattern; readonly number: number; readonly name: string | undefined }
  | { readonly type: 'look'; readonly body: Pattern; readonly isBehind: boolean }
  | { readonly type: 'reference'; readonly to: number | string }
  /** `^`, `$`, and `\b` or `\B`. */
  | { readonly type: 'start' | 'end' | 'boundary' };

/** What a quantifier or an assertion begins with, in the order in which they are tried. */
const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/;
const GROUP = /^\((?:\?(?:(<?[=!])|<([^>]+)>|[a-z-]*:))?/;
const ESCAPE =
  /^\\(?:u\{[\da-fA-F]+\}|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|.)/su;
const CLASS = /^\[(?:[^\]\\]|\\.)*\]/su;

/**
 * Reads a regular expression that the engine has accepted under the u flag, whose grammar has few words and no
 * exceptions; another text may lead to any tree.
 */
export function parsePattern(text: string): Pattern {
  let rest = text;
  let groups = 0;
  const take = (found: RegExpExecArray | null): RegExpExecArray | null => {
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };

  function choice(): Pattern {
    const options = [sequence()];
    while (rest.startsWith('|')) {
      rest = rest.slice(1);
      options.push(sequence());
    }
    return options.length === 1 && options[0] !== undefined ? options[0] : { type: 'choice', options };
  }

  function sequence(): Pattern {
    const parts: Pattern[] = [];
    while (rest !== '' && !rest.startsWith('|') && !rest.startsWith(')')) parts.push(quantified(single()));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { type: 'sequence', parts };
  }

  function quantified(body: Pattern): Pattern {
    const found = take(QUANTIFIER.exec(rest));
    if (found === null) return body;
    const [, sign, least = '', comma, most = ''] = found;
    if (sign !== undefined)
      return { type: 'repeat', body, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    const min = Number(least);
    return { type: 'repeat', body, min, max: comma === '' ? min : most === '' ? Infinity : Number(most) };
  }

  function single(): Pattern {
    const group = take(GROUP.exec(rest));
    if (group !== null) return inGroup(group);
    const text = (take(CLASS.exec(rest)) ?? take(ESCAPE.exec(rest)) ?? take(/^./su.exec(rest)))?.[0] ?? '';
    if (text === '^') return { type: 'start' };
    if (text === '$') return { type: 'end' };
    if (/^\\b$/i.test(text)) return { type: 'boundary' };
    const name = text === '\\k' ? take(/^<([^>]+)>/.exec(rest))?.[1] : undefined;
    if (name !== undefined) return { type: 'reference', to: name };
    if (/^\\[1-9]/.test(text))
      return { type: 'reference', to: Number(text.slice(1) + (take(/^\d*/.exec(rest))?.[0] ?? '')) };
    return { type: 'set', text };
  }

  function inGroup([opening, look, name]: RegExpExecArray): Pattern {
    const isCapturing = opening === '(' || name !== undefined;
    const number = isCapturing ? ++groups : 0;
    const body = choice();
    rest = rest.slice(1);
    if (look !== undefined) return { type: 'look', body, isBehind: look.startsWith('<') };
    return isCapturing ? { type: 'group', body, number, name } : body;
  }

  return choice();
}

/** Calls `visit` with a pattern and with each inside it. */
export function forEachPattern(pattern: Pattern, visit: (pattern: Pattern) => void): void {
  visit(pattern);
  if (pattern.type === 'sequence') for (const part of pattern.parts) forEachPattern(part, visit);
  else if (pattern.type === 'choice') for (const option of pattern.options) forEachPattern(option, visit);
  else if ('body' in pattern) forEachPattern(pattern.body, visit);
}

/** How many characters a pattern can take up at most. */
export function longestMatch(pattern: Pattern): number {
  switch (pattern.type) {
    case 'set':
      return 1;
    case 'sequence':
      return pattern.parts.reduce((sum, part) => sum + longestMatch(part), 0);
    case 'choice':
      return Math.max(...pattern.options.map(longestMatch));
    case 'repeat': {
      const inner = longestMatch(pattern.body);
      return inner === 0 ? 0 : inner * pattern.max;
    }
    case 'group':
      return longestMatch(pattern.body);
    case 'reference':
      return Infinity;
    case 'look':
    case 'start':
    case 'end':
    case 'boundary':
      return 0;
  }
}

/** How many characters a pattern takes up at least. */
export function shortestMatch(pattern: Pattern): number {
  switch (pattern.type) {
    case 'set':
      return 1;
    case 'sequence':
      return pattern.parts.reduce((sum, part) => sum + shortestMatch(part), 0);
    case 'choice':
      return Math.min(...pattern.options.map(shortestMatch));
    case 'repeat':
      return pattern.min === 0 ? 0 : shortestMatch(pattern.body) * pattern.min;
    case 'group':
      return shortestMatch(pattern.body);
    default:
      return 0;
  }
}
