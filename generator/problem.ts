/** Where in a file: `line` and `column` count from 1, `endColumn` is exclusive and on the same line. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
}

/** One thing to say about a place in a file, in a form that prints for people and serialises for machines. */
export interface Diagnostic {
  /** Stable: documentation, suppressions and machines refer to it. */
  readonly code: string;
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

/** A diagnostic that keeps a contract from being compiled. */
export interface Problem extends Diagnostic {
  readonly code: ProblemCode;
}

/** Every code a problem can bear, with what it means. Documentation and fixtures walk this table. */
export const PROBLEMS = {
  'file-missing': 'A file that another one names, or that the command needs, is not there.',
  'file-unreadable':
    'A file is there but cannot be read, is larger than 4 MiB, is not UTF-8, or lies outside the folder.',
  'yaml-syntax': 'The file is not one well-formed YAML document.',
  'duplicate-key': 'A mapping holds one key twice.',
  'not-json': 'A value has no JSON form, such as .nan, or is text with half a character.',
  'too-deep': 'The file nests deeper than 100 levels, or its schemas lead to more work than can be done.',
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
  'exponential-pattern': 'A pattern would let a short text keep a process busy for seconds or for ever.',
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

function byPlace(left: Problem, right: Problem): number {
  if (left.place.file !== right.place.file) return left.place.file < right.place.file ? -1 : 1;
  return left.place.line - right.place.line || left.place.column - right.place.column;
}
