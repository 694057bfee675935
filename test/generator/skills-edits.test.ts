import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { compileAgentFolder } from '../../generator/compile.js';
import { checkExamples } from '../../generator/examples.js';
import { loadAgentFolder } from '../../generator/load.js';
import type { ContractModel } from '../../generator/model.js';
import { planSkills } from '../../generator/plan-skills.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch } from '../support/scratch.js';

/** A fixed seed, so that a red run is red again. */
const SEED = 20_251_104;
const RUNS = 500;

const contract = contractText({
  capabilities: ['review-pr', 'merge-pr', 'delete'].map((name) => capability(name, true)),
});
const model =
  compileAgentFolder(loadAgentFolder(createScratch({ 'capabilities.yaml': contract })), checkExamples).model?.own ??
  null;
if (model === null) throw new Error('the contract of this test does not compile');
const own = model;
/** As if it had only the skills that no layout has. */
const withAdded: ContractModel = { ...own, capabilities: own.capabilities.filter(({ name }) => name !== 'review-pr') };

/** What may stand before the imports. */
const HEADS = [
  '',
  '// Who does what.\n',
  '/* eslint-disable */\n',
  '/**\n * import { mergePr } from "here";\n */\n\n',
  "'use strict';\n",
  '#!/usr/bin/env node\n',
];

const TYPE = "import type { ASkills } from './generated/a/index.js';\n";
const IMPORTS = [
  "import { reviewPr } from './skills/review-pr.js';\n",
  "import { reviewPr } from './skills/review-pr.js'; // import { mergePr } from 'x'\n",
  "import { reviewPr } from './skills/review-pr.js'; /* two\n lines */\n",
  "import {\n  // the first\n  reviewPr,\n} from './skills/review-pr.js';\n",
  "import { reviewPr } from './skills/review-pr.js'; /* a */ void 0; /* b */\n",
  "import 'side-effect'; import { reviewPr } from './skills/review-pr.js'; void 0;\n",
  "import { readFile as mergePrs } from 'node:fs/promises';\nimport * as all from './all.js';\nconst { reviewPr } = all;\n",
  "import data from './data.json' with { type: 'json' };\nimport { reviewPr } from './skills/review-pr.js'\n",
  "import fs = require('node:fs');\nimport { reviewPr } from './skills/review-pr.js';\n",
  'const reviewPr = async () => 1;\n',
];

/** TypeScript of all kinds, in which the names of the new skills occur and the shapes of entries too. */
const STATEMENTS = [
  '',
  '\n\n\n',
  '// mergePr, delete_\n',
  'const labels = { mergePr: 1, delete: 2 };\n',
  'const text = `{ mergePr, ${`}`} delete: ASkills = {`;\n',
  'const brace = /[{}"\']/u;\n',
  '@sealed\nclass Skills<T extends object = {}> {\n  @logged() mergePr?: T;\n  static { void 0; }\n}\n',
  'enum Kind { mergePr, delete }\n',
  "declare module 'x' {\n  const mergePr: number;\n}\n",
  'function overloaded(a: string): void;\nfunction overloaded(a: number): void;\nfunction overloaded(_: unknown) {}\n',
  'const cast = <const T,>(value: T) => value!;\n',
  'type Names = keyof ASkills | `${string}mergePr`;\n',
  'abstract class Base { abstract mergePr(): asserts this is Base; }\n',
  'export type { ASkills };\n',
  'namespace Inner { export const mergePr = 1; }\n',
  'const other: Record<string, number> = { a: 1 } satisfies Record<string, number>;\n',
  'using(() => ({ mergePr: 1 }));\n',
  'label: for (;;) break label;\n',
];

const ENTRIES = [
  'reviewPr',
  'reviewPr: reviewPr',
  "'reviewPr': reviewPr",
  'async reviewPr(input, ctx) { return { mergePr: input, ctx }; }',
  'reviewPr: async (input) => {\n    const { mergePr, ...rest } = input;\n    return [mergePr, rest, { delete: 1 }];\n  }',
  'get reviewPr() { return async () => `}`; }',
  'reviewPr: wrap<typeof reviewPr>(reviewPr, { retry: [1, 2,], })',
  'reviewPr: /[}{,]/.test("") ? reviewPr : reviewPr!',
  '[`reviewPr`]: reviewPr',
];

