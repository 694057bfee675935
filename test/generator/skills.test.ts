import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAgentFolder } from '../support/agent-folder.js';
import { command } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { readTree, stampTree, writeFiles } from '../support/scratch.js';

const object = { type: 'object' };

function contractOf(...capabilities: readonly object[]): string {
  return contractText({ capabilities });
}

/** Generates one capability, replaces skills.ts, adds two capabilities, generates again, and returns what came out. */
async function afterAdding(skillsText: string): Promise<{ text: string; stderr: string; status: number }> {
  const folder = await createAgentFolder({ 'capabilities.yaml': contractOf(capability('review-pr', object)) });
  const more = ['merge-pr', 'delete'].map((name) => capability(name, object));
  writeFiles(folder, {
    'skills.ts': skillsText,
    'capabilities.yaml': contractOf(capability('review-pr', object), ...more),
  });
  const { stderr, status } = await command(folder, 'codegen');
  return { text: readTree(folder)['skills.ts'] ?? '', stderr, status };
}

const HEAD =
  "import type { ASkills } from './generated/a/index.js';\nimport { reviewPr } from './skills/review-pr.js';\n";
const MORE = "import { mergePr } from './skills/merge-pr.js';\nimport { delete_ } from './skills/delete.js';\n";

describe('a skeleton', () => {
  it('is written once for each capability, and put together in skills.ts', async () => {
    const folder = await createAgentFolder({ 'capabilities.yaml': contractOf(capability('review-pr', object)) });
    const tree = readTree(folder);
    expect(tree['skills/review-pr.ts']).toContain('export const reviewPr: ReviewPrSkill = async (_input, ctx) => {');
    expect(tree['skills.ts']).toBe(`${HEAD}\nexport const skills: ASkills = {\n  reviewPr,\n};\n`);
  });

  it('is never written again, whatever the user has made of it', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'skills/review.ts': 'export const review = 1;\n', 'skills.ts': '// review is elsewhere\n' });
    const before = stampTree(path.join(folder, 'skills'));
    await command(folder, 'codegen');
    expect(stampTree(path.join(folder, 'skills'))).toEqual(before);
  });

  it('is not written with --no-skills', async () => {
    const folder = await createAgentFolder({}, '--no-skills');
    expect(Object.keys(readTree(folder)).filter((name) => name.startsWith('skills'))).toEqual([]);
  });

  it('is one file with a constant each where two capabilities name one skill', async () => {
    const shared = ['open', 'close'].map((name) => capability(name, object, { skill: 'door' }));
    const tree = readTree(await createAgentFolder({ 'capabilities.yaml': contractOf(...shared) }));
    expect(Object.keys(tree).filter((name) => name.startsWith('skills/'))).toEqual(['skills/door.ts']);
    expect(tree['skills/door.ts']?.match(/(?<=export const )\w+/g)).toEqual(['open', 'close']);
    expect(tree['skills.ts']).toContain("import { close, open } from './skills/door.js';");
  });

  it('that is there already is not added to, and codegen says which constant it must export', async () => {
    const open = capability('open', object, { skill: 'door' });
    const folder = await createAgentFolder({ 'capabilities.yaml': contractOf(open) });
    writeFiles(folder, { 'capabilities.yaml': contractOf(open, capability('close', object, { skill: 'door' })) });
    const { stderr } = await command(folder, 'codegen');
    expect(stderr).toContain('Note: skills/door.ts already exists and was left alone; see that it exports close.');
  });

  it('of a capability that is gone is kept and reported', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'capabilities.yaml': contractOf(capability('other', object)) });
    const { stderr } = await command(folder, 'codegen');
    expect(stderr).toContain('Note: skills/review.ts implements no capability of capabilities.yaml; it was kept.');
    expect(readTree(folder)['skills/review.ts']).toContain('export const review');
  });
});

