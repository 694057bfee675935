import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codeIdentifier,
  memberIdentifier,
  nameKey,
  typeIdentifier,
  typePrefix,
  valueIdentifier,
} from '../../generator/names.js';
import { capability, generated, problemsOf } from '../support/contract.js';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const capabilityName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/);

describe('a name in TypeScript', () => {
  it.each([
    ['review-pr', 'ReviewPr', 'reviewPr', 'reviewPr'],
    ['review_pr', 'ReviewPr', 'reviewPr', 'reviewPr'],
    ['ReviewPR', 'ReviewPR', 'reviewPR', 'reviewPR'],
    ['delete', 'Delete', 'delete', 'delete_'],
    ['a--b__c-', 'ABC', 'aBC', 'aBC'],
    ['x2-3d', 'X23d', 'x23d', 'x23d'],
    ['promise', 'Promise', 'promise', 'promise'],
    ['skills', 'Skills', 'skills', 'skills_'],
    ['serve', 'Serve', 'serve', 'serve_'],
  ])('of the capability "%s" is %s as a type, %s as a member and %s as a value', (name, type, member, value) => {
    expect([typePrefix(name), memberIdentifier(name), valueIdentifier(name)]).toEqual([type, member, value]);
  });

  it.each([
    ['Error', 'Error_'],
    ['old style name', 'OldStyleName'],
    ['größe', 'Größe'],
    ['3d-point', '_3dPoint'],
    ['a.b/c', 'ABC'],
    ['e\u0301tat', '\u00c9tat'],
    ['', '_'],
  ])('of the definition "%s" is %s', (name, type) => {
    expect(typeIdentifier(name)).toBe(type);
  });

  it('is an identifier for every legal capability name', () => {
    fc.assert(
      fc.property(capabilityName, (name) => {
        expect(typePrefix(name)).toMatch(IDENTIFIER);
        expect(valueIdentifier(name)).toMatch(IDENTIFIER);
        expect(memberIdentifier(name)).toMatch(IDENTIFIER);
      }),
    );
  });

  it('is an identifier for every text that a definition may be named with', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(typePrefix(name)).toMatch(IDENTIFIER);
      }),
    );
  });

  it('differs for capability names that do not count as one', () => {
    fc.assert(
      fc.property(capabilityName, capabilityName, (left, right) => {
        fc.pre(nameKey(left) !== nameKey(right));
        expect(typeIdentifier(left).toLowerCase()).not.toBe(typeIdentifier(right).toLowerCase());
      }),
    );
  });

  it('of an error code is its words', () => {
    expect(codeIdentifier('DIFF_TOO_LARGE')).toBe('DiffTooLarge');
  });
});

describe('names that meet', () => {
  const text = { type: 'string' };
  const two = (left: string, right: string): object[] => [capability(left, {}), capability(right, {})];

  it.each([
    ['two capabilities that differ by case', { capabilities: two('review', 'REVIEW') }, 'duplicate-name'],
    ['two capabilities that differ by separators', { capabilities: two('re-view', 'review') }, 'duplicate-name'],
    ['two definitions that differ by separators', { definitions: { 'a-b': text, a_b: text } }, 'name-collision'],
    ['two definitions that differ by case', { definitions: { Finding: text, FINDING: text } }, 'name-collision'],
    [
      'two definitions that differ by normal form',
      { definitions: { '\u00e9': text, 'e\u0301': text } },
      'name-collision',
    ],
    [
      'a definition and an input',
      { definitions: { BInput: text }, capabilities: [capability('b', {})] },
      'name-collision',
    ],
    ['a definition and what belongs to the agent', { definitions: { AClient: text } }, 'name-collision'],
    [
      'two capabilities where one ends like a type of the other',
      {
        capabilities: [
          capability('b', {}, { errors: [{ code: 'INPUT', detailsSchema: text }] }),
          capability('b-input-details', {}),
        ],
      },
      null,
    ],
    [
      'an input and the details of another capability',
      {
        capabilities: [
          capability('b', {}, { errors: [{ code: 'TOO_LARGE', detailsSchema: text }] }),
          capability('c', { 'x-ts-name': 'BTooLargeDetails', type: 'object' }),
        ],
      },
      'name-collision',
    ],
  ])('%s: %#', async (_, contract, code) => {
    const problems = await problemsOf(contract);
    expect(problems.map((problem) => problem.code)).toEqual(code === null ? [] : [code]);
  });

  it('are one problem that shows both places and the fix', async () => {
    const [problem, ...more] = await problemsOf({ definitions: { 'a-b': text, a_b: text } });
    expect(more).toEqual([]);
    expect(problem?.fix).toContain('x-ts-name');
    expect(problem?.related?.place.column).toBeLessThan(problem?.place.column ?? 0);
  });

  it('can be told apart by x-ts-name', async () => {
    const tree = await generated({ definitions: { 'a-b': text, a_b: { ...text, 'x-ts-name': 'Other' } } });
    expect(Object.keys(tree)).toEqual(
      expect.arrayContaining(['generated/a/definitions/AB.gen.ts', 'generated/a/definitions/Other.gen.ts']),
    );
  });

  it.each(['Promise', 'Validator', 'Array'])(
    'with what generated code uses are refused as x-ts-name: %s',
    async (name) => {
      const problems = await problemsOf({ definitions: { b: { 'x-ts-name': name } } });
      expect(problems.map(({ code }) => code)).toEqual(['bad-name']);
    },
  );

  it.each(['then', 'a b', '1a', '-a', 'ä', 'a'.repeat(65), ''])('no capability is called "%s"', async (name) => {
    const problems = await problemsOf({ capabilities: [capability(name, {})] });
    expect(problems.map(({ code }) => code)).toEqual(['bad-name']);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'prototype', 'await', 'arguments'])(
    'a capability may be called %s',
    async (name) => {
      expect(await problemsOf({ capabilities: [capability(name, { type: 'object' })] })).toEqual([]);
    },
  );
});

describe('x-ts-name', () => {
  it.each(['Delete', 'Promise', 'Validate0', 'DefineCheck'])(
    'may not be %s on a schema of a capability',
    async (name) => {
      const contract = { capabilities: [capability('a', { type: 'object', 'x-ts-name': name })] };
      expect((await problemsOf(contract)).map(({ code }) => code)).toEqual(['bad-name']);
    },
  );

  it('may not be Promise on a definition', async () => {
    const contract = { definitions: { x: { type: 'object', 'x-ts-name': 'Promise' } }, capabilities: [] };
    expect((await problemsOf(contract)).map(({ code }) => code)).toEqual(['bad-name']);
  });

  it('names the types of a capability where it is free', async () => {
    const files = await generated({ capabilities: [capability('a', { type: 'object', 'x-ts-name': 'Request' })] });
    expect(files['generated/a/capabilities/a.gen.ts']).toContain('export const request: Validator<Request>');
  });
});