const BEFORE_COMMA = ['', '', ' // ours', ' /* mergePr */', '\n  // below', ' /* of\n  two lines */'];
const BEHIND_COMMA = [
  '',
  '',
  ' // ours',
  ' /* mergePr, */',
  '\n\n  // mergePr,',
  ' /* of\n  two lines */',
  '\n  /** delete */',
];
const OPENINGS: readonly (readonly [string, string])[] = [
  ['export const skills: ASkills = ', ';\n'],
  ['export const skills: ASkills = ', '; /* end */\n'],
  ['const skills: ASkills = ', '\nexport { skills }\n'],
  ['export let first = 1, skills: ASkills = ', ', last = { mergePr: 1 };\n'],
  ['export const skills = ', ' satisfies ASkills;\n'],
  ['export const skills = ', ' as const satisfies ASkills;\n'],
  ['export const skills = ', ' as ASkills\n'],
  ['export const skills =\n  // mergePr\n  ', ' satisfies\n  ASkills // end\n'],
  ['export const skills: ASkills = ', ' as const'],
];

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const layout: fc.Arbitrary<string> = fc
  .record({
    mark: pick(['', '', '', '\ufeff']),
    head: pick(HEADS),
    type: pick([TYPE, TYPE, '']),
    imports: pick(IMPORTS),
    statements: fc.array(pick(STATEMENTS), { maxLength: 4 }),
    opening: pick(OPENINGS),
    entries: fc.array(pick(['before: reviewPr', 'async *other() {}', '1: reviewPr', '"a b": 0']), { maxLength: 2 }),
    entry: pick([...ENTRIES, null]),
    gap: pick(['\n  ', '\n  ', ' ', '\n\t', '\n\n      ', '']),
    beforeComma: pick(BEFORE_COMMA),
    comma: pick(['', ',', ',', '\n  ,']),
    behindComma: pick(BEHIND_COMMA),
    close: pick(['\n', '\n', ' ', '\n\n', '\t']),
    behind: fc.array(pick(STATEMENTS), { maxLength: 2 }),
    rewrite: pick(['none', 'none', 'crlf', 'tabs', 'double quotes', 'no semicolons', 'some crlf']),
  })
  .map((parts) => {
    const entries = parts.entry === null ? [] : [...new Set(parts.entries), parts.entry];
    const tail =
      entries.length === 0
        ? parts.behindComma
        : parts.beforeComma + lineEnd(parts.beforeComma) + parts.comma + parts.behindComma;
    const object = `{${entries.map((entry) => parts.gap + entry).join(',')}${tail}${lineEnd(tail)}${parts.close}}`;
    const [opening, end] = parts.opening;
    const body = `${parts.imports}${parts.statements.join('')}${opening}${object}${end}\n${parts.behind.join('')}`;
    return parts.mark + rewrite(parts.head + parts.type + body, parts.rewrite);
  });

/** A line comment must end before what follows it. */
function lineEnd(text: string): string {
  return /\/\/[^\n]*$/.test(text) ? '\n  ' : '';
}

function rewrite(text: string, how: string): string {
  if (how === 'crlf') return text.replaceAll('\n', '\r\n');
  if (how === 'some crlf') return text.replace('\n', '\r\n');
  if (how === 'tabs') return text.replaceAll(/^ +/gm, '\t');
  if (how === 'double quotes') return text.replace(/^import .*$/gm, (line) => line.replaceAll("'", '"'));
  if (how === 'no semicolons') return text.replace(/;$/gm, '');
  return text;
}

interface Parsed {
  readonly errors: number;
  /** The texts of all statements but the one with the skills and the imports of new skills. */
  readonly statements: readonly string[];
  /** The texts of the entries in the object of the skills. */
  readonly entries: readonly string[];
  readonly imports: readonly string[];
}

