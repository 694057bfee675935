import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPILERS, RESOLUTIONS, typeCheck } from '../support/compilers.js';
import { copyFolder, createScratch, repository, writeFiles } from '../support/scratch.js';

const GOLDEN = path.join(repository, 'test/golden');

describe.each(Object.keys(COMPILERS))('TypeScript %s', (compiler) => {
  it.each(Object.keys(RESOLUTIONS))(
    'compiles golden output and skeletons under every flag with %s resolution',
    (resolution) => {
      const folder = createScratch();
      for (const name of readdirSync(GOLDEN)) copyFolder(path.join(GOLDEN, name), path.join(folder, name));
      expect(typeCheck(folder, compiler, resolution)).toBe('');
    },
  );
});

/** Uses of the seed's generated code, each with the error that a compiler must find. */
const MISTAKES: Readonly<Record<string, readonly [code: string, error: RegExp]>> = {
  'a property that the input does not have': [
    "await everyForm.reviewPr({ change: { kind: 'patch', path: 'a', draft: true } });",
    /TS2353/,
  ],
  'a property of another branch of a union': [
    "await everyForm.reviewPr({ change: { kind: 'patch', range: 'a' } });",
    /TS2353|TS2322/,
  ],
  'an input of another type': ['await client.reviewPr({ prUrl: 7 });', /TS2322/],
  'an input that lacks a property': ['await client.reviewPr({});', /TS2345|TS2741/],
  'a verdict that the output does not have': [
    "const { verdict } = await client.reviewPr({ prUrl: '' }); if (verdict === 'reject') console.log();",
    /TS2367/,
  ],
  'a capability that the agent does not have': ["await client.mergePr({ prUrl: '' });", /TS2339|TS2551/],
  'an object without the skill': ['await servePrReviewer(bus, {});', /TS2345|TS2741/],
  'a skill that answers something else': [
    'await servePrReviewer(bus, { reviewPr: async () => ({}) });',
    /TS2322|TS2739/,
  ],
  'a failure that the capability does not declare': [
    "const skill: ReviewPrSkill = async (_input, ctx) => ctx.fail('DIFF_TO_LARGE', 'It is.', { bytes: 1 }); void skill;",
    /TS2345/,
  ],
  'details that the failure does not have': [
    "const skill: ReviewPrSkill = async (_input, ctx) => ctx.fail('DIFF_TOO_LARGE', 'It is.', { files: 1 }); void skill;",
    /TS2345|TS2353/,
  ],
};

const HEAD = `import type { Bus } from '@declaragent/runtime';
import { createEveryFormClient, type ReviewPrSkill } from './every-form/index.js';
import { createPrReviewerClient, servePrReviewer } from './pr-reviewer/index.js';
export async function use(bus: Bus): Promise<void> {
  const client = createPrReviewerClient(bus), everyForm = createEveryFormClient(bus), type: ReviewPrSkill | null = null;
  void [client, everyForm, type, servePrReviewer];
`;

describe('a planted mistake', () => {
  let report: string;
  beforeAll(() => {
    const folder = createScratch();
    for (const name of ['seed', 'every-form']) copyFolder(path.join(GOLDEN, name, 'generated'), folder);
    const body = (code: string): string => `${HEAD}${code}\n}\n`;
    const files = Object.values(MISTAKES).map(([code], index) => [`mistake-${index}.ts`, body(code)]);
    writeFiles(folder, { ...Object.fromEntries(files), 'right.ts': body("await client.reviewPr({ prUrl: '' });") });
    report = typeCheck(folder, '6', 'nodenext');
  });

  it.each(Object.keys(MISTAKES))('is found: %s', (name) => {
    const index = Object.keys(MISTAKES).indexOf(name);
    const errors = report.split('\n').filter((line) => line.startsWith(`mistake-${index}.ts(7,`));
    expect(errors.join('\n')).toMatch(MISTAKES[name]?.[1] ?? /$^/);
  });

  it('is all that is found', () => {
    expect(report.split('\n').filter((line) => line !== '' && !/^(?:mistake-\d\.ts\(7,| )/.test(line))).toEqual([]);
  });
});
