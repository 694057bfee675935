import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { compileOwn, OWN_SCHEMA_NAMES } from '../../generator/own-schemas.js';
import { contract, createAgentFolder } from '../support/agent-folder.js';
import { buildProgram, runProgram } from '../support/program.js';
import { createScratch, readTree, repository } from '../support/scratch.js';

const require = createRequire(import.meta.url);
const SCHEMA = path.join('generator', 'capabilities.schema.json');
let program: string;

beforeAll(() => {
  program = buildProgram();
  execFileSync(process.execPath, [path.join(repository, 'scripts/make-ready.mjs'), path.join(program, 'generator')]);
});

/** The modules that were made ready, by the names of what they are made from. */
function readyModules(): Map<string, string> {
  const folder = path.join(program, 'generator/ready');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.cjs'));
  return new Map(files.map((file) => [file.replace(/\.[0-9a-f]{16}\.cjs$/, ''), path.join(folder, file)] as const));
}

function templates(): string[] {
  const names = readdirSync(path.join(program, 'templates'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.hbs'));
}

/** Every value that stands in a fixture, whole files included: most are wrong for most schemas. */
function values(): unknown[] {
  const found = new Map<string, unknown>();
  const add = (value: unknown): void => {
    const text = JSON.stringify(value);
    if (found.has(text)) return;
    found.set(text, value);
    if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) add(inner);
  };
  for (const kind of ['valid', 'invalid']) {
    for (const file of readdirSync(path.join(repository, 'fixtures', kind), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.yaml')) addAll(path.join(repository, 'fixtures', kind, file));
    }
  }
  return [...found.values()];

  function addAll(file: string): void {
    try {
      add(parse(readFileSync(file, 'utf8'), { logLevel: 'silent' }));
    } catch {
      // Some are no YAML, and some lead to themselves.
    }
  }
}

describe('what a build makes ready', () => {
  test.each(OWN_SCHEMA_NAMES)('checks %s with the verdicts and errors of ajv at run time', (name) => {
    const made = require(readyModules().get(name) ?? '') as ValidateFunction;
    const { validator } = compileOwn(name);
    let refused = 0;
    for (const value of values()) {
      const verdict = validator(value);
      if (!verdict) refused++;
      expect({ verdict: made(value), errors: made.errors }).toEqual({ verdict, errors: validator.errors });
    }
    expect(refused).toBeGreaterThan(10);
  });

  test('is every schema and every template', () => {
    expect([...readyModules().keys()].sort()).toEqual([...OWN_SCHEMA_NAMES, ...templates()].sort());
  });

  test('is used by a run until what it was made from changes, and makes no difference', async () => {
    const log = path.join(createScratch(), 'log');
    for (const [name, file] of readyModules()) {
      const note = `require('node:fs').appendFileSync(${JSON.stringify(log)}, ${JSON.stringify(`${name}\n`)});`;
      appendFileSync(file, `\n${note}\n`);
    }
    const run = async (): Promise<{ used: string[]; tree: unknown }> => {
      writeFileSync(log, '');
      const folder = createScratch({ 'capabilities.yaml': contract });
      const { status, stderr } = await runProgram(program, folder, '');
      expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
      return { used: readFileSync(log, 'utf8').trim().split('\n').sort(), tree: readTree(folder) };
    };
    const compiled = readTree(await createAgentFolder());
    // Those of starters are for init.
    const used = templates().filter((name) => !name.startsWith('starters/'));
    expect(await run()).toEqual({ used: ['2020-12', 'capabilities', ...used].sort(), tree: compiled });
    for (const name of [SCHEMA, ...templates().map((template) => path.join('templates', template))]) {
      appendFileSync(path.join(program, name), '\n');
    }
    expect(await run()).toEqual({ used: ['2020-12'], tree: compiled });
  });
});
