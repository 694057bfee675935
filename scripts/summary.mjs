// Prints the closing line of .ci/run: the tests that vitest counted, and each other step as one.
import { readFileSync } from 'node:fs';

const [report, steps, ...failedSteps] = process.argv.slice(2);
let tests = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
try {
  tests = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  // No report means that the tests did not run; their step has failed then and is counted below.
}
const TESTS = 'test (README)';
const otherFailed = failedSteps.filter((step) => step !== TESTS).length;
const testsFailed = failedSteps.includes(TESTS) ? Math.max(1, tests.numFailedTests) : tests.numFailedTests;
const failed = testsFailed + otherFailed;
const passed = tests.numPassedTests + Number(steps) - otherFailed;
const skipped = tests.numPendingTests === 0 ? '' : `, ${tests.numPendingTests} skipped`;
if (failedSteps.length > 0) console.log(`\nFailed: ${failedSteps.join('; ')}`);
console.log(`\n${passed} passed, ${failed} failed${skipped}`);
process.exitCode = failed > 0 || tests.numPassedTests === 0 ? 1 : 0;
