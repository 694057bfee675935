import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { ProblemCode } from '../../generator/index.js';
import { repository } from '../support/scratch.js';

const FORMATS = ['capabilities', 'rpc-peers', 'agent', 'accepted-changes'] as const;

function read(file: string): string {
  return readFileSync(path.join(repository, file), 'utf8');
}

function compile(format: string): ValidateFunction {
  const schema: unknown = JSON.parse(read(`generator/${format}.schema.json`));
  return new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false }).compile(
    schema as object,
  );
}

/** YAML files below a folder, generated ones and packages aside. */
function yamlFiles(folder: string): string[] {
  return readdirSync(path.join(repository, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'generated'].includes(entry.name) ? [] : yamlFiles(name);
    return entry.name.endsWith('.yaml') ? [name] : [];
  });
}

/** What an editor can see without knowing what references and JSON Schemas mean. */
const STRUCTURAL: readonly ProblemCode[] = ['unknown-key', 'missing-key', 'wrong-type', 'wrong-value', 'bad-name'];

describe.each(FORMATS)('the editor schema of %s', (format) => {
  it('is a schema that a strict validator of 2020-12 compiles', () => {
    expect(() => compile(format)).not.toThrow();
  });
});

describe('the editor schema of capabilities', () => {
  it.each(yamlFiles('fixtures/valid'))('accepts %s', (file) => {
    const accepts = compile('capabilities');
    accepts(parse(read(file)));
    expect(accepts.errors).toBeNull();
  });

  it.each(STRUCTURAL)('refuses the fixture of %s', (code) => {
    expect(compile('capabilities')(parse(read(`fixtures/invalid/${code}.yaml`)))).toBe(false);
  });
});

describe('the files of the examples', () => {
  const files = yamlFiles('examples').filter((file) => FORMATS.some((format) => file.endsWith(`/${format}.yaml`)));

  it.each(files)('%s keeps its editor schema', (file) => {
    const accepts = compile(path.basename(file, '.yaml'));
    accepts(parse(read(file)));
    expect(accepts.errors).toBeNull();
  });

  it.each(files.filter((file) => !file.endsWith('/agent.yaml')))(
    '%s names its editor schema in its first line',
    (file) => {
      const modeline = /^# yaml-language-server: \$schema=(\S+)\n/.exec(read(file))?.[1] ?? '';
      expect(path.join(path.dirname(file), modeline)).toBe(`generator/${path.basename(file, '.yaml')}.schema.json`);
    },
  );

  it('are more than none', () => {
    expect(files.length).toBeGreaterThan(0);
  });
});
