import type { Diagnostic } from '../problem.js';
import { nearest } from '../spelling.js';
import { SUPPRESSIBLE_PROBLEMS, type Suppression, suppressionOf } from '../suppressions.js';
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
  suppressions: readonly Suppression[],
  levels: Levels,
): LintFinding[] {
  const used = new Set<Suppression>();
  const marked = findings.map((finding) => {
    const suppression = suppressionOf(finding.code, finding.place, suppressions);
    if (suppression === undefined) return finding;
    used.add(suppression);
    return { ...finding, accepted: suppression.reason };
  });
  const objections = suppressions.flatMap((suppression) => {
    const { rule, place } = suppression;
    const objection = objectionTo(suppression, used.has(suppression), levels);
    if (objection === null) return [];
    const level = levels.get(objection.rule) ?? 'off';
    const row = LINT_RULES.find(({ id }) => id === objection.rule);
    if (row === undefined || level === 'off') return [];
    const { message } = objection;
    const near = objection.rule === 'unknown-suppression' ? nearest(rule, [...levels.keys()]) : undefined;
    return [{ code: row.id, level, place, message, ...(near === undefined ? {} : { near }), fix: row.fix }];
  });
  return [...marked, ...objections];
}

interface Objection {
  readonly rule: 'suppression-without-reason' | 'unknown-suppression' | 'unused-suppression';
  readonly message: string;
}

function objectionTo({ rule, reason }: Suppression, isUsed: boolean, levels: Levels): Objection | null {
  if (rule === '') return { rule: 'suppression-without-reason', message: 'This comment names no rule.' };
  if (reason === '')
    return { rule: 'suppression-without-reason', message: `Nothing says why "${rule}" is ignored here.` };
  // Whether codegen would have found something only codegen knows.
  if (SUPPRESSIBLE_PROBLEMS.includes(rule)) return null;
  const level = levels.get(rule);
  if (level === undefined) return { rule: 'unknown-suppression', message: `There is no rule "${rule}" to ignore.` };
  // A rule that is switched off finds nothing, and the comment is for when it is on.
  if (isUsed || level === 'off') return null;
  return { rule: 'unused-suppression', message: `"${rule}" finds nothing here.` };
}
