import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ContractError, generate } from '../../generator/index.js';
import { installRuntime, type Job, runChecks, transpile } from '../support/child.js';
import { typeCheck } from '../support/compilers.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, repository, writeFiles } from '../support/scratch.js';
import { literalType } from '../support/typed.js';

const places = [process.env['DECLARAGENT_REAL_SCHEMAS'], path.join(repository, '../shared/real-schemas')];
const home = places.find((place) => place !== undefined && existsSync(path.join(place, 'schemas'))) ?? null;
if (home === null) {
  process.stderr.write('SKIPPED: there are no real schemas here; set DECLARAGENT_REAL_SCHEMAS to their folder.\n');
}

/** Why a schema is refused. */
const REFUSED: Readonly<Record<string, string>> = { 'openapi-3.1': 'unsupported-keyword' };

/** Schemas with patterns that take exponential time, which a contract may hold that says why. */
const SLOW: ReadonlySet<string> = new Set(['schemastore-github-workflow']);
const ACCEPTED = '# declaragent-ignore exponential-pattern: as it was published\n';

/** Instances that lie in valid/ although their schema refuses them, as ajv compiled at run time does too. */
const MISLABELLED = [
  'octokit-branch_protection_rule.edited/valid/000.json',
  'schemastore-abc-supply-plan-12.0.0/valid/000.json',
];

interface Instance {
  readonly name: string;
  readonly isValid: boolean;
  readonly value: unknown;
}

function instancesOf(schema: string): Instance[] {
  return ['valid', 'invalid'].flatMap((kind) => {
    const folder = path.join(home ?? '', 'instances', schema, kind);
    if (!existsSync(folder)) return [];
    return readdirSync(folder).map((file) => {
      const name = `${schema}/${kind}/${file}`;
      const value: unknown = JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
      return { name, isValid: kind === 'valid' && !MISLABELLED.includes(name), value };
    });
  });
}

describe.skipIf(home === null)('real schemas', () => {
  const refused: Record<string, string | undefined> = {};
  const wrong: string[] = [];
  let checked = 0;
  let compilerSays = '';

  beforeAll(async () => {
    const folder = createScratch();
    installRuntime(folder);
    const jobs: (Job & { readonly instances: readonly Instance[] })[] = [];
    for (const file of readdirSync(path.join(home ?? '', 'schemas'))) {
      const name = file.replace(/\.json$/, '');
      const directory = path.join(folder, name);
      const schema: unknown = JSON.parse(readFileSync(path.join(home ?? '', 'schemas', file), 'utf8'));
      const text = contractText({ capabilities: [capability('t', schema)] });
      writeFiles(directory, { 'capabilities.yaml': SLOW.has(name) ? ACCEPTED + text : text });
      try {
        await generate({ directory, skills: false });
      } catch (error) {
        refused[name] = error instanceof ContractError ? error.problems[0]?.code : String(error);
        continue;
      }
      const instances = instancesOf(name);
      const module = transpile(path.join(directory, 'generated/a/capabilities/t.gen.ts'));
      jobs.push({ module, name: 'tInput', values: instances.map(({ value }) => value), instances });
      const statements = instances
        .filter(({ isValid }) => isValid)
        .map(({ value }, n) => `declare const v${n}: ${literalType(value)};\nexport const x${n}: TInput = v${n};`);
      const head = "import type { TInput } from './generated/a/index.js';\nexport type { TInput };\n";
      writeFiles(directory, { 'values.ts': head + statements.join('\n') });
    }
    const results = runChecks(folder, jobs);
    for (const [index, { instances }] of jobs.entries()) {
      for (const [position, { name, isValid }] of instances.entries()) {
        checked++;
        if ((results[index]?.[position] === null) !== isValid) wrong.push(name);
      }
    }
    compilerSays = typeCheck(folder, '7', 'nodenext');
  }, 240_000);

  it('are refused only for what declaragent does not compile', () => {
    expect(refused).toEqual(REFUSED);
  });

  it('get the verdict of each instance right', () => {
    expect(checked).toBeGreaterThan(0);
    expect(wrong).toEqual([]);
  });

  it('compile under every flag, and their types take each valid instance', () => {
    expect(compilerSays).toBe('');
  });
});