const NEW_IMPORT = /^import \{ (?:mergePr|delete_) \} from ['"]\.\/skills\/(?:merge-pr|delete)\.js['"];?$/;

function parse(text: string): Parsed {
  const file = ts.createSourceFile('skills.ts', text, ts.ScriptTarget.Latest, true);
  const objects = file.statements.filter(ts.isVariableStatement).flatMap((statement) => skillsIn(statement));
  const [skills] = objects;
  const texts = file.statements
    .filter((statement) => !isParent(statement, skills))
    .map((statement) => statement.getText());
  return {
    errors: (Reflect.get(file, 'parseDiagnostics') as readonly unknown[]).length,
    statements: texts.filter((statement) => !NEW_IMPORT.test(statement)),
    imports: texts.filter((statement) => NEW_IMPORT.test(statement)),
    entries: skills?.properties.map((property) => property.getText()) ?? [],
  };
}

function isParent(statement: ts.Statement, node: ts.Node | undefined): boolean {
  return node !== undefined && statement.pos <= node.pos && node.end <= statement.end;
}

function skillsIn(statement: ts.VariableStatement): ts.ObjectLiteralExpression[] {
  return statement.declarationList.declarations.flatMap(({ name, initializer }) => {
    let value = initializer;
    while (value !== undefined && (ts.isSatisfiesExpression(value) || ts.isAsExpression(value)))
      value = value.expression;
    return name.getText() === 'skills' && value !== undefined && ts.isObjectLiteralExpression(value) ? [value] : [];
  });
}

/** Whether every character of one text is in the other, in order. */
function isKept(before: string, after: string): boolean {
  let position = 0;
  for (const character of after) if (character === before[position]) position++;
  return position === before.length;
}

/** What codegen makes of a skills.ts that may lack the new skills: null where it stays as it is. */
async function planned(skillsText: string): Promise<{ text: string | null; notices: readonly string[] }> {
  const names = new Set(['review-pr', 'merge-pr', 'delete']);
  const { skills, notices } = await planSkills(
    withAdded,
    { skillsText, names, prompts: new Set<string>() },
    'generated',
  );
  return { text: skills[0]?.content ?? null, notices: notices.filter((notice) => notice.startsWith('skills.ts')) };
}

/** Whether the text shows which object holds the skills. Where it does not, an entry in any object may be the skill's. */
function hasType(text: string): boolean {
  return /(?::|\bas|\bsatisfies)\s+ASkills\b/.test(text);
}

const layouts = fc.sample(layout, { seed: SEED, numRuns: RUNS }).filter((text) => parse(text).errors === 0);

describe('skills added to a skills.ts of any layout', () => {
  it('are there once, with one import, the next run finds them, and all else is as it was', async () => {
    expect(layouts.length).toBeGreaterThan(RUNS * 0.9);
    for (const layoutText of layouts) {
      const { text, notices } = await planned(layoutText);
      expect({ layoutText, text, notices }).toEqual({ layoutText, text: expect.any(String), notices: [] });
      const [before, after] = [parse(layoutText), parse(text ?? '')];
      expect({ text, ...after }).toEqual({
        text,
        errors: 0,
        statements: before.statements,
        entries: [...before.entries, 'mergePr', 'delete: delete_'],
        imports: [expect.stringContaining('{ mergePr }'), expect.stringContaining('{ delete_ }')],
      });
      expect(isKept(layoutText, text ?? '')).toBe(true);
      expect(await planned(text ?? '')).toEqual({ text: null, notices: [] });
    }
  });

  it('never spoil one of which something is missing: it is left alone and reported, or still sound', async () => {
    const cuts = fc.sample(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 12 })), {
      seed: SEED,
      numRuns: layouts.length,
    });
    const counts = { broken: 0, sound: 0 };
    for (const [index, [from, length]] of cuts.entries()) {
      const whole = layouts[index] ?? '';
      const start = from % whole.length;
      const cut = whole.slice(0, start) + whole.slice(start + length);
      const { text, notices } = await planned(cut);
      const isBroken = parse(cut).errors > 0;
      counts[isBroken ? 'broken' : 'sound']++;
      if (isBroken)
        expect({ cut, text, said: notices.length }).toEqual({
          cut,
          text: null,
          said: hasType(cut) ? 1 : expect.any(Number),
        });
      else if (text !== null)
        expect({ cut, kept: isKept(cut, text), errors: parse(text).errors }).toEqual({ cut, kept: true, errors: 0 });
    }
    expect(Math.min(counts.broken, counts.sound)).toBeGreaterThan(RUNS / 5);
  });

  it.each([
    [
      'marks of a merge conflict',
      'export const skills: ASkills = {\n<<<<<<< ours\n  mergePr,\n=======\n  delete: delete_,\n>>>>>>> theirs\n};\n',
      'holds a merge conflict',
    ],
    ['bytes that are no UTF-8', "const name = 'caf\ufffd';\nexport const skills: ASkills = {};\n", 'is not UTF-8'],
    ['a computed name', 'export const skills: ASkills = { [name]: reviewPr };\n', 'computes a name'],
  ])('are left to the user where there are %s', async (_, before, reason) => {
    const { text, notices } = await planned(before);
    expect({ text, notices }).toEqual({ text: null, notices: [expect.stringContaining(reason)] });
  });

  it('are not imported where the file takes them from elsewhere', async () => {
    const { text } = await planned('const { mergePr, x: delete_ } = all;\nexport const skills: ASkills = {};\n');
    expect(text).toBe(
      'const { mergePr, x: delete_ } = all;\nexport const skills: ASkills = {\n  mergePr,\n  delete: delete_,\n};\n',
    );
  });
});
