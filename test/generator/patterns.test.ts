import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBudget } from '../../generator/patterns/budget.js';
import { costOfPattern } from '../../generator/patterns/cost.js';
import { installRuntime, runChecks, transpile } from '../support/child.js';
import { command } from '../support/command.js';
import { capability, contractText, generated, problemsIn, problemsOf } from '../support/contract.js';
import { createScratch, repository } from '../support/scratch.js';

/** One pattern a line. */
function patternsIn(name: string): string[] {
  return readFileSync(path.join(repository, 'fixtures/patterns', name), 'utf8')
    .trimEnd()
    .split('\n');
}

/** Each keeps V8 busy for more than a fifth of a second with some text of 40 characters, or of 4,000. */
const SLOW = patternsIn('slow.txt');

/** None takes V8 more than a tenth of a second for any text that was tried, of up to 5,000 characters. */
const QUICK = patternsIn('quick.txt');

async function problemOf(schema: unknown): Promise<string> {
  const problems = await problemsOf({ capabilities: [capability('a', schema)] });
  return problems.map(({ code, message, fix }) => `${code}: ${message} ${fix}`).join('\n');
}

describe('a pattern whose time explodes', () => {
  it.each(SLOW)('is refused: %s', async (pattern) => {
    expect(await problemOf({ type: 'string', pattern })).toContain('exponential-pattern: ');
  });

  it('is refused as a key of patternProperties, where no maxLength helps', async () => {
    const problem = await problemOf({ type: 'object', patternProperties: { '^(a+)+$': true }, maxLength: 5 });
    expect(problem).toMatch(/^exponential-pattern: .*the time grows exponentially with the length\. Rewrite/);
    expect(problem).not.toContain('maxLength');
  });

  it.each([
    ['^(a+)+$', 23],
    ['^a*a*a*$', 645],
  ])('is accepted beside the maxLength that the fix names: %s, %d', async (pattern, most) => {
    expect(await problemOf({ type: 'string', pattern })).toContain(`write "maxLength: ${most}" or less beside it`);
    expect(await problemOf({ type: 'string', pattern, maxLength: most })).toBe('');
    expect(await problemOf({ type: 'string', pattern, maxLength: most + 1 })).toContain(`"maxLength: ${most}"`);
  });

  it('is never tried on a text that is longer than the maxLength', async () => {
    const schema = { type: 'string', pattern: '^(a+)+$', maxLength: 12 };
    const folder = createScratch(await generated({ capabilities: [capability('t', schema)] }));
    installRuntime(folder);
    const module = transpile(path.join(folder, 'generated/a/capabilities/t.gen.ts'));
    const values = ['aaa', 'aab', `${'a'.repeat(60)}!`, '\u{1f600}'.repeat(12)];
    const [results = []] = runChecks(folder, [{ module, name: 'tInput', values }]);
    const messages = results.map((result) =>
      (result as { violations: { message: string }[] } | null)?.violations.map(({ message }) => message),
    );
    expect(messages).toEqual([
      undefined,
      ['must match pattern "^(a+)+$"'],
      ['must NOT have more than 12 characters'],
      ['must match pattern "^(a+)+$"'],
    ]);
  });

  it('is accepted under a comment that says why, and not under one that does not', async () => {
    const text = contractText({ capabilities: [capability('a', { type: 'string', pattern: '^(a+)+$' })] });
    const outcome = async (comment: string): Promise<number> =>
      (await problemsIn(createScratch({ 'capabilities.yaml': `${comment}\n${text}` }))).length;
    expect(await outcome('# declaragent-ignore exponential-pattern: texts are ours')).toBe(0);
    expect(await outcome('# declaragent-ignore exponential-pattern')).toBe(1);
    expect(await outcome('# declaragent-ignore some-rule: texts are ours')).toBe(1);
  });
});

describe('a pattern whose time grows with the square of the text at most', () => {
  it('is accepted', async () => {
    const capabilities = QUICK.map((pattern, index) => capability(`c${index}`, { type: 'string', pattern }));
    const folder = createScratch({ 'capabilities.yaml': contractText({ capabilities }).replaceAll('},{', '},\n{') });
    expect(await problemsIn(folder)).toEqual([]);
  });
});

describe('a pattern that is too large to be judged', () => {
  it.each([
    ['groups in groups', `${'('.repeat(3000)}a+${')'.repeat(3000)}b+`],
    [
      'thousands of different characters',
      Array.from({ length: 20_000 }, (_, n) => `${String.fromCodePoint(0x4e00 + n)}?`).join(''),
    ],
  ])('has a cost without end, told at once: %s', (_, pattern) => {
    expect(costOfPattern(pattern)(100)).toBe(Infinity);
  });

  it('is refused in a sentence of its own', async () => {
    const pattern = Array.from({ length: 20 }, (_, n) => `(?:a|b?|c*|d?${n}){1,99}`).join('');
    const { status, stderr } = await command(
      createScratch({ 'capabilities.yaml': contractText({ capabilities: [capability('a', { pattern })] }) }),
      'codegen',
    );
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('too many ways to match') });
  });
});

describe('the work that all patterns of a file may take', () => {
  it('ends, and real patterns take little of it', () => {
    const budget = createBudget(200_000);
    const costs = (pattern: string, times: number): number[] =>
      Array.from({ length: times }, (_, n) => costOfPattern(`${pattern}x${n}`, budget)(20));
    expect(Math.max(...costs('^[a-z]+(?:-[a-z0-9]+)*', 100))).toBeLessThan(1000);
    expect(costs('^(?:(?:a|b?|c*){1,9}){1,99}$', 30).at(-1)).toBe(Infinity);
  });
});
