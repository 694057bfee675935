import type { PrReviewerSkills } from './generated/pr-reviewer/index.js';
import { reviewPr } from './skills/review-pr.js';

export const skills: PrReviewerSkills = {
  reviewPr,
};
