/** Thrown where a pattern, or all of a file together, is too large for its time to be found out. */
export class TooIntricateError extends Error {
  override readonly name = 'TooIntricateError';
}

/** How much work may go into judging patterns, counted and not timed, so that the verdict is the same everywhere. */
export interface Budget {
  /** @throws {TooIntricateError} when nothing is left. */
  spend(steps: number): void;
  /** How much has been spent. */
  spent(): number;
}

/** A budget that draws on a larger one, if there is one, which is never overdrawn by much. */
export function createBudget(steps: number, from?: Budget): Budget {
  let left = steps;
  return {
    spend(used) {
      left -= used;
      from?.spend(used);
      if (left < 0) throw new TooIntricateError();
    },
    spent: () => steps - left,
  };
}
