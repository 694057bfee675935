import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/scratch.js';

test('the example of the conformance suite runs under node:test, on the built package', () => {
  const source = readFileSync(path.join(repository, 'runtime/testing/conformance.ts'), 'utf8');
  const [, block = ''] = /```js\n([\s\S]*?)```/.exec(source) ?? [];
  const example = block.replace(/^ \* ?/gm, '');
  expect(example).toContain("from '@declaragent/runtime/testing'");
  // Within the repository, so that the packages are found by their names.
  const folder = path.join(repository, 'node_modules/.cache/declaragent-example');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'conformance.test.mjs');
  try {
    writeFileSync(file, example);
    const run = spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], { encoding: 'utf8' });
    expect(run.stdout).toMatch(/^# fail 0$/m);
    expect(Number(/^# pass (\d+)$/m.exec(run.stdout)?.[1])).toBeGreaterThan(25);
    expect(run.stdout).toMatch(/# SKIP the transport declares \w+/);
    expect(run.status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
