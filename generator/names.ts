import type { Place, Problem } from './problem.js';

/*
 * Identifiers, each made from its own capability or definition alone: never from a neighbour, never from an order. So
 * an edit renames nothing but what it touches, and two names that meet are an error instead of a silent suffix.
 */

/** Words that cannot name a value or a type in a module. */
const RESERVED: ReadonlySet<string> = new Set(
  `await break case catch class const continue debugger default delete do else enum export extends false finally for
  function if implements import in instanceof interface let new null package private protected public return static
  super switch this throw true try typeof undefined var void while with yield arguments eval async of get set`.split(
    /\s+/,
  ),
);

/** Types and values that generated modules use; a definition of the same name would hide them. */
const TAKEN: ReadonlySet<string> = new Set(
  `Array Boolean Date Error Function Infinity JSON Map Math NaN Number Object Promise Proxy Record RegExp Set String
  Symbol Bus BusConfig Call CapabilityContract Check ConnectOptions Contract Implementation JsonSchema ServeOptions Service Skill
  ToolDefinition TransportLoaders Validator`.split(/\s+/),
);

/** `review-pr` → `ReviewPr`: the parts between separators, each with its first letter in upper case. */
export function typeIdentifier(name: string): string {
  const parts = name
    .normalize('NFC')
    .split(/[^\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}]+/u)
    .filter((part) => part !== '');
  const joined = parts.map((part) => capitalise(part)).join('');
  const identifier = /^[\p{L}\p{Nl}]/u.test(joined) ? joined : `_${joined}`;
  return TAKEN.has(identifier) || RESERVED.has(identifier) ? `${identifier}_` : identifier;
}

/** `review-pr` → `reviewPr`, as a member's name, which may be a reserved word. */
export function memberIdentifier(name: string): string {
  const [first = '', ...rest] = name.split(/[-_]+/).filter((part) => part !== '');
  return first.charAt(0).toLowerCase() + first.slice(1) + rest.map((part) => capitalise(part)).join('');
}

/** `review-pr` → `reviewPr`, `delete` → `delete_`: as the name of a constant. */
export function valueIdentifier(name: string): string {
  const member = memberIdentifier(name);
  const identifier = /^\d/.test(member) ? `_${member}` : member;
  return RESERVED.has(identifier) ? `${identifier}_` : identifier;
}

/** `DIFF_TOO_LARGE` → `DiffTooLarge`. */
export function codeIdentifier(code: string): string {
  return code
    .split('_')
    .filter((part) => part !== '')
    .map((part) => part.charAt(0) + part.slice(1).toLowerCase())
    .join('');
}

/** Whether a name that x-ts-name gives may stand in generated code. */
export function isFreeTypeName(name: string): boolean {
  return !TAKEN.has(name) && !RESERVED.has(name);
}

/** Two capability names with one key are one name to people and to case-insensitive disks. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

function capitalise(part: string): string {
  return part.charAt(0).toUpperCase() + part.slice(1);
}

/** A name that generated code exports, and what it comes from. */
export interface Declaration {
  readonly name: string;
  readonly place: Place;
  /** `the capability "review-pr"`. */
  readonly what: string;
  /** Definitions have a file each, so theirs must differ by more than case. */
  readonly isDefinition: boolean;
}

/** Finds names that two declarations would both export, and shows both places. */
export function findCollisions(declarations: readonly Declaration[]): Problem[] {
  const byName = new Map<string, Declaration>();
  const files = new Map<string, Declaration>();
  const problems: Problem[] = [];
  const reported = new Set<string>();
  for (const declaration of declarations) {
    const { name, place, what, isDefinition } = declaration;
    const first = byName.get(name) ?? (isDefinition ? files.get(name.toLowerCase()) : undefined);
    if (first === undefined) {
      byName.set(name, declaration);
      if (isDefinition) files.set(name.toLowerCase(), declaration);
      continue;
    }
    // Two that meet in one name often meet in several, and one rename mends them all.
    const pair = JSON.stringify([place, first.place]);
    if (reported.has(pair)) continue;
    reported.add(pair);
    problems.push({
      code: 'name-collision',
      place,
      message: `${what.charAt(0).toUpperCase()}${what.slice(1)} leads to the name ${name}, which ${first.what} leads to as well.`,
      fix: isDefinition ? 'Give the definition a name of its own with x-ts-name.' : 'Rename one of the two.',
      related: { place: first.place, message: `It comes from ${first.what} at` },
    });
  }
  return problems;
}
