import { CAPABILITIES_FILE } from '../files.js';
import { ContractError, type Diagnostic, placeText } from '../problem.js';
import { readAcceptedChanges } from './accepted-changes.js';
import { AgainstError } from './against-error.js';
import { type Commit, openCommit } from './commit.js';
import { compareContracts } from './compare-contracts.js';
import { findContracts } from './contracts-at-commit.js';
import { FOLDER_FINDINGS, type FolderFindingCode } from './folder-findings.js';
import { type Judgement, judgeChanges } from './judge.js';
import { mergeChanges } from './merge-changes.js';
import { type ReadVersion, readVersion } from './read-version.js';
import { type Bump, impliedBump } from './rules.js';
import { diskTree, isOnDisk, type Tree, treeAtCommit, treeAtPath } from './tree.js';

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

export interface Comparison extends Judgement {
  /** What there is to say of the folder: that it is new, say. */
  readonly about: readonly (Diagnostic & { readonly code: FolderFindingCode })[];
  /** What the next version must be; what is accepted counts as well. */
  readonly bump: Bump;
  /** How many capabilities were compared, of either side. */
  readonly compared: number;
  /** The text of each file that a place lies in. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Says what the contract in a folder has changed since an older version of it, and whom that breaks. Against a commit, a
 * contract that was in another folder is found by its agent's address, and one that was in none is new.
 *
 * @throws {AgainstError} when the older version cannot be read or compiled.
 * @throws {ContractError} with every problem of the new contract, or of what has been accepted.
 */
export function findChanges(options: BreakingOptions): Comparison {
  const { folder, prefix, against, base } = options;
  const tree = diskTree(folder, CAPABILITIES_FILE, prefix);
  const ref = refIn(against);
  if (ref === undefined) return compare(readVersion(tree), treeAtPath(against, base, CAPABILITIES_FILE), tree, options);
  const commit = openCommit(folder, ref);
  const older = treeAtCommit(commit, commit.prefix, CAPABILITIES_FILE);
  const isThere = isOnDisk(folder, CAPABILITIES_FILE);
  // A link in the place of the contract was there, and is refused where it is read.
  const wasThere = commit.isNamed(commit.prefix + CAPABILITIES_FILE);
  if (!isThere) return withoutContract(options, wasThere, commit);
  const newer = readVersion(tree);
  if (wasThere) return compare(newer, older, tree, options);
  const { agent } = newer.version.model;
  const before = whereItWas(commit, agent, folder);
  if (before === undefined) {
    const message = `There is no contract of ${agent} at ${ref}: it is new and breaks nobody.`;
    const compared = newer.version.model.capabilities.length;
    return { ...nothingFound(compared), about: [about('contract-added', prefix, message)], sources: newer.sources };
  }
  const message = `At ${ref} the contract of ${agent} was in ${before === '' ? 'the top folder' : before}; it is compared with that.`;
  const moved = compare(newer, treeAtCommit(commit, before, CAPABILITIES_FILE), tree, options);
  return { ...moved, about: [about('contract-moved', prefix, message)] };
}

/** The name of a commit in `git:REF`; undefined for a path. */
export function refIn(against: string): string | undefined {
  return /^git:(.*)$/s.exec(against)?.[1];
}

function compare(newer: ReadVersion, olderTree: Tree, tree: Tree, { now, prefix }: BreakingOptions): Comparison {
  const older = readOlder(olderTree);
  const accepted = readAcceptedChanges(tree, now);
  const found = mergeChanges(compareContracts(older.version, newer.version));
  const names = [older, newer].flatMap(({ version }) => version.model.capabilities.map(({ name }) => name));
  return {
    ...judgeChanges(found, accepted, now, prefix),
    about: [],
    bump: impliedBump(found.map(({ rule }) => rule)),
    compared: new Set(names).size,
    sources: new Map([...older.sources, ...newer.sources, ...accepted.sources]),
  };
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

/** Where the contract of an agent was: first of all in a folder that no longer has it. */
function whereItWas(commit: Commit, agent: string, folder: string): string | undefined {
  const found = findContracts(commit, folder, agent);
  return (found.find(({ isStillThere }) => !isStillThere) ?? found[0])?.prefix;
}

function withoutContract({ folder, prefix }: BreakingOptions, wasThere: boolean, commit: Commit): Comparison {
  const place = prefix === '' ? 'The folder' : prefix;
  if (!isOnDisk(folder) && !wasThere) {
    const message = `There is no folder ${prefix}, neither on the disk nor at the commit.`;
    return { ...nothingFound(0), about: [about('folder-missing', prefix, message)] };
  }
  // What has become of an agent that was here is found out for all folders together.
  const message = wasThere
    ? `${place} has no ${CAPABILITIES_FILE} any more; it had one in ${commit.nameOf(commit.prefix)}.`
    : `${place} has no ${CAPABILITIES_FILE}, neither on the disk nor at the commit; it was passed over.`;
  return { ...nothingFound(0), about: [about('contract-absent', prefix, message)] };
}

function nothingFound(compared: number): Comparison {
  return { changes: [], unused: [], about: [], bump: 'none', compared, sources: new Map() };
}

function about(code: FolderFindingCode, prefix: string, message: string): Comparison['about'][number] {
  const place = { file: prefix + CAPABILITIES_FILE, line: 1, column: 1 };
  return { code, place, message, fix: FOLDER_FINDINGS[code].fix };
}
