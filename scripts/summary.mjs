// Prints the end of .ci/run: what failed and why, and the closing line, in which each step besides the tests counts as one.
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

const TESTS = 'test (README)';
const MOST_LINES = 25;

const [report, steps, ...failedSteps] = process.argv.slice(2);
let tests = { passed: 0, skipped: 0, failures: [], retried: [] };
try {
  tests = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  // No report means that the tests did not run; their step has failed then and is counted below.
}
for (const name of tests.retried) console.log(`\nPassed at a second try: ${name}`);
for (const { where, text } of tests.failures) {
  const lines = stripVTControlCharacters(text).split('\n');
  console.log(['', `FAIL ${where}`, ...lines.slice(0, MOST_LINES)].join('\n  '));
}
const otherFailed = failedSteps.filter((step) => step !== TESTS).length;
const testsFailed = failedSteps.includes(TESTS) ? Math.max(1, tests.failures.length) : tests.failures.length;
const failed = testsFailed + otherFailed;
const passed = tests.passed + Number(steps) - otherFailed;
const skipped = tests.skipped === 0 ? '' : `, ${tests.skipped} skipped`;
if (failedSteps.length > 0) console.log(`\nFailed: ${failedSteps.join('; ')}`);
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 || tests.passed === 0 ? 1 : 0;
