import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ContractError, generate } from '../../generator/index.js';
import { installRuntime, type Job, runChecks, transpile } from '../support/child.js';
import { typeCheck } from '../support/compilers.js';
import { capability, contractText } from '../support/contract.js';
import { keywordsPage, type Tally } from '../support/keywords-page.js';
import { createScratch, repository, writeFiles } from '../support/scratch.js';
import { findSuite, readSuite, type SuiteGroup } from '../support/suite.js';
import { literalType } from '../support/typed.js';

const suite = findSuite();
if (suite === null) {
  process.stderr.write(
    'SKIPPED: the official JSON Schema test suite is not here; set JSON_SCHEMA_TEST_SUITE to its folder.\n',
  );
}

/** What a schema may be refused for, by draft: it leads to the network, or asks for what declaragent does not compile. */
const REFUSALS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'draft2020-12': { 'remote-ref': 20, 'unsupported-keyword': 20, 'unknown-dialect': 2 },
  draft7: { 'remote-ref': 13 },
};

interface Outcome {
  /** How many schemas were refused, by code. */
  readonly refused: Record<string, number>;
  readonly crashed: string[];
  /** Tests with another verdict than the suite's. */
  readonly wrong: string[];
  readonly verdicts: number;
  /** Valid values that the generated type refuses. */
  readonly refusedByType: string[];
  readonly tallies: Tally[];
}

async function runSuite(draft: string): Promise<Outcome> {
  const groups = readSuite(suite ?? '', draft);
  const folder = createScratch();
  installRuntime(folder);
  const outcome: Outcome = { refused: {}, crashed: [], wrong: [], verdicts: 0, refusedByType: [], tallies: [] };
  const compiled: SuiteGroup[] = [];
  const jobs: Job[] = [];
  for (const [index, group] of groups.entries()) {
    const directory = path.join(folder, String(index));
    try {
      writeFiles(directory, {
        'capabilities.yaml': contractText({ capabilities: [capability('t', withDialect(group.schema, draft))] }),
      });
      await generate({ directory, skills: false });
      const module = transpile(path.join(directory, 'generated/a/capabilities/t.gen.ts'));
      jobs.push({ module, name: 'tInput', values: group.tests.map(({ data }) => data) });
      compiled.push(group);
      writeFiles(directory, { 'values.ts': valuesText(group) });
    } catch (error) {
      const code = error instanceof ContractError ? error.problems[0]?.code : undefined;
      if (code === undefined) outcome.crashed.push(`${group.name}: ${error}`);
      else outcome.refused[code] = (outcome.refused[code] ?? 0) + 1;
      outcome.tallies.push({ schema: group.schema, passing: 0, refused: group.tests.length });
    }
  }
  const wrong = runChecks(folder, jobs).flatMap((results, index) => {
    const { name, schema, tests } = compiled[index] as SuiteGroup;
    const failed = tests.flatMap(({ description, valid }, position) => {
      const result = results[position];
      if (typeof result === 'string') outcome.crashed.push(`${name}: ${result}`);
      return (result === null) === valid ? [] : [`${name}: ${description}`];
    });
    outcome.tallies.push({ schema, passing: tests.length - failed.length, refused: 0 });
    return failed;
  });
  const verdicts = jobs.reduce((sum, { values }) => sum + values.length, 0);
  const errors = typeCheck(folder, '7', 'nodenext')
    .split('\n')
    .filter((line) => line !== '');
  const refusedByType = errors.map((line) => {
    const [, index, number] = /^(\d+)\/values\.ts\((\d+),/.exec(line) ?? [];
    const group = groups[Number(index)];
    return group === undefined ? line : `${group.name}: ${group.tests[(Number(number) - 3) / 2]?.description}`;
  });
  return { ...outcome, wrong, verdicts, refusedByType };
}

/** A module that takes each valid value of a group for the generated type: the n-th on line 2n + 1, from 1. */
function valuesText({ tests }: SuiteGroup): string {
  const lines = tests.map(({ data, valid }, index) =>
    valid ? `declare const v${index}: ${literalType(data)};\nexport const x${index}: TInput = v${index};` : '\n',
  );
  return `import type { TInput } from './generated/a/index.js';\n${lines.join('\n')}\nexport type { TInput };\n`;
}

/** The suite of draft-07 does not name its dialect, and a contract without one is 2020-12. */
function withDialect(schema: unknown, draft: string): unknown {
  if (draft !== 'draft7' || typeof schema !== 'object' || schema === null || '$schema' in schema) return schema;
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...schema };
}

describe.skipIf(suite === null).each(Object.keys(REFUSALS))('the official JSON Schema test suite, %s', (draft) => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runSuite(draft);
  }, 120_000);

  it('crashes neither codegen nor what it writes', () => {
    expect(outcome.crashed).toEqual([]);
  });

  it('has each of its verdicts', () => {
    expect(outcome.verdicts).toBeGreaterThan(700);
    expect(outcome.wrong).toEqual([]);
  });

  it('has no valid value that the generated type refuses', () => {
    expect(outcome.refusedByType).toEqual([]);
  });

  it('is refused only where it leads to the network or asks for what is not compiled', () => {
    expect(outcome.refused).toEqual(REFUSALS[draft]);
  });

  // The page counts the tests of one dialect, that of contracts.
  if (draft !== 'draft2020-12') return;
  it('is what docs/keywords.md counts', async () => {
    await expect(keywordsPage(outcome.tallies)).toMatchFileSnapshot(path.join(repository, 'docs/keywords.md'));
  });
});
