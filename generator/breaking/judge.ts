import type { Diagnostic } from '../problem.js';
import { type Acceptance, type AcceptedChanges, pasteFor } from './accepted-changes.js';
import { type Change, fingerprintOf } from './change.js';
import { FOLDER_FINDINGS } from './folder-findings.js';
import { listNames } from './merge-changes.js';
import { type Bump, type Dimension, RULES, type Rule, type RuleId, type Verdict } from './rules.js';

/** One change, as it is reported. */
export interface JudgedChange extends Diagnostic {
  readonly code: RuleId;
  readonly level: Rule['level'];
  readonly dimension: Dimension;
  readonly verdict: Verdict;
  readonly bump: Bump;
  /** Every capability that it reaches; none where it belongs to the agent. */
  readonly capabilities: readonly string[];
  /** What an entry of accepted-changes.yaml names it by. */
  readonly fingerprint: string;
  /** Present where the change is accepted today. */
  readonly accepted?: Acceptance;
}

export interface Judgement {
  /** In the order of their places. */
  readonly changes: readonly JudgedChange[];
  /** Entries of accepted-changes.yaml that speak of no change. */
  readonly unused: readonly Diagnostic[];
}

/** Holds changes against what has been accepted; `prefix` makes a name in messages of a name in the folder. */
export function judgeChanges(changes: readonly Change[], known: AcceptedChanges, now: Date, prefix: string): Judgement {
  const entries = new Map(known.entries.map((entry) => [`${entry.change} ${entry.rule}`, entry] as const));
  const used = new Set<Acceptance>();
  const judged = changes.map((change) => {
    const fingerprint = fingerprintOf(change);
    const entry = entries.get(`${fingerprint} ${change.rule}`);
    if (entry !== undefined) used.add(entry);
    return judge(change, fingerprint, entry, pasteFor(fingerprint, change.rule, now, prefix, known.isThere));
  });
  return {
    changes: judged.sort(byPlace),
    unused: known.entries.filter((entry) => !used.has(entry)).map(unusedEntry),
  };
}

function judge(change: Change, fingerprint: string, entry: Acceptance | undefined, paste: string): JudgedChange {
  const { dimension, verdict, level, bump, fix } = RULES[change.rule];
  const expired = entry?.isExpired === true ? ` It was accepted until ${entry.until} ("${entry.reason}").` : '';
  return {
    code: change.rule,
    ...{ level, dimension, verdict, bump, fingerprint, capabilities: change.capabilities },
    place: change.place,
    message: change.message(listNames(change.capabilities)) + expired,
    ...(change.related === undefined ? {} : { related: change.related }),
    fix: level === 'note' ? fix : `${fix} ${paste}`,
    ...(entry === undefined || entry.isExpired ? {} : { accepted: entry }),
  };
}

function unusedEntry({ place, change, rule }: Acceptance): Diagnostic {
  const message = `No change has the fingerprint ${change} under ${rule}.`;
  return { code: 'unused-acceptance', place, message, fix: FOLDER_FINDINGS['unused-acceptance'].fix };
}

function byPlace(left: JudgedChange, right: JudgedChange): number {
  if (left.place.file !== right.place.file) return left.place.file < right.place.file ? -1 : 1;
  return left.place.line - right.place.line || left.place.column - right.place.column;
}
