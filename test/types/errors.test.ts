import { expectTypeOf, test } from 'vitest';
import {
  type AgentRpcError,
  type Bus,
  type Call,
  type Caller,
  createCall,
  type Executed,
  type Outcome,
  type RuntimeCode,
  type RuntimeError,
  type SchemaViolationDetails,
  type Skill,
  type SkillContext,
  serve,
} from '../../runtime/index.js';
import type { ReviewErrors, ReviewInput, ReviewOutput, TooLargeDetails } from '../support/reviewer.js';

type Review = Call<ReviewInput, ReviewOutput, ReviewErrors>;
type Context = SkillContext<ReviewOutput, ReviewErrors>;

function narrow(outcome: Outcome<ReviewOutput, ReviewErrors>): void {
  if (outcome.status === 'ok') {
    expectTypeOf(outcome.data).toEqualTypeOf<ReviewOutput>();
    // @ts-expect-error an outcome that is ok has no error
    outcome.error;
    return;
  }
  expectTypeOf(outcome.executed).toEqualTypeOf<Executed>();
  const { error } = outcome;
  expectTypeOf(error.code).toEqualTypeOf<'DIFF_TOO_LARGE' | 'NOT_FOUND' | RuntimeCode>();
  if (error.code === 'DIFF_TOO_LARGE') expectTypeOf(error.details).toEqualTypeOf<TooLargeDetails>();
  else if (error.code === 'NOT_FOUND') expectTypeOf(error.details).toEqualTypeOf<undefined>();
  else if (error.code === 'EAGENTRPC_BUSY') {
    expectTypeOf(error.details).toEqualTypeOf<{ readonly retryAfterMs: number } | undefined>();
  } else if (error.code === 'EAGENTRPC_SCHEMA_VIOLATION') {
    expectTypeOf(error.details).toEqualTypeOf<SchemaViolationDetails>();
  } else if (error.code === 'EAGENTRPC_INVALID_ENVELOPE') {
    expectTypeOf(error.details?.problems[0]?.path).toEqualTypeOf<string | undefined>();
  } else if (error.code === 'EAGENTRPC_TOO_LARGE') {
    expectTypeOf(error.details?.limit).toEqualTypeOf<'bytes' | 'depth' | 'keys' | undefined>();
  } else expectTypeOf(error.details).toEqualTypeOf<unknown>();
  // @ts-expect-error no such code is declared
  if (error.code === 'TOO_SMALL') return;
}

function fail(ctx: Context, many: boolean): never {
  // @ts-expect-error details are required where they are declared
  if (many) ctx.fail('DIFF_TOO_LARGE', 'x');
  // @ts-expect-error details have the type that is declared
  if (many) ctx.fail('DIFF_TOO_LARGE', 'x', { files: 'many' });
  // @ts-expect-error there are no details where none are declared
  if (many) ctx.fail('NOT_FOUND', 'x', { files: 1 });
  // @ts-expect-error only declared codes can be answered
  if (many) ctx.fail('EAGENTRPC_BUSY', 'x');
  if (many) ctx.fail('DIFF_TOO_LARGE', 'x', { files: 1 });
  return ctx.fail('NOT_FOUND', 'x');
}

test('the code of an error narrows its details', () => {
  expectTypeOf(narrow).parameter(0).toEqualTypeOf<Outcome<ReviewOutput, ReviewErrors>>();
});

test('the code of an error without a contract narrows its details as well', () => {
  const total = (error: RuntimeError): number =>
    error.code === 'EAGENTRPC_SCHEMA_VIOLATION' ? error.details.total : 0;
  expectTypeOf(total).returns.toBeNumber();
});

test('a skill fails only as its contract declares', () => {
  expectTypeOf(fail).returns.toBeNever();
});

test('a skill that declares no errors cannot fail with one', () => {
  type Code = Parameters<SkillContext<unknown, Record<never, never>>['fail']>[0];
  expectTypeOf<Code>().toBeNever();
});

test('a call takes its input and gives its output', () => {
  expectTypeOf<Review>().parameter(0).toEqualTypeOf<ReviewInput>();
  expectTypeOf<Review>().returns.resolves.toEqualTypeOf<ReviewOutput>();
  expectTypeOf<Review['outcome']>().returns.resolves.toEqualTypeOf<Outcome<ReviewOutput, ReviewErrors>>();
});

test('a skill may return its output, nothing, or a promise of either', () => {
  type Review = Skill<ReviewInput, ReviewOutput, ReviewErrors>;
  expectTypeOf<(input: ReviewInput) => ReviewOutput>().toExtend<Review>();
  expectTypeOf<() => void>().toExtend<Review>();
  expectTypeOf<(input: ReviewInput, ctx: Context) => Promise<ReviewOutput>>().toExtend<Review>();
  expectTypeOf<() => Promise<void>>().toExtend<Review>();
  expectTypeOf<(input: ReviewInput, ctx: Context) => never>().toExtend<Review>();
  expectTypeOf<() => { verdict: number }>().not.toExtend<Review>();
});

test('an error of any call is an AgentRpcError', () => {
  type AnyError = Exclude<Outcome<ReviewOutput, ReviewErrors>, { status: 'ok' }>['error'];
  expectTypeOf<AnyError>().toExtend<AgentRpcError>();
});

test('a skill calls others by what a client needs, and no more', () => {
  expectTypeOf<Context['bus']>().toEqualTypeOf<Caller>();
  expectTypeOf<Bus>().toExtend<Caller>();
  expectTypeOf<Caller>().not.toExtend<Bus>();
  expectTypeOf(createCall).parameter(0).toEqualTypeOf<Caller>();
  expectTypeOf(serve).parameter(0).toEqualTypeOf<Bus>();
});
