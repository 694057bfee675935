import type { Clock } from '@declaragent/runtime';
import type { Usage } from './provider.js';

/** What one request, a line at the prompt or a call of a skill, may use. No model can raise it. */
export interface Limits {
  /** How often the model is asked. */
  readonly maxIterations: number;
  /** How many tokens it may answer with, all turns together. */
  readonly maxTokens: number;
  /** Until when, in milliseconds since the epoch. */
  readonly deadline: number;
}

export const DEFAULT_MAX_ITERATIONS = 10;
export const DEFAULT_MAX_TOKENS = 16_000;
/** How long an answer at the prompt may take: as long as the longest call. */
export const DEFAULT_WALL_MS = 600_000;

/** The account of one request. */
export interface Budget {
  /** A sentence about what is used up; undefined while there is some of everything. */
  exhausted(): string | undefined;
  readonly leftMs: () => number;
  readonly leftTokens: () => number;
  spend(usage: Usage): void;
}

export function createBudget({ maxIterations, maxTokens, deadline }: Limits, clock: Clock): Budget {
  let turns = 0;
  let tokens = 0;
  return {
    exhausted() {
      if (clock.now() >= deadline) return 'The time was up.';
      if (turns >= maxIterations) return `The model was asked ${maxIterations} times, which is maxIterations.`;
      if (tokens >= maxTokens) return `The model has answered with ${tokens} tokens, and maxTokens is ${maxTokens}.`;
      return undefined;
    },
    leftMs: () => deadline - clock.now(),
    leftTokens: () => maxTokens - tokens,
    spend({ outputTokens }) {
      turns++;
      tokens += outputTokens;
    },
  };
}
