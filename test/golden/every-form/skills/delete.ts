import type { DeleteSkill } from '../generated/every-form/index.js';

export const delete_: DeleteSkill = async (_input, ctx) => {
  // Return the output, or answer a declared error with ctx.fail().
  return ctx.notImplemented();
};
