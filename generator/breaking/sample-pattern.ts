/*
 * A text that a regular expression matches, for most of those that people write. It is only ever a guess: who asks tries
 * it. What cannot be read is guessed as nothing.
 */

/** A text that the pattern probably matches, with each repetition taken `more` times more than it must be. */
export function samplePattern(pattern: string, more: number): string {
  const reader = { text: [...pattern], at: 0 };
  return alternatives(reader, more);
}

interface Reader {
  readonly text: readonly string[];
  at: number;
}

function alternatives(reader: Reader, more: number): string {
  const first = sequence(reader, more);
  while (reader.text[reader.at] === '|') {
    reader.at++;
    sequence(reader, more);
  }
  return first;
}

function sequence(reader: Reader, more: number): string {
  let made = '';
  while (reader.at < reader.text.length && !'|)'.includes(reader.text[reader.at] ?? '')) {
    const one = atom(reader, more);
    // Repetitions of repetitions multiply.
    made = (made + one.repeat(repetitions(reader, more))).slice(0, LONGEST);
  }
  return made;
}

function atom(reader: Reader, more: number): string {
  const char = reader.text[reader.at++] ?? '';
  if (char === '(') return group(reader, more);
  if (char === '[') return set(reader);
  if (char === '\\') return escaped(reader);
  if (char === '.') return 'a';
  return char === '^' || char === '$' ? '' : char;
}

function group(reader: Reader, more: number): string {
  const opening = /^\?(?:[:=!]|<[=!]|<[^>]*>)/.exec(reader.text.slice(reader.at, reader.at + 64).join(''))?.[0] ?? '';
  reader.at += opening.length;
  const made = alternatives(reader, more);
  reader.at++;
  // What looks ahead or behind takes no room.
  return /[=!]$/.test(opening) ? '' : made;
}

/** Longer texts are no example that anybody reads. */
const LONGEST = 8_000;

const CANDIDATES = [...'a0A_-. z9Z/@:é'];

/** The first likely character of a set such as `[a-z]` or `[^a]`. */
function set(reader: Reader): string {
  let source = '[';
  for (let char = reader.text[reader.at++]; char !== undefined; char = reader.text[reader.at++]) {
    source += char;
    if (char === '\\') source += reader.text[reader.at++] ?? '';
    else if (char === ']') break;
  }
  return characterOf(source);
}

function escaped(reader: Reader): string {
  const char = reader.text[reader.at++] ?? '';
  const rest = reader.text.slice(reader.at, reader.at + 64).join('');
  const long = /^(?:\{[^}]*\}|[0-9A-Fa-f]{2,4})/.exec('pPux'.includes(char) ? rest : '')?.[0] ?? '';
  reader.at += long.length;
  return 'bB'.includes(char) ? '' : characterOf(`\\${char}${long}`);
}

function characterOf(source: string): string {
  try {
    const expression = new RegExp(`^${source}$`, 'u');
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
    return [...CANDIDATES, ...printable, '日', '\n', '\t'].find((char) => expression.test(char)) ?? '';
  } catch {
    return '';
  }
}

const MOST_REPETITIONS = 8_000;
const SHORT: Readonly<Record<string, readonly [least: number, most: number]>> = {
  '*': [0, Infinity],
  '+': [1, Infinity],
  '?': [0, 1],
};

function repetitions(reader: Reader, more: number): number {
  const rest = reader.text.slice(reader.at, reader.at + 16).join('');
  const [all = '', word = '', lower, comma, upper] = /^([*+?]|\{(\d+)(?:(,)(\d*))?\})\??/.exec(rest) ?? [];
  reader.at += all.length;
  if (word === '') return 1;
  const bounded = comma === undefined ? Number(lower) : upper === '' ? Infinity : Number(upper);
  const [least, most] = SHORT[word] ?? [Number(lower), bounded];
  return Math.min(least + more, most, MOST_REPETITIONS);
}
