import { CAPABILITIES_FILE } from '../load.js';
import { ContractError, type Diagnostic, placeText } from '../problem.js';
import { ACCEPTED_FILE, type Acceptance, entryFor, readAcceptedChanges } from './accepted-changes.js';
import { type Change, fingerprintOf } from './change.js';
import { compareContracts, withoutRepeats } from './compare-contracts.js';
import { type ReadVersion, readVersion } from './read-version.js';
import { type Bump, type Dimension, impliedBump, RULES, type Rule, type RuleId, type Verdict } from './rules.js';
import { AgainstError, diskTree, type Tree, treeAtCommit, treeAtPath } from './tree.js';

export { ContractError } from '../problem.js';
export type { Acceptance } from './accepted-changes.js';
export { type Bump, type Dimension, RULES, type Rule, type RuleId, type Verdict } from './rules.js';
export { AgainstError } from './tree.js';

export interface BreakingOptions {
  /** The agent's folder, absolute. */
  readonly folder: string;
  /** What makes a name in messages of a name in the folder, such as `agents/a/`. */
  readonly prefix: string;
  /** `git:REF`, or the path of an agent's folder or of a capabilities file. */
  readonly against: string;
  /** What a path in `against` is relative to. */
  readonly base: string;
  /** The clock, for what has been accepted until a day. */
  readonly now: Date;
}

/** One change, as it is reported. */
export interface JudgedChange extends Diagnostic {
  readonly code: RuleId;
  readonly level: Rule['level'];
  readonly dimension: Dimension;
  readonly verdict: Verdict;
  readonly bump: Bump;
  readonly capability: string | null;
  /** What an entry of accepted-changes.yaml names it by. */
  readonly fingerprint: string;
  /** Present where the change is accepted today. */
  readonly accepted?: Acceptance;
}

export interface Comparison {
  /** In the order of their places. */
  readonly changes: readonly JudgedChange[];
  /** Entries of accepted-changes.yaml that speak of no change. */
  readonly unused: readonly Diagnostic[];
  /** What the next version must be; what is accepted counts as well. */
  readonly bump: Bump;
  /** How many capabilities were compared, of either side. */
  readonly compared: number;
  /** The text of each file that a place lies in. */
  readonly sources: ReadonlyMap<string, string>;
}

/** The code of an entry that speaks of no change, with its meaning. */
export const UNUSED_ACCEPTANCE = {
  code: 'unused-acceptance',
  meaning: 'An entry of accepted-changes.yaml speaks of a change that is not there, or no longer that one.',
  fix: 'Remove the entry.',
} as const;

/**
 * Says what the contract in a folder has changed since an older version of it, and whom that breaks.
 *
 * @throws {AgainstError} when the older version cannot be read or compiled.
 * @throws {ContractError} with every problem of the new contract, or of what has been accepted.
 */
export function findChanges({ folder, prefix, against, base, now }: BreakingOptions): Comparison {
  const tree = diskTree(folder, CAPABILITIES_FILE, prefix);
  const newer = readVersion(tree);
  const older = readOlder(treeOf(against, folder, base));
  const accepted = readAcceptedChanges(tree, now);
  const entries = new Map(accepted.entries.map((entry) => [`${entry.change} ${entry.rule}`, entry] as const));
  const used = new Set<Acceptance>();
  const changes = withoutRepeats(compareContracts(older.version, newer.version))
    .map((change) => {
      const entry = entries.get(`${fingerprintOf(change)} ${change.rule}`);
      if (entry !== undefined) used.add(entry);
      return judge(change, entry, now, prefix);
    })
    .sort(byPlace);
  const names = [older, newer].flatMap(({ version }) => version.model.capabilities.map(({ name }) => name));
  return {
    changes,
    unused: accepted.entries.filter((entry) => !used.has(entry)).map(unusedEntry),
    bump: impliedBump(changes.map(({ code }) => code)),
    compared: new Set(names).size,
    sources: new Map([...older.sources, ...newer.sources, ...accepted.sources]),
  };
}

function treeOf(against: string, folder: string, base: string): Tree {
  const [, ref] = /^git:(.*)$/s.exec(against) ?? [];
  return ref === undefined
    ? treeAtPath(against, base, CAPABILITIES_FILE)
    : treeAtCommit(folder, CAPABILITIES_FILE, ref);
}

function readOlder(tree: Tree): ReadVersion {
  try {
    return readVersion(tree);
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const [first] = error.problems;
    const isMissing = first?.code === 'file-missing' && first.place.file === tree.nameOf(tree.main);
    if (isMissing) throw new AgainstError(`${first.message} ${first.fix}`);
    const what = first === undefined ? '' : ` (${placeText(first.place)} ${first.code}: ${first.message})`;
    throw new AgainstError(`The old contract does not compile today${what}; compare with a version that does.`);
  }
}

function judge(change: Change, entry: Acceptance | undefined, now: Date, prefix: string): JudgedChange {
  const { dimension, verdict, level, bump, fix } = RULES[change.rule];
  const fingerprint = fingerprintOf(change);
  const paste = `To accept this change alone, add to ${prefix}${ACCEPTED_FILE}: ${entryFor(fingerprint, change.rule, now)}`;
  const expired = entry?.isExpired === true ? ` It was accepted until ${entry.until} ("${entry.reason}").` : '';
  return {
    code: change.rule,
    ...{ level, dimension, verdict, bump, fingerprint, capability: change.capability },
    place: change.place,
    message: change.message + expired,
    ...(change.related === undefined ? {} : { related: change.related }),
    fix: level === 'note' ? fix : `${fix} ${paste}`,
    ...(entry === undefined || entry.isExpired ? {} : { accepted: entry }),
  };
}

function unusedEntry({ place, change, rule }: Acceptance): Diagnostic {
  const message = `No change has the fingerprint ${change} under ${rule}.`;
  return { code: UNUSED_ACCEPTANCE.code, place, message, fix: UNUSED_ACCEPTANCE.fix };
}

function byPlace(left: JudgedChange, right: JudgedChange): number {
  if (left.place.file !== right.place.file) return left.place.file < right.place.file ? -1 : 1;
  return left.place.line - right.place.line || left.place.column - right.place.column;
}

/** Every code that a finding may bear, with what it means. */
export function describedRules(): { readonly code: string; readonly meaning: string; readonly fix: string }[] {
  const rules = Object.entries(RULES).map(([code, { meaning, fix }]) => ({ code, meaning, fix }));
  return [...rules, UNUSED_ACCEPTANCE];
}
