import type { SourceDocument } from './document.js';
import type { Problem } from './problem.js';

/** The problem of a contract whose schemas fill the stack of whoever follows them. */
export function tooDeep(document: SourceDocument | null): Problem {
  return {
    code: 'too-deep',
    place: document?.place(['capabilities'], 'key') ?? { file: '', line: 1, column: 1 },
    message: 'A schema nests, or refers from definition to definition, more deeply than can be compiled.',
    fix: 'Shorten chains of references, and split unions of thousands of branches.',
  };
}
