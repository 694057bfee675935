import type { CapabilityContract, Contract } from '../../runtime/contract.js';
import { defineCheck, defineValidator, type JsonSchema, type Validator } from '../../runtime/validation.js';

/** A validator by hand: `rule` gives the path and message of what is wrong, or nothing. */
export function validator<T>(rule: (value: unknown) => [path: string, message: string] | undefined): Validator<T> {
  const schema: JsonSchema = { $comment: 'checked by hand' };
  const check = defineCheck((value: unknown) => {
    const found = rule(value);
    check.errors = found === undefined ? null : [{ path: found[0], keyword: 'type', message: found[1] }];
    return found === undefined;
  });
  return defineValidator<T>(schema, check);
}

export interface ReviewInput {
  prUrl: string;
}

export interface ReviewOutput {
  verdict: string;
}

export interface TooLargeDetails {
  files: number;
}

export interface ReviewErrors {
  DIFF_TOO_LARGE: TooLargeDetails;
  NOT_FOUND: undefined;
}

function hasMember(value: unknown, name: string, type: 'string' | 'number'): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === type;
}

export const reviewCapability: CapabilityContract<ReviewInput, ReviewOutput, ReviewErrors> = {
  name: 'review-pr',
  timeoutMs: 60_000,
  idempotent: true,
  input: validator<ReviewInput>((value) =>
    hasMember(value, 'prUrl', 'string') ? undefined : ['/prUrl', 'must be string'],
  ),
  output: validator<ReviewOutput>((value) =>
    hasMember(value, 'verdict', 'string') ? undefined : ['/verdict', 'must be string'],
  ),
  errors: {
    DIFF_TOO_LARGE: {
      details: validator<TooLargeDetails>((value) =>
        hasMember(value, 'files', 'number') ? undefined : ['/files', 'must be number'],
      ),
    },
    NOT_FOUND: { description: 'There is no such pull request.' },
  },
};

/** Takes and gives anything. */
export const echoCapability: CapabilityContract<unknown, unknown, Record<never, never>> = {
  name: 'echo',
  idempotent: false,
  input: validator<unknown>(() => undefined),
  output: validator<unknown>(() => undefined),
  errors: {},
};

export interface ReviewerContract extends Contract {
  readonly agent: 'agent://pr-reviewer';
  readonly capabilities: {
    readonly 'review-pr': typeof reviewCapability;
    readonly echo: typeof echoCapability;
  };
}

export const reviewerContract: ReviewerContract = {
  format: 1,
  agent: 'agent://pr-reviewer',
  capabilities: { 'review-pr': reviewCapability, echo: echoCapability },
};
