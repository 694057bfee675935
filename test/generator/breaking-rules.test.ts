import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  FOLDER_FINDINGS,
  findChanges,
  findRemovedAgents,
  type JudgedChange,
  RULES,
  type RuleId,
} from '../../generator/breaking/index.js';
import { OBLIGATIONS } from '../../generator/breaking/subsume.js';
import { KEYWORDS } from '../../generator/dialect.js';
import { createRepository } from '../support/git-repository.js';
import { createScratch, repository, writeFiles } from '../support/scratch.js';

const FIXTURES = path.join(repository, 'fixtures/breaking');
const rules = Object.keys(RULES) as RuleId[];

/** What becomes of a fixture's old contract when the other takes its place. */
function changesOf(rule: string, name: 'breaking' | 'harmless'): readonly JudgedChange[] {
  const text = (file: string): string => readFileSync(path.join(FIXTURES, rule, `${file}.yaml`), 'utf8');
  if (rule === BETWEEN_FOLDERS) return removedBeside(text('old'), text(name));
  const folder = createScratch({ 'capabilities.yaml': text(name), 'old.yaml': text('old') });
  return findChanges({ folder, prefix: '', against: 'old.yaml', base: folder, now: new Date(0) }).changes;
}

/** The rule that speaks of a folder that is gone: its old contract was there, and the other is in one beside it. */
const BETWEEN_FOLDERS = 'agent-removed';

function removedBeside(old: string, other: string): readonly JudgedChange[] {
  const base = createRepository({ 'agents/gone/capabilities.yaml': old });
  rmSync(path.join(base, 'agents/gone'), { recursive: true });
  writeFiles(base, { 'agents/other/capabilities.yaml': other });
  const folders = [path.join(base, 'agents/other')];
  return findRemovedAgents({ folders, withNeighbours: true, ref: 'main', base, now: new Date(0) });
}

/** A change that is only listed comes along with many that break something. */
function grave(changes: readonly JudgedChange[]): readonly JudgedChange[] {
  return changes.filter(({ verdict }) => verdict !== 'compatible');
}

describe.each(rules)('%s', (rule) => {
  it('is what its fixture breaks, and all that it breaks', () => {
    const changes = changesOf(rule, 'breaking');
    const found = RULES[rule].verdict === 'compatible' ? changes : grave(changes);
    expect(found.map(({ code }) => code)).toContain(rule);
    expect(grave(changes).map(({ code }) => code)).toEqual(RULES[rule].verdict === 'compatible' ? [] : [rule]);
  });

  it('is reported at its place, in a sentence, with what to do', () => {
    for (const { place, message, fix } of changesOf(rule, 'breaking')) {
      expect(place.file).toBe(rule === BETWEEN_FOLDERS ? 'agents/gone/capabilities.yaml' : 'capabilities.yaml');
      expect(place.line).toBeGreaterThan(rule === BETWEEN_FOLDERS ? 0 : 1);
      expect(message).toMatch(/^["A-Z].*\.$/s);
      expect(fix).toMatch(/^[A-Z].*[.}]$/s);
    }
  });

  it('is not what its harmless fixture does, which breaks nothing', () => {
    const changes = changesOf(rule, 'harmless');
    expect(changes.map(({ code }) => code)).not.toContain(rule);
    // A text that is new may still be worth a look.
    expect(grave(changes).map(({ code }) => code)).toEqual([]);
  });
});

describe('the table of rules', () => {
  it('has a folder of fixtures for each rule, and a rule for each folder', () => {
    const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...rules].sort());
  });

  it('calls nothing safe that cannot be decided', () => {
    const undecided = rules.filter((rule) => RULES[rule].verdict === 'unknown');
    expect(undecided.filter((rule) => RULES[rule].level !== 'error' || RULES[rule].bump !== 'major')).toEqual([]);
    expect(undecided.length).toBeGreaterThan(2);
  });
});

describe('the comparison of schemas', () => {
  it('knows every keyword that may refuse a value', () => {
    const asserted = [...KEYWORDS].filter(([, { treatment }]) => treatment === 'asserted').map(([name]) => name);
    const known = new Set([...OBLIGATIONS.map(({ keyword }) => keyword), ...COMPANIONS]);
    expect(asserted.filter((name) => !known.has(name))).toEqual([]);
  });
});

/** Keywords that another one speaks for, those that normalize translates, and those that every claim begins with. */
const COMPANIONS = [
  ...['minContains', 'maxContains', 'then', 'else'],
  ...['additionalItems', 'dependencies'],
  ...['allOf'],
];

describe('docs/breaking-rules.md', () => {
  it('is printed from the table of rules', async () => {
    const rows = Object.entries(RULES).map(
      ([id, { dimension, verdict, level, bump, meaning, fix }]) =>
        `| \`${id}\` | ${dimension} | ${verdict} | ${level} | ${bump} | ${meaning} | ${fix} |`,
    );
    const others = Object.entries(FOLDER_FINDINGS).map(
      ([code, { level, meaning, fix }]) => `| \`${code}\` | ${level} | ${meaning} | ${fix} |`,
    );
    const page = `# Rules of \`declaragent breaking\`

Printed from the table in \`generator/breaking/rules.ts\`; \`fixtures/breaking/\` has a change that breaks each rule and one that
does not. See [changing-a-contract.md](changing-a-contract.md).

| rule | breaks | verdict | level | version | meaning | what to do |
|---|---|---|---|---|---|---|
${rows.join('\n')}

## Other findings

| code | level | meaning | what to do |
|---|---|---|---|
${others.join('\n')}
`;
    await expect(page).toMatchFileSnapshot(path.join(repository, 'docs/breaking-rules.md'));
  });
});
