import type { ReviewPrSkill } from '../generated/pr-reviewer/index.js';
import { type Diff, DiffSyntaxError } from '../review/diff.js';
import { readChange } from '../review/read-change.js';
import { reviewDiff } from '../review/review-diff.js';
import { parseUnifiedDiff } from '../review/unified-diff.js';

export const reviewPr: ReviewPrSkill = async ({ change, maxFindings }, ctx) => {
  const read = await readChange(change, ctx.signal);
  if (!read.ok) {
    return read.code === 'DIFF_TOO_LARGE'
      ? ctx.fail(read.code, read.message, read.details)
      : ctx.fail(read.code, read.message);
  }
  const diff = parse(read.text);
  if (diff instanceof DiffSyntaxError) {
    return ctx.fail('NOT_A_DIFF', diff.message, { line: diff.line, message: diff.message });
  }
  return reviewDiff(diff, maxFindings);
};

function parse(text: string): Diff | DiffSyntaxError {
  try {
    return parseUnifiedDiff(text);
  } catch (error) {
    if (error instanceof DiffSyntaxError) return error;
    throw error;
  }
}
