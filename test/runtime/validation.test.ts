import { expect, expectTypeOf, test } from 'vitest';
import {
  addViolation,
  addViolations,
  codePointLength,
  deepEqual,
  defineCheck,
  defineValidator,
  MAX_VIOLATIONS,
  type Violation,
} from '../../runtime/validation.js';
import { type ReviewInput, reviewCapability } from '../support/reviewer.js';

const { input } = reviewCapability;

/** A validator that finds `count` violations in anything. */
function finding(count: number, path = '') {
  const check = defineCheck(() => {
    let found: Violation[] | null = null;
    for (let index = 0; index < count; index++) found = addViolation(found, path, 'type', `no ${index}`);
    check.errors = found;
    return found === null;
  });
  return defineValidator<string>({ type: 'string' }, check);
}

test('a valid value has no violations, and is taken for its type', () => {
  const value: unknown = { prUrl: 'x' };
  expect(input.findViolations(value)).toBeNull();
  expect(input.is(value)).toBe(true);
  if (input.is(value)) expectTypeOf(value).toEqualTypeOf<ReviewInput>();
});

test('an invalid value is not taken for its type, and what is wrong with it has a place', () => {
  expect(input.is({})).toBe(false);
  expect(input.findViolations({})).toEqual({
    violations: [{ path: '/prUrl', keyword: 'type', message: 'must be string' }],
    total: 1,
  });
});

test('no more than a hundred violations are listed, and all are counted', () => {
  const report = finding(250).findViolations(1);
  expect(report?.violations).toHaveLength(MAX_VIOLATIONS);
  expect(report?.total).toBe(250);
});

test('what one run finds is not in the report of the next', () => {
  const validator = finding(1);
  expect([validator.findViolations(1)?.total, validator.findViolations(2)?.total]).toEqual([1, 1]);
});

test('a value that cannot be read to its end is a violation, not an exception', () => {
  const check = defineCheck(() => {
    throw new RangeError('Maximum call stack size exceeded');
  });
  const validator = defineValidator({}, check);
  expect(validator.is([])).toBe(false);
  expect(validator.findViolations([])).toEqual({
    violations: [{ path: '', keyword: 'depth', message: 'cannot be checked to its end' }],
    total: 1,
  });
});

test('a library that takes a Standard Schema gets the value, or issues with paths of keys', () => {
  const value = { prUrl: 'x' };
  expect(input['~standard']).toMatchObject({ version: 1, vendor: 'declaragent' });
  expect(input['~standard'].validate(value)).toEqual({ value });
  expect(finding(1, '/a~1b/0')['~standard'].validate(1)).toEqual({
    issues: [{ message: 'no 0', path: ['a/b', '0'] }],
  });
});

test('a library that takes a Standard JSON Schema gets the schema in its own dialect only', () => {
  const { jsonSchema } = finding(0)['~standard'];
  expect(jsonSchema.input({ target: 'draft-2020-12' })).toEqual({ type: 'string' });
  expect(jsonSchema.output({ target: 'draft-2020-12' })).toEqual({ type: 'string' });
  expect(() => jsonSchema.input({ target: 'draft-07' })).toThrow(
    'This schema is available as draft-2020-12 only, not as draft-07.',
  );
});

test('a string is as long as it has code points, a lone surrogate being one', () => {
  expect(['', 'abc', 'é', '😀😀', '\ud800', '\udc00\ud800', '\ud800😀'].map(codePointLength)).toEqual([
    0, 3, 1, 2, 1, 2, 2,
  ]);
});

test('values are equal whatever the order of their keys, and 0 is -0', () => {
  expect(deepEqual({ a: [1, { b: null }], c: 'd' }, { c: 'd', a: [1, { b: null }] })).toBe(true);
  expect(deepEqual(0, -0)).toBe(true);
});

test.each([
  [1, '1'],
  [null, {}],
  [[], {}],
  [[1], [1, 2]],
  [{ a: 1 }, { b: 1 }],
  [{ a: 1 }, { a: 1, b: 1 }],
  [{ toString: 1 }, { valueOf: 1 }],
  [[1, 2], { 0: 1, 1: 2, length: 2 }],
])('%j and %j are not equal', (left, right) => {
  expect(deepEqual(left, right)).toBe(false);
  expect(deepEqual(right, left)).toBe(false);
});

test('what another body found is added to what was found before', () => {
  const [one, two] = ['one', 'two'].map((message): Violation => ({ path: '', keyword: 'type', message }));
  if (one === undefined || two === undefined) throw new Error('There are two.');
  expect(addViolations(null, [one])).toEqual([one]);
  expect(addViolations([one], [two])).toEqual([one, two]);
  expect(addViolations([one], null)).toEqual([one]);
});

test('a validation that would take for ever is given up, and the next one starts anew', () => {
  let calls = 0;
  const check = defineCheck((data) => {
    calls++;
    // Two branches a level: 2^50 calls to the end.
    const isValid = data === 0 || (check(data - 1) && check(data - 1));
    check.errors = null;
    return isValid;
  });
  const validator = defineValidator<number>({}, check);
  expect(validator.findViolations(50)).toMatchObject({ violations: [{ message: 'cannot be checked to its end' }] });
  expect(calls).toBeLessThan(1_000_000);
  expect(validator.findViolations(5)).toBeNull();
});

test('a validation that would find violations without end is given up', () => {
  expect(finding(1_000_000).findViolations(1)).toMatchObject({ total: 1, violations: [{ keyword: 'depth' }] });
});
