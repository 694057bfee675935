import type { CombineALLSkill, FinishSkill } from '../generated/every-form/index.js';

export const combineALL: CombineALLSkill = async (_input, ctx) => {
  // Return the output, or answer a declared error with ctx.fail().
  return ctx.notImplemented();
};
export const finish: FinishSkill = async (_input, ctx) => {
  // Return the output, or answer a declared error with ctx.fail().
  return ctx.notImplemented();
};
