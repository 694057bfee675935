import { writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A reporter of vitest that writes the file which scripts/summary.mjs reads: how many tests passed and were skipped,
 * which passed at a second try only, and each failure with what it said. That includes hooks and errors outside of tests,
 * which the report as JSON leaves out.
 */
export default class CiReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const failures = unhandledErrors.map((error) => failure('outside of a test', [error]));
    const retried = [];
    const counts = { passed: 0, skipped: 0 };
    for (const module of modules) {
      const file = path.relative(process.cwd(), module.moduleId);
      for (const suite of [module, ...module.children.allSuites()]) {
        if (suite.errors().length > 0) failures.push(failure(nameOf(file, suite), suite.errors()));
      }
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === 'failed') failures.push(failure(nameOf(file, test), errors));
        else counts[state] += 1;
        if (test.diagnostic()?.flaky) retried.push(nameOf(file, test));
      }
    }
    writeFileSync(process.env.DECLARAGENT_CI_REPORT, JSON.stringify({ ...counts, failures, retried }));
  }
}

function nameOf(file, entity) {
  return entity.fullName === undefined ? file : `${file} > ${entity.fullName}`;
}

/** The last of its errors is the one of its last try. */
function failure(where, errors) {
  const { message = '', diff = '', stack = '' } = errors.at(-1) ?? {};
  const at = stack.split('\n').find((line) => /^ +at .*\/(?:test|examples)\//.test(line)) ?? '';
  return { where, text: [message, diff, at.trim()].filter((part) => part !== '').join('\n') };
}
