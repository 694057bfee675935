import type { Diagnostic, Place } from '../problem.js';
import { nearest } from '../spelling.js';
import { type ReadSuppressions, SUPPRESSIBLE_PROBLEMS, type Suppression, suppressionOf } from '../suppressions.js';
import type { LintLevel } from './rule.js';
import { LINT_RULES } from './rules.js';

/** What lint says of one place. */
export interface LintFinding extends Diagnostic {
  readonly level: LintLevel;
  /** The reason that a comment gives for leaving it as it is. */
  readonly accepted?: string;
}

export type Levels = ReadonlyMap<string, LintLevel | 'off'>;

/** The findings, those with a reason beside them marked as accepted, and what is wrong with the comments themselves. */
export function applySuppressions(
  findings: readonly LintFinding[],
  { suppressions, malformed }: ReadSuppressions,
  levels: Levels,
): LintFinding[] {
  const used = new Set<Suppression>();
  const marked = findings.map((finding) => {
    const suppression = suppressionOf(finding.code, finding.place, suppressions);
    if (suppression === undefined) return finding;
    used.add(suppression);
    return { ...finding, accepted: suppression.reason };
  });
  const objections = suppressions.flatMap((suppression): Objection[] => {
    const objection = objectionTo(suppression, used.has(suppression), levels);
    return objection === null ? [] : [{ ...objection, place: suppression.place }];
  });
  objections.push(...malformed.map((comment): Objection => ({ rule: 'malformed-suppression', ...comment })));
  return [...marked, ...objections.flatMap((objection) => findingsOf(objection, levels))];
}

function findingsOf({ rule, place, message, near }: Objection, levels: Levels): LintFinding[] {
  const level = levels.get(rule) ?? 'off';
  const row = LINT_RULES.find(({ id }) => id === rule);
  if (row === undefined || level === 'off') return [];
  return [{ code: rule, level, place, message, ...(near === undefined ? {} : { near }), fix: row.fix }];
}

/** What is wrong with a comment. */
interface Objection {
  readonly rule: 'suppression-without-reason' | 'malformed-suppression' | 'unknown-suppression' | 'unused-suppression';
  readonly place: Place;
  readonly message: string;
  readonly near?: string | undefined;
}

function objectionTo({ rule, reason }: Suppression, isUsed: boolean, levels: Levels): Omit<Objection, 'place'> | null {
  if (rule === '') return { rule: 'suppression-without-reason', message: 'This comment names no rule.' };
  if (reason === '')
    return { rule: 'suppression-without-reason', message: `Nothing says why "${rule}" is ignored here.` };
  // Whether codegen would have found something only codegen knows.
  if (SUPPRESSIBLE_PROBLEMS.includes(rule)) return null;
  const level = levels.get(rule);
  if (level === undefined) {
    const near = nearest(rule, [...levels.keys()]);
    return { rule: 'unknown-suppression', message: `There is no rule "${rule}" to ignore.`, near };
  }
  // A rule that is switched off finds nothing, and the comment is for when it is on.
  if (isUsed || level === 'off') return null;
  return { rule: 'unused-suppression', message: `"${rule}" finds nothing here.` };
}
