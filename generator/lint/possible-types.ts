import { TYPES } from '../dialect.js';
import type { LintContract, SchemaNode } from './contract.js';

/** Types of JSON Schema, of which `number` means one with a fraction here, so that no value is of two. */
export type TypeSet = ReadonlySet<string>;

/** What one keyword of a schema leaves of the types that its values may have. */
export interface Claim {
  readonly keyword: string;
  readonly types: TypeSet;
}

export interface PossibleTypes {
  /** The types that values of a schema may have: too many rather than too few. */
  of(node: SchemaNode): TypeSet;
  /** What each keyword leaves, all of which must hold at once. */
  claims(node: SchemaNode): Claim[];
}

const ALL: TypeSet = new Set(TYPES);

/** No more schemas of one value than this, one inside the other, are followed: a chain may be longer than the stack. */
const DEEPEST = 200;

/** Reads the possible types off schemas, once for each. */
export function createPossibleTypes(contract: LintContract): PossibleTypes {
  const known = new Map<SchemaNode, TypeSet>();
  let depth = 0;

  const typesOf = (node: SchemaNode | undefined): TypeSet => {
    if (node === undefined || depth > DEEPEST) return ALL;
    const found = known.get(node);
    if (found !== undefined) return found;
    // For a schema that leads back to itself.
    known.set(node, ALL);
    depth += 1;
    const types = claims(node).reduce((left, claim) => intersect(left, claim.types), ALL);
    depth -= 1;
    known.set(node, types);
    return types;
  };

  const claims = (node: SchemaNode): Claim[] => {
    const { schema, children, scope } = node;
    const target = contract.target(node);
    const referred = target === undefined ? [] : [{ keyword: '$ref', types: typesOf(target) }];
    // In draft-07 a reference hides what stands beside it.
    if (scope.draft === 'draft-07' && schema['$ref'] !== undefined) return referred;
    const parts = children.filter(({ keyword }) => keyword === 'allOf');
    return [
      ...ownClaim(node),
      ...referred,
      ...parts.map((child) => ({ keyword: 'allOf', types: typesOf(child) })),
      ...['anyOf', 'oneOf'].flatMap((keyword) => unionClaim(node, keyword)),
    ];
  };

  const unionClaim = ({ schema, children }: SchemaNode, keyword: string): Claim[] => {
    const branches: unknown = schema[keyword];
    if (!Array.isArray(branches) || branches.some((branch) => branch === true)) return [];
    const nodes = children.filter((child) => child.keyword === keyword);
    return [{ keyword, types: new Set(nodes.flatMap((child) => [...typesOf(child)])) }];
  };

  return { of: typesOf, claims };
}

/** What is common to two sets. */
export function intersect(left: TypeSet, right: TypeSet): TypeSet {
  return new Set([...left].filter((type) => right.has(type)));
}

/** A set as people write it: `number` for numbers with and without a fraction. */
export function typeNames(types: TypeSet): string {
  const names = TYPES.filter((type) => types.has(type) && !(type === 'integer' && types.has('number')));
  return names.map((type) => `"${type}"`).join(' or ');
}

/** What `type`, `enum` and `const` leave; where they leave nothing, another rule speaks of it. */
function ownClaim({ schema }: SchemaNode): Claim[] {
  const { type, enum: values } = schema;
  const named: TypeSet = type === undefined ? ALL : new Set((Array.isArray(type) ? type : [type]).flatMap(expand));
  const listed: unknown[] = Object.hasOwn(schema, 'const') ? [schema['const']] : Array.isArray(values) ? values : [];
  const both = listed.length === 0 ? named : intersect(named, new Set(listed.map(typeOf)));
  const keyword = type !== undefined ? 'type' : Object.hasOwn(schema, 'const') ? 'const' : 'enum';
  return [{ keyword, types: both.size === 0 ? named : both }];
}

function expand(type: unknown): string[] {
  return type === 'number' ? ['number', 'integer'] : [String(type)];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
