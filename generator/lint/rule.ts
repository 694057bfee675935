import type { SourceDocument } from '../document.js';
import type { Path } from '../json.js';
import type { LintContract, SchemaNode } from './contract.js';

/** How much a finding weighs: an error is surely a mistake, a warning may be meant, a note is there to be known. */
export type LintLevel = 'error' | 'warning' | 'note';

/** The end of what to do, where callers of the contract as it is may depend on what it lets in. */
export const IF_PUBLISHED = 'in a published contract this is a breaking change';

/** What a rule says of one place; the rest is the same for all findings of the rule. */
export interface Remark {
  readonly document: SourceDocument;
  readonly path: Path;
  /** Whether the key is meant instead of the value. */
  readonly part?: 'key' | 'value';
  readonly message: string;
  /** What to do here, where that is more than the rule says in general. */
  readonly fix?: string;
  readonly near?: string | undefined;
  readonly expected?: string;
}

/** A rule of lint: a row of the table that `docs/lint.md` and `explain` are printed from. */
export interface LintRule {
  readonly id: string;
  readonly level: LintLevel;
  /** One sentence: what is reported. */
  readonly meaning: string;
  /** One or two sentences: why that matters. */
  readonly why: string;
  /** One sentence: what to do. */
  readonly fix: string;
  /** Absent for rules about suppressions, which are checked when all findings are known. */
  readonly check?: (contract: LintContract) => Iterable<Remark>;
}

/** A check of every schema by itself. */
export function eachSchema(
  check: (node: SchemaNode, contract: LintContract) => Iterable<Remark>,
): (contract: LintContract) => Iterable<Remark> {
  return function* (contract) {
    for (const node of contract.schemas) yield* check(node, contract);
  };
}

/** A remark about a place inside a schema. */
export function remarkAt(
  { document, path }: SchemaNode,
  inside: Path,
  message: string,
  more: Omit<Remark, 'document' | 'path' | 'message'> = {},
): Remark {
  return { document, path: [...path, ...inside], message, ...more };
}
