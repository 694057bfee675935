import type { SourceDocument } from './document.js';
import type { Path } from './json.js';
import type { AgentNames, CapabilityNames } from './model.js';
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
  Symbol Bus BusConfig Call Caller CapabilityContract Check ConnectOptions Contract Implementation JsonSchema
  ServeOptions Service Skill ToolDefinition TransportLoaders Validator`.split(/\s+/),
);

/** Values that generated modules import, and the object that a user's skills are put together in. */
const TAKEN_VALUES: ReadonlySet<string> = new Set(
  `addViolation addViolations codePointLength connect createCall deepEqual defineCheck defineValidator formats implement serve
  skills`.split(/\s+/),
);

/** `review-pr` → `ReviewPr`: what the types of a capability or an agent begin with, their own word to follow. */
export function typePrefix(name: string): string {
  const parts = name
    .normalize('NFC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .split(/[^\p{ID_Continue}]+|_+/u)
    .filter((part) => part !== '');
  const joined = parts.map((part) => capitalise(part)).join('');
  return /^\p{ID_Start}/u.test(joined) ? joined : `_${joined}`;
}

/** `finding` → `Finding`, `error` → `Error_`: the type of a definition, which stands alone. */
export function typeIdentifier(name: string): string {
  const identifier = typePrefix(name);
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
  return RESERVED.has(identifier) || TAKEN_VALUES.has(identifier) ? `${identifier}_` : identifier;
}

/** What the names of an agent begin with. An id may begin with a digit, and a name may not. */
export function agentNames(id: string): AgentNames {
  const name = /^\d/.test(id) ? `agent-${id}` : id;
  return { type: typePrefix(name), value: valueIdentifier(name) };
}

/** `ReviewPrInput` → `reviewPrInput`. */
export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
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

/** Whether a constant of that name may stand beside those of a validator. */
export function isFreeValueName(name: string): boolean {
  return !RESERVED.has(name) && !TAKEN_VALUES.has(name) && !/^(?:validate|func|pattern|schema|formats)\d*$/.test(name);
}

/** Two capability names with one key are one name to people and to case-insensitive disks. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '');
}

function capitalise(part: string): string {
  return part.charAt(0).toUpperCase() + part.slice(1);
}

/** The names that an agent leads to. */
export function agentExports({ type, value }: AgentNames): string[] {
  return [
    ...[`${type}Client`, `create${type}Client`, `${type}Contract`, `${value}Contract`],
    ...[`${type}Skills`, `serve${type}`, `${value}Tools`],
  ];
}

/** What a capability is called in code. */
export function capabilityNames(name: string): CapabilityNames {
  return { type: typePrefix(name), member: memberIdentifier(name), value: valueIdentifier(name) };
}

/** The names that a capability leads to, with the type names of its schemas. */
export function capabilityExports({ type, member }: CapabilityNames, typeNames: readonly string[]): string[] {
  const own = [`${type}Errors`, `${type}Skill`, `${member}Capability`];
  return [...own, ...typeNames.flatMap((typeName) => [typeName, lowerFirst(typeName)])];
}

/** A name that generated code exports, and what it comes from. */
export interface Declaration {
  readonly name: string;
  /** Asked for only where two collide. */
  place(): Place;
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
    const { name, what, isDefinition } = declaration;
    const first = byName.get(name) ?? (isDefinition ? files.get(name.toLowerCase()) : undefined);
    if (first === undefined) {
      byName.set(name, declaration);
      if (isDefinition) files.set(name.toLowerCase(), declaration);
      continue;
    }
    // Two that meet in one name often meet in several, and one rename mends them all.
    const [place, firstPlace] = [declaration.place(), first.place()];
    const pair = JSON.stringify([place, firstPlace]);
    if (reported.has(pair)) continue;
    reported.add(pair);
    problems.push({
      code: 'name-collision',
      place,
      message: `${what.charAt(0).toUpperCase()}${what.slice(1)} leads to the name ${name}, which ${first.what} leads to as well.`,
      fix: isDefinition ? 'Give the definition a name of its own with x-ts-name.' : 'Rename one of the two.',
      related: { place: firstPlace, message: `It comes from ${first.what} at` },
    });
  }
  return problems;
}

/** The problem of a name that stands twice in one list. */
export function duplicateName(what: string, name: string, document: SourceDocument, path: Path, first: Path): Problem {
  return {
    code: 'duplicate-name',
    place: document.place(path),
    message: `A ${what} named "${name}" already exists; names that differ only by case, - or _ count as one.`,
    fix: 'Rename one of the two, or remove it.',
    related: { place: document.place(first), message: 'The first one stands at' },
  };
}
