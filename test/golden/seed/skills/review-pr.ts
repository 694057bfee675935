import type { ReviewPrSkill } from '../generated/pr-reviewer/index.js';

export const reviewPr: ReviewPrSkill = async (_input, ctx) => {
  // Return the output, or answer a declared error with ctx.fail().
  return ctx.notImplemented();
};
