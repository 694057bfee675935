import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { repository } from './scratch.js';

/** One group of the official JSON Schema test suite: a schema and values with their verdicts. */
export interface SuiteGroup {
  /** `ref.json: empty tokens in $ref json-pointer`. */
  readonly name: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

/** Where the suite lies: JSON_SCHEMA_TEST_SUITE, or a folder beside the repository; null where it is nowhere. */
export function findSuite(): string | null {
  const places = [process.env['JSON_SCHEMA_TEST_SUITE'], path.join(repository, '../shared/json-schema-test-suite')];
  return places.find((place) => place !== undefined && existsSync(path.join(place, 'tests'))) ?? null;
}

/** The required tests of one draft. `format` is an assertion in declaragent, so its annotation-only file is left out. */
export function readSuite(suite: string, draft: string): SuiteGroup[] {
  const folder = path.join(suite, 'tests', draft);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'format.json');
  return files.sort().flatMap((file) => {
    const groups = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as (Omit<SuiteGroup, 'name'> & {
      description: string;
    })[];
    return groups.map(({ description, schema, tests }) => ({ name: `${file}: ${description}`, schema, tests }));
  });
}
