import { describe, expect, test } from 'vitest';
import { reviewDiff } from './review-diff.js';
import { type AddedText, type RuleCase, ruleCases } from './rule-cases.js';
import { rules } from './rules.js';
import { parseUnifiedDiff } from './unified-diff.js';

/** A diff that adds files with these lines. */
function diffOf(change: AddedText): string {
  return Object.entries(change)
    .map(([path, lines]) => {
      const header = `diff --git a/${path} b/${path}\nnew file mode 100644\n--- /dev/null\n+++ b/${path}\n`;
      return `${header}@@ -0,0 +1,${lines.length} @@\n${lines.map((line) => `+${line}\n`).join('')}`;
    })
    .join('');
}

function ruleIds(text: string): string[] {
  return reviewDiff(parseUnifiedDiff(text)).findings.map((finding) => finding.rule);
}

test('each rule has cases, and each case a rule', () => {
  expect(Object.keys(ruleCases).sort()).toEqual(rules.map((rule) => rule.id).sort());
});

const casesOf = (id: string): RuleCase => ruleCases[id] ?? { triggers: [], passes: [] };

describe.each(rules.map((rule): [string, (typeof rules)[number]] => [rule.id, rule]))('%s', (id, rule) => {
  const cases = casesOf(id);

  test('has something to find and something to let pass', () => {
    expect(cases.triggers.length).toBeGreaterThan(0);
    expect(cases.passes.length).toBeGreaterThan(0);
  });

  test.each(cases.triggers)('finds %j', (change) => {
    expect(ruleIds(diffOf(change))).toContain(id);
  });

  test.each(cases.passes)('lets pass %j', (change) => {
    expect(ruleIds(diffOf(change))).not.toContain(id);
  });

  test('says one sentence', () => {
    expect(rule.description).toMatch(/^[A-Z].*\.$/);
  });

  test('takes no time to speak of over long lines and many', () => {
    const start = performance.now();
    for (const [path, [line = '']] of cases.triggers.flatMap((change) => Object.entries(change))) {
      // The whole trigger, and starts of it that a pattern follows for long before it gives up.
      for (const part of [line, line.slice(0, -1), `${line.slice(0, 9)} `].filter(Boolean)) {
        const long = part.repeat(100_000 / part.length);
        ruleIds(diffOf({ [path]: [long, ...Array.from({ length: 50 }, () => long.slice(0, 1990))] }));
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

const lineRules = rules.filter(({ scope }) => scope === 'line');

test.each(lineRules.map(({ id }) => id))('%s does not look at lines that the change leaves or removes', (id) => {
  for (const [path, lines] of casesOf(id).triggers.flatMap((change) => Object.entries(change))) {
    for (const [mark, counts] of [
      [' ', `-1,${lines.length} +1,${lines.length}`],
      ['-', `-1,${lines.length} +0,0`],
    ]) {
      const hunk = `@@ ${counts} @@\n${lines.map((line) => `${mark}${line}\n`).join('')}`;
      expect(ruleIds(`diff --git a/${path} b/${path}\n--- a/${path}\n+++ b/${path}\n${hunk}`)).toEqual([]);
    }
  }
});