const LAYOUTS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  'with a trailing comma': [
    `${HEAD}\nexport const skills: ASkills = {\n  reviewPr,\n};\n`,
    `${HEAD}${MORE}\nexport const skills: ASkills = {\n  reviewPr,\n  mergePr,\n  delete: delete_,\n};\n`,
  ],
  'without a trailing comma': [
    `${HEAD}\nexport const skills: ASkills = {\n  reviewPr\n};\n`,
    `${HEAD}${MORE}\nexport const skills: ASkills = {\n  reviewPr,\n  mergePr,\n  delete: delete_\n};\n`,
  ],
  'on one line': [
    `${HEAD}export const skills: ASkills = { reviewPr };\n`,
    `${HEAD}${MORE}export const skills: ASkills = { reviewPr, mergePr, delete: delete_ };\n`,
  ],
  'with satisfies': [
    `${HEAD}export const skills = {\n\treviewPr,\n} as const satisfies ASkills;\n`,
    `${HEAD}${MORE}export const skills = {\n\treviewPr,\n\tmergePr,\n\tdelete: delete_,\n} as const satisfies ASkills;\n`,
  ],
  'with comments that name what is missing': [
    `${HEAD}\n// mergePr is to come, and delete.\nexport const skills: ASkills = {\n  reviewPr, // ours\n  /* mergePr */\n};\n`,
    `${HEAD}${MORE}\n// mergePr is to come, and delete.\nexport const skills: ASkills = {\n  reviewPr, // ours\n  mergePr,\n  delete: delete_,\n  /* mergePr */\n};\n`,
  ],
  'with a comment behind the last entry, which has no comma': [
    `${HEAD}export const skills: ASkills = {\n  reviewPr // ours\n};\n`,
    `${HEAD}${MORE}export const skills: ASkills = {\n  reviewPr, // ours\n  mergePr,\n  delete: delete_\n};\n`,
  ],
  'with double quotes and without semicolons': [
    `${HEAD}export const skills: ASkills = { reviewPr }\n`.replaceAll("'", '"').replaceAll(';\n', '\n'),
    `${HEAD}${MORE}export const skills: ASkills = { reviewPr, mergePr, delete: delete_ }\n`
      .replaceAll("'", '"')
      .replaceAll(';\n', '\n'),
  ],
  'with methods, quoted names and odd spaces': [
    `${HEAD}export const skills: ASkills = {\n  async   reviewPr (input)  { return input },\n  "delete" : x,\n};\n`,
    `${HEAD}${MORE.split('\n')[0]}\nexport const skills: ASkills = {\n  async   reviewPr (input)  { return input },\n  "delete" : x,\n  mergePr,\n};\n`,
  ],
};

describe('a capability added later', () => {
  it.each(['review', 'pr', 'import', 'const', 'skills', 'generated'])(
    'is inserted although its name, %s, is a word of the file already',
    async (name) => {
      const folder = await createAgentFolder({ 'capabilities.yaml': contractOf(capability('review-pr', object)) });
      writeFiles(folder, {
        'capabilities.yaml': contractOf(capability('review-pr', object), capability(name, object)),
      });
      expect((await command(folder, 'codegen', '--check')).stdout).toContain('stale    skills.ts');
      await command(folder, 'codegen');
      const tree = readTree(folder);
      expect(tree['skills.ts']).toMatch(new RegExp(`^  ${name}(?:: ${name}_)?,$`, 'm'));
      expect(Object.keys(tree)).toContain(`skills/${name}.ts`);
    },
  );

  it.each(Object.keys(LAYOUTS))('is inserted into an object %s, and every other byte stays', async (name) => {
    const [before = '', after = ''] = LAYOUTS[name] ?? [];
    expect((await afterAdding(before)).text).toBe(after);
  });

  it('is inserted into an empty object', async () => {
    const { text } = await afterAdding(`${HEAD}export const skills: ASkills = {};\n`);
    expect(text).toContain('export const skills: ASkills = {\n  reviewPr,\n  mergePr,\n  delete: delete_,\n};\n');
    // What is imported already is not imported again.
    expect(text.split('import { reviewPr }')).toHaveLength(2);
  });

  it.each(Object.keys(LAYOUTS))('is inserted with CRLF where the file has it: an object %s', async (name) => {
    const [before = ''] = LAYOUTS[name] ?? [];
    const { text } = await afterAdding(before.replaceAll('\n', '\r\n'));
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text.replaceAll('\r\n', '\n')).toBe((await afterAdding(before)).text);
  });

  it('is inserted at the right place behind a byte order mark', async () => {
    const [before = '', after = ''] = LAYOUTS['with a trailing comma'] ?? [];
    expect((await afterAdding(`\ufeff${before}`)).text).toBe(`\ufeff${after}`);
  });

  it('has its skeleton written', async () => {
    const folder = await createAgentFolder();
    const both = contractOf(capability('review', object), capability('merge', object));
    writeFiles(folder, { 'capabilities.yaml': both });
    await command(folder, 'codegen');
    expect(readTree(folder)['skills/merge.ts']).toContain('export const merge: MergeSkill');
  });

  it('is called stale by --check, which the command that it prints mends', async () => {
    const folder = await createAgentFolder();
    writeFiles(folder, { 'capabilities.yaml': contractOf(capability('review', object), capability('merge', object)) });
    expect((await command(folder, 'codegen', '--check')).stdout).toMatch(
      /^stale {4}skills\.ts\nmissing {2}skills\/merge\.ts$/m,
    );
    await command(folder, 'codegen');
    expect((await command(folder, 'codegen', '--check')).status).toBe(0);
  });
});

