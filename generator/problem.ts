import { codeFrameColumns } from '@babel/code-frame';

/** Where in a file: `line` and `column` count from 1, `endColumn` is exclusive and on the same line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
}

/** One thing that is wrong in a file, in a form that prints for people and serialises for machines. */
export interface Problem {
  readonly code: ProblemCode;
  readonly place: Place;
  /** One sentence that says what is wrong. */
  readonly message: string;
  /** What would have been right, such as the legal keys. */
  readonly expected?: string;
  /** The legal name that was probably meant. */
  readonly near?: string | undefined;
  /** One sentence that says what to do. */
  readonly fix: string;
  /** Another place that the problem speaks of, such as the first of two that collide. */
  readonly related?: { readonly place: Place; readonly message: string };
}

/** Every code a problem can bear, with what it means. Documentation and fixtures walk this table. */
export const PROBLEMS = {
  'file-missing': 'A file that another one names, or that the command needs, is not there.',
  'file-unreadable':
    'A file is there but cannot be read, is larger than 4 MiB, is not UTF-8, or lies outside the folder.',
  'yaml-syntax': 'The file is not one well-formed YAML document.',
  'duplicate-key': 'A mapping holds one key twice.',
  'not-json': 'A value has no JSON form, such as .nan, or is text with half a character.',
  'too-deep': 'The file nests deeper than 100 levels.',
  'unknown-key': 'The file has a key that the format does not know.',
  'missing-key': 'A required key is absent.',
  'wrong-type': 'A value is of another type than the format asks for.',
  'wrong-value': 'A value is of the right type but not a legal one.',
  'bad-name': 'A name or address breaks the rule for such names.',
  'duplicate-name': 'Two capabilities, error codes or peers have one name.',
  'name-collision': 'Two declarations lead to one TypeScript name.',
  'unknown-dialect': '$schema names a dialect other than JSON Schema 2020-12 and draft-07.',
  'unknown-type': 'type is none of the seven that JSON Schema knows.',
  'invalid-schema': 'The meta-schema of JSON Schema refuses the schema.',
  'invalid-pattern': 'A pattern is not a regular expression under the u flag.',
  'misspelt-keyword': 'A keyword is almost, but not quite, one that JSON Schema knows.',
  'unsupported-keyword': 'A keyword of JSON Schema that declaragent does not compile.',
  'executable-keyword': 'A keyword that a library would run or paste as code.',
  'unresolved-ref': 'A $ref points to nothing.',
  'remote-ref': 'A $ref points outside the folder of the contract, or to the network.',
  'circular-ref': 'A schema refers to itself with no property or item in between, so no value could ever be checked.',
  'example-mismatch': 'An example breaks the schema it is an example of.',
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** Thrown when a contract cannot be compiled; holds every problem that was found, in the order of their places. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  readonly problems: readonly Problem[];
  /** The text of each file that a problem lies in, by its name in `place.file`. */
  readonly sources: ReadonlyMap<string, string>;

  constructor(problems: readonly Problem[], sources: ReadonlyMap<string, string>) {
    const sorted = [...problems].sort(byPlace);
    super(sorted.map((problem) => `${placeText(problem.place)} ${problem.code}: ${problem.message}`).join('\n'));
    this.problems = sorted;
    this.sources = sources;
  }
}

/** `file:line:column`, which terminals and editors turn into a link. */
export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/**
 * A problem as people read it: place, code, sentence, frame, what was expected, what to do. `prefix` goes before file
 * names, so that a link works from another folder than the agent's.
 */
export function formatProblem(problem: Problem, sources: ReadonlyMap<string, string>, prefix = ''): string {
  const lines = [`${prefix}${placeText(problem.place)} ${problem.code}: ${escapeControls(problem.message)}`];
  lines.push(frame(problem.place, sources));
  if (problem.related !== undefined) {
    lines.push(`  ${escapeControls(problem.related.message)} ${prefix}${placeText(problem.related.place)}`);
    lines.push(frame(problem.related.place, sources));
  }
  if (problem.expected !== undefined) lines.push(`  Expected: ${escapeControls(problem.expected)}`);
  if (problem.near !== undefined) lines.push(`  Did you mean "${escapeControls(problem.near)}"?`);
  lines.push(`  Fix: ${escapeControls(problem.fix)}`);
  return lines.filter((line) => line !== '').join('\n');
}

const FRAME_WIDTH = 200;

function frame({ file, line, column, endColumn }: Place, sources: ReadonlyMap<string, string>): string {
  const source = sources.get(file);
  if (source === undefined || source === '') return '';
  // A frame shows the lines from two before the place to one after it, and a window of those that are too long.
  const first = Math.max(1, line - 2);
  const left = column < FRAME_WIDTH ? 0 : column - FRAME_WIDTH / 2;
  const lines = linesBetween(source, first, line + 1).map((text) => clip(text, left));
  const start = { line, column: column - left };
  const end = endColumn === undefined ? undefined : { line, column: Math.min(endColumn - left, FRAME_WIDTH) };
  const location = end === undefined ? { start } : { start, end };
  // The published types do not know startLine, so it may not stand in the call.
  const options = { startLine: first, linesAbove: 2, linesBelow: 1 };
  return escapeControls(codeFrameColumns(lines.join('\n'), location, options));
}

/** Lines by their numbers from 1, without a split of the whole text: a file may be long and its problems many. */
function linesBetween(text: string, first: number, last: number): string[] {
  let start = 0;
  for (let line = 1; line < first; line++) start = text.indexOf('\n', start) + 1;
  let end = start;
  for (let line = first; line <= last && end !== -1; line++) end = text.indexOf('\n', line === first ? end : end + 1);
  return text.slice(start, end === -1 ? undefined : end).split('\n');
}

/** A window of a line, in which no character starts another line or is wider than one column. */
function clip(text: string, left: number): string {
  const line = text.replace(/\r$/, '').replace(/[\t\r\u2028\u2029]/g, ' ');
  const end = left + FRAME_WIDTH;
  return (left > 0 ? '…' : '') + line.slice(left > 0 ? left + 1 : 0, end) + (line.length > end ? '…' : '');
}

/**
 * Shows what would otherwise move the cursor, colour the terminal, reorder the text or hide in it. The two joiners that
 * scripts and emoji are written with stay.
 */
export function escapeControls(text: string): string {
  return text.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

/** `\u202e`, or `\u{e0041}` where four digits are too few. */
export function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

function byPlace(left: Problem, right: Problem): number {
  if (left.place.file !== right.place.file) return left.place.file < right.place.file ? -1 : 1;
  return left.place.line - right.place.line || left.place.column - right.place.column;
}

/** The candidate that is at most a few typing mistakes away from `word`, if there is one. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const reach = word.length <= 3 ? 0 : word.length <= 5 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = reach + 1;
  for (const candidate of candidates) {
    if (candidate === word || Math.abs(candidate.length - word.length) > reach) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** How many letters must be changed, added, dropped or swapped with their neighbour (Damerau and Levenshtein). */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const substitution = (last[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const transposition = swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution, transposition));
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? 0;
}
