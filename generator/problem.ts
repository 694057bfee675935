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

/** What is known of every problem with one code. */
export interface ProblemKind {
  /** One sentence: what is wrong. */
  readonly meaning: string;
  /** One sentence: what to do, where that is the same at every place. */
  readonly fix?: string;
}

/** Every code a problem can bear. Documentation, `explain` and fixtures walk this table. */
export const PROBLEMS = {
  'file-missing': { meaning: 'A file that another one names, or that the command needs, is not there.' },
  'file-unreadable': {
    meaning: 'A file is there but cannot be read, is larger than 4 MiB, is not UTF-8, or lies outside the folder.',
  },
  'yaml-syntax': {
    meaning: 'The file is not one well-formed YAML document.',
    fix: 'Correct the indentation or put the value in quotes: one that holds ": " or " #", or begins with one of @ ` % & * ! | > [ { needs them.',
  },
  'duplicate-key': {
    meaning: 'A mapping holds one key twice.',
    fix: 'Keep one of the two, or give the other the name that was meant.',
  },
  'not-json': { meaning: 'A value has no JSON form, such as .nan, or is text with half a character.' },
  'too-deep': {
    meaning: 'The file nests deeper than 100 levels, or its schemas lead to more work than can be done.',
    fix: 'Write inner schemas as shared definitions that refer to each other, or split the contract.',
  },
  'unknown-key': { meaning: 'The file has a key that the format does not know.' },
  'missing-key': { meaning: 'A required key is absent.' },
  'wrong-type': { meaning: 'A value is of another type than the format asks for.' },
  'wrong-value': { meaning: 'A value is of the right type but not a legal one.' },
  'bad-name': { meaning: 'A name or address breaks the rule for such names.' },
  'duplicate-name': { meaning: 'Two capabilities, error codes or peers have one name.' },
  'name-collision': {
    meaning: 'Two declarations lead to one TypeScript name.',
    fix: 'Rename one of the two, or give a definition another name in TypeScript with "x-ts-name:".',
  },
  'unknown-dialect': {
    meaning: '$schema names a dialect other than JSON Schema 2020-12 and draft-07.',
    fix: 'Remove "$schema:", which means 2020-12, and translate the schema where it needs another.',
  },
  'unknown-type': { meaning: 'type is none of the seven that JSON Schema knows.' },
  'invalid-schema': { meaning: 'The meta-schema of JSON Schema refuses the schema.' },
  'invalid-pattern': {
    meaning: 'A pattern is not a regular expression under the u flag.',
    fix: 'Put a backslash before { } [ ] ( ) where they mean themselves, and before nothing that means itself anyway.',
  },
  'exponential-pattern': {
    meaning: 'A pattern would let a short text keep a process busy for seconds or for ever.',
    fix: 'Bound the text with "maxLength:" beside the pattern, or rewrite it so that repeats inside or behind each other cannot take the same characters; "# declaragent-ignore exponential-pattern: the reason" above it accepts it.',
  },
  'misspelt-keyword': {
    meaning: 'A keyword is almost, but not quite, one that JSON Schema knows.',
    fix: 'Write the keyword that was meant, or put "x-" before a remark of your own.',
  },
  'unsupported-keyword': { meaning: 'A keyword of JSON Schema that declaragent does not compile.' },
  'executable-keyword': {
    meaning: 'A keyword that a library would run or paste as code.',
    fix: 'Remove it: "x-ts-name" names a type, and nothing in a schema may be code.',
  },
  'unresolved-ref': {
    meaning: 'A $ref points to nothing.',
    fix: 'Write "#/definitions/Name" for a shared definition, "#/$defs/Name" for one of the same schema, or "file.yaml#/Name" for one of a file in the folder.',
  },
  'remote-ref': {
    meaning: 'A $ref points outside the folder of the contract, or to the network.',
    fix: 'Copy the schema into a file in the folder of the contract, and refer to that.',
  },
  'circular-ref': {
    meaning: 'A schema refers to itself with no property or item in between, so no value could ever be checked.',
    fix: 'Put a property or an item between the schema and the reference to itself, or remove the reference.',
  },
  'example-mismatch': {
    meaning: 'An example breaks the schema it is an example of.',
    fix: 'Correct the example, or the schema if the example is right.',
  },
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
