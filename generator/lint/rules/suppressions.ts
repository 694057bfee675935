import type { LintRule } from '../rule.js';

/** Rules about the comments that accept findings. They are checked when all findings are known. */
export const suppressionRules: readonly LintRule[] = [
  {
    id: 'suppression-without-reason',
    level: 'error',
    meaning: 'A comment "declaragent-ignore" has no rule or no reason, and suppresses nothing.',
    why: 'Who reads it a year later has to know whether it still holds.',
    fix: 'Write "# declaragent-ignore rule-id: the reason".',
  },
  {
    id: 'malformed-suppression',
    level: 'error',
    meaning: 'A comment begins with "declaragent-", in any case of letters, and is not a suppression.',
    why: 'It suppresses nothing, and whoever wrote it believed that it does.',
    fix: 'Write "# declaragent-ignore rule-id: the reason".',
  },
  {
    id: 'unknown-suppression',
    level: 'warning',
    meaning: 'A comment "declaragent-ignore" names a rule that does not exist, or a problem that cannot be suppressed.',
    why: 'It suppresses nothing, and the finding that it was meant for stays.',
    fix: 'Write the id that the finding bears, or remove the comment.',
  },
  {
    id: 'unused-suppression',
    level: 'warning',
    meaning: 'A comment "declaragent-ignore" stands where the rule finds nothing.',
    why: 'Left behind, it would hide the next finding of the rule in its line.',
    fix: 'Remove it, or move it to the line of the finding or to the one above.',
  },
];
