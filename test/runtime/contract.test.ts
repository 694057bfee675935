import { expect, test } from 'vitest';
import { assertContractFormat, type Contract, findDeclared, violationOf } from '../../runtime/contract.js';
import { reviewCapability, reviewerContract } from '../support/reviewer.js';

test('a contract of another format is refused with one sentence that says what to do', () => {
  expect(() => assertContractFormat(reviewerContract)).not.toThrow();
  const contract = { ...reviewerContract, format: 2 } as unknown as Contract;
  expect(() => assertContractFormat(contract)).toThrow(
    'The contract of agent://pr-reviewer is of format 2, and this runtime runs 1; run codegen of the same version again.',
  );
});

test('a capability declares the errors of its contract, and none that every object has', () => {
  expect(findDeclared(reviewCapability, 'DIFF_TOO_LARGE')?.details?.is({ files: 1 })).toBe(true);
  expect(findDeclared(reviewCapability, 'NOT_FOUND')?.details).toBeUndefined();
  for (const code of ['TOO_SMALL', 'constructor', '__proto__', 'toString']) {
    expect(findDeclared(reviewCapability, code)).toBeUndefined();
  }
});

test('a violation names the first of its places and counts the others', () => {
  const violations = [{ path: '/prUrl', keyword: 'type', message: 'must be string' }];
  expect(violationOf(reviewCapability, 'input', { violations, total: 3 })).toEqual({
    code: 'EAGENTRPC_SCHEMA_VIOLATION',
    message: 'The input of review-pr is invalid: /prUrl must be string (and 2 more).',
    executed: 'no',
    details: { side: 'input', violations, total: 3 },
  });
});

test('a violation of the whole value names no place, and one of the output comes from a skill that ran', () => {
  const violations = [{ path: '', keyword: 'type', message: 'must be object' }];
  expect(violationOf(reviewCapability, 'output', { violations, total: 1 })).toMatchObject({
    message: 'The output of review-pr is invalid: must be object.',
    executed: 'yes',
  });
});
