import type { EveryFormSkills } from './generated/every-form/index.js';
import { combineALL, finish } from './skills/combine.js';
import { delete_ } from './skills/delete.js';
import { reviewPr } from './skills/review-pr.js';

export const skills: EveryFormSkills = {
  reviewPr,
  delete: delete_,
  combineALL,
  finish,
};
