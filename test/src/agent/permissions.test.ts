import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callKey, createPermissions, matches } from '../../../src/agent/permissions.js';

const review = callKey('agent://pr-reviewer', 'review-pr');

describe('the key of a call', () => {
  it('names the agent and the capability', () => {
    expect(review).toBe('RequestAgent:agent://pr-reviewer/review-pr');
  });

  it.each([
    ['nothing is granted', { grants: [] }, false],
    ['RequestAgent is granted', { grants: ['RequestAgent'] }, true],
    ['the capability is granted', { grants: [review] }, true],
    ['another one is granted', { grants: [callKey('agent://pr-reviewer', 'merge-pr')] }, false],
    ['it is granted and allowed', { grants: ['RequestAgent'], allow: ['RequestAgent:agent://pr-*'] }, true],
    ['it is granted, and others are allowed', { grants: ['RequestAgent'], allow: ['RequestAgent:*/merge-pr'] }, false],
    ['it is granted, and nothing is allowed', { grants: ['RequestAgent'], allow: [] }, false],
    ['it is allowed and denied', { grants: ['RequestAgent'], allow: [review], deny: ['*/review-??'] }, false],
    ['it is allowed, and not granted', { grants: [], allow: ['*'] }, false],
    ['all calls are denied', { grants: ['RequestAgent'], deny: ['RequestAgent'] }, false],
  ])('is decided on where %s', (_, rules, allowed) => {
    expect(createPermissions(rules).allows(review)).toBe(allowed);
  });

  it('that is denied is never allowed, whatever else is said', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (grants, allow) => {
        const rules = { grants: [...grants, '*'], allow: [...allow, '*'], deny: [review] };
        expect(createPermissions(rules).allows(review)).toBe(false);
      }),
    );
  });
});

describe('a pattern', () => {
  it('means what the regular expression means that is written for it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('?', '.').replaceAll('*', '.*')}$`, 's');
        expect(matches(pattern, text)).toBe(expression.test(text));
      }),
    );
  });

  it('takes no time that grows with a power of its stars', () => {
    expect(matches('*a'.repeat(500), `${'a'.repeat(499)}b`)).toBe(false);
  });
});
