import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Review, reviewDiff } from './review-diff.js';
import { rules } from './rules.js';
import { parseUnifiedDiff } from './unified-diff.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** The review of a diff that adds these lines to src/a.ts from line 11. */
function reviewOf(lines: readonly string[], maxFindings?: number): Review {
  const header = `--- a/src/a.ts\n+++ b/src/a.ts\n@@ -10,0 +11,${lines.length} @@\n`;
  return reviewDiff(parseUnifiedDiff(header + lines.map((line) => `+${line}\n`).join('')), maxFindings);
}

describe('the verdict', () => {
  test('is to approve where nothing is found', () => {
    expect(reviewOf(['const a = 1;'])).toEqual({
      ...{ verdict: 'approve', findings: [], summary: 'Nothing to remark on in 1 changed file (+1 -0).' },
      ...{ filesChanged: 1, linesAdded: 1, linesRemoved: 0 },
    });
  });

  test('is to comment where there is no error', () => {
    expect(reviewOf(['console.log(1);', '// @ts-ignore'])).toMatchObject({
      verdict: 'comment',
      summary: '1 warning and 1 note in 1 changed file (+2 -0).',
    });
  });

  test('is to request changes where there is an error', () => {
    expect(reviewOf(['console.log(1);', 'eval(x);']).verdict).toBe('request-changes');
  });
});

describe('the findings', () => {
  test('stand at lines of the new file, in their order', () => {
    const { findings } = reviewOf(['console.log(1);', 'const a = 1;', 'eval(x);']);
    expect(findings.map(({ file, line, rule }) => [file, line, rule])).toEqual([
      ['src/a.ts', 11, 'debug-print'],
      ['src/a.ts', 13, 'dynamic-code'],
    ]);
  });

  test('are the gravest where there are too many, and all are counted', () => {
    const review = reviewOf(['console.log(1);', 'eval(x);', 'console.log(2);', 'eval(y);'], 2);
    expect(review.findings.map(({ line }) => line)).toEqual([12, 14]);
    expect(review.summary).toBe('2 errors and 2 notes in 1 changed file (+4 -0). The 2 gravest are listed.');
  });
});

test('the patch of the demo has findings of every severity', () => {
  const review = reviewDiff(parseUnifiedDiff(read('../../changes/add-login.patch')));
  expect(review.findings.map(({ file, line, severity, rule }) => `${file}:${line} ${severity} ${rule}`)).toEqual([
    'package.json:9 warning lockfile-mismatch',
    'src/login.ts:14 error sql-interpolation',
    'src/login.ts:15 info debug-print',
    'src/login.ts:23 warning empty-catch',
    'test/login.test.ts:11 error focused-test',
    'test/login.test.ts:14 warning suppressed-check',
  ]);
  expect(review.summary).toBe('2 errors, 3 warnings and 1 note in 4 changed files (+50 -0).');
});

test('the example of the contract says what the rule says', () => {
  const { capabilities } = parse(read('../capabilities.yaml')) as {
    capabilities: { examples: { output: Review }[] }[];
  };
  const findings = capabilities[0]?.examples[0]?.output.findings ?? [];
  expect(findings).toHaveLength(1);
  for (const { rule, severity, message } of findings) {
    expect(rules).toContainEqual(expect.objectContaining({ id: rule, severity, description: message }));
  }
});
