import type { Path } from '../json.js';
import type { Conjunction, SchemaNode } from './schema-node.js';

/** What of a schema keeps a value out that the other accepts; rules are chosen by it. */
export type Reason =
  | 'type'
  | 'value'
  | 'bound'
  | 'pattern'
  | 'required'
  | 'closed'
  | 'undeclared'
  | 'union'
  | 'condition';

/** One place where it is not so, or not known, that all values of one schema are values of the other. */
export interface Gap {
  readonly reason: Reason;
  /** Keywords, names and indexes from the root of the narrower schema, through references. */
  readonly trail: Path;
  /** The schema that may refuse a value, and its keyword. */
  readonly narrow: SchemaNode;
  readonly keyword: string;
  /** What is known of the values there. */
  readonly wide: Conjunction;
  /** The name of the property spoken of, where it is one. */
  readonly name?: string;
  /** The schema of a property that the narrower schema declares and the other does not. */
  readonly declared?: SchemaNode;
  /** Whether the proof was given up, so that there is nothing to find by looking for a value. */
  readonly isGivenUp?: boolean;
}

/** What the obligations of keywords are given: proofs of smaller claims. */
export interface Prover {
  /** Why not every value of the conjunction is one of the schema; nothing where every one is. */
  check(wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[];
  /** Whether it can be proved that every value is one of the schema. */
  proves(wide: Conjunction, narrow: SchemaNode): boolean;
  /** Whether it can be proved that there is no value. */
  isEmpty(wide: Conjunction): boolean;
}

/** What one keyword of a schema asks of the values of a conjunction. */
export interface Obligation {
  /** The keyword whose presence brings the obligation. */
  readonly keyword: string;
  check(prover: Prover, wide: Conjunction, narrow: SchemaNode, trail: Path): readonly Gap[];
}

/** The one gap of a keyword. */
export function gapAt(
  reason: Reason,
  keyword: string,
  wide: Conjunction,
  narrow: SchemaNode,
  trail: Path,
  name?: string,
): readonly Gap[] {
  return [{ reason, keyword, wide, narrow, trail: [...trail, keyword], ...(name === undefined ? {} : { name }) }];
}