describe('a skills.ts that is left alone', () => {
  it.each([
    ['does not parse', `${HEAD}export const skills: ASkills = { reviewPr, ;\n`, 'does not parse'],
    [
      'has no object of that type',
      `${HEAD}export const skills = makeSkills({ reviewPr });\n`,
      'holds no object of type ASkills',
    ],
    [
      'spreads another object',
      `${HEAD}export const skills: ASkills = { ...base, reviewPr };\n`,
      'spreads another object',
    ],
  ])('because it %s is reported with what it lacks', async (_, before, reason) => {
    const { text, stderr, status } = await afterAdding(before);
    expect({ text, status }).toEqual({ text: before, status: 0 });
    expect(stderr).toMatch(new RegExp(`Note: skills\\.ts ${reason}.*mergePr, delete`));
  });
});

describe('a skill that is Markdown', () => {
  const prompt = '---\nname: review-pr\ndescription: Reviews.\n---\nReview it.\n';

  it('needs no skeleton, and no skills.ts where there is no other', async () => {
    const folder = await createAgentFolder({
      'capabilities.yaml': contractOf(capability('review-pr', object)),
      'skills/review-pr.md': prompt,
    });
    expect(Object.keys(readTree(folder)).filter((name) => name.startsWith('skills'))).toEqual(['skills/review-pr.md']);
    expect((await command(folder, 'codegen', '--check')).status).toBe(0);
  });

  it('is left out of skills.ts, whose type says so, and one added later is put in', async () => {
    const both = contractOf(capability('review-pr', object), capability('merge-pr', object));
    const folder = await createAgentFolder({ 'capabilities.yaml': both, 'skills/review-pr.md': prompt });
    const tree = readTree(folder);
    expect(tree['skills.ts']).toContain("export const skills: Omit<ASkills, 'reviewPr'> = {\n  mergePr,\n};\n");
    expect(tree).not.toHaveProperty('skills/review-pr.ts');
    expect((await command(folder, 'codegen', '--check')).status).toBe(0);

    const three = [...['review-pr', 'merge-pr', 'close-pr'].map((name) => capability(name, object))];
    writeFiles(folder, { 'capabilities.yaml': contractOf(...three) });
    await command(folder, 'codegen');
    const after = readTree(folder);
    expect(after['skills.ts']).toContain("Omit<ASkills, 'reviewPr'> = {\n  mergePr,\n  closePr,\n};\n");
    expect(after).toHaveProperty('skills/close-pr.ts');
  });

  it('does not count where there is code of that name', async () => {
    const folder = await createAgentFolder({
      'capabilities.yaml': contractOf(capability('review-pr', object)),
      'skills/review-pr.md': prompt,
      'skills/review-pr.ts': 'export const reviewPr = 1;\n',
    });
    expect(readTree(folder)['skills.ts']).toContain('reviewPr,');
  });
});
