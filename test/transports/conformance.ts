import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, test } from 'vitest';
import { type ConformanceHarness, conformanceCases } from '../../runtime/testing/index.js';

// What --expose-gc does, which vitest does not pass on: some cases look at the heap.
setFlagsFromString('--expose-gc');
Object.assign(globalThis, { gc: runInNewContext('gc') });

/** Runs every fault over a transport; a case that does not apply says which flag or ability speaks against it. */
export function describeConformance(name: string, harness: ConformanceHarness): void {
  describe(`${name} survives`, () => {
    for (const { fault, name: sentence, needs, run } of conformanceCases) {
      const unmet = needs(harness);
      const title = `fault ${fault}: ${sentence}`;
      if (unmet === undefined) test(title, () => run(harness));
      else test.skip(`${title} (${unmet})`, () => {});
    }
  });
}
