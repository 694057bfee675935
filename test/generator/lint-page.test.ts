import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LINT_RULES, lint } from '../../generator/lint/index.js';
import { DRIFT } from '../../src/drift.js';
import { FORMATS } from '../../src/report/index.js';
import { createScratch, repository } from '../support/scratch.js';

describe('docs/lint.md', () => {
  it('is printed from the table of rules', async () => {
    await expect(lintPage()).toMatchFileSnapshot(path.join(repository, 'docs/lint.md'));
  });
});

describe('the first contract of the README', () => {
  it('is one that lint says nothing about', () => {
    const readme = readFileSync(path.join(repository, 'README.md'), 'utf8');
    const contract = /^```yaml title=capabilities\.yaml\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '';
    const { findings, capabilities } = lint({ directory: createScratch({ 'capabilities.yaml': contract }) });
    expect({ findings, capabilities }).toEqual({ findings: [], capabilities: 1 });
  });
});

describe('docs/reports.md', () => {
  const page = readFileSync(path.join(repository, 'docs/reports.md'), 'utf8');

  it('has every finding of codegen --check with its meaning', () => {
    for (const [code, { meaning }] of Object.entries(DRIFT)) expect(page).toContain(`| \`${code}\` | ${meaning} |`);
  });

  it('has a section for every format', () => {
    for (const format of FORMATS) expect(page).toMatch(new RegExp(`^## ${format}`, 'm'));
  });
});

function lintPage(): string {
  const rows = LINT_RULES.map(
    ({ id, level, meaning, why, fix }) => `| \`${id}\` | ${level} | ${meaning} | ${why} | ${fix} |`,
  );
  return `# Lint

\`declaragent lint [dir...]\` reads the capabilities.yaml of each folder, with the files beside it that its schemas refer to,
and says what is unwise in it or surely a mistake, though codegen takes it. A contract that codegen refuses has its problems
shown instead. The contracts of peers are theirs.

It ends with 1 when there is an error, with \`--max-warnings N\` when there are more than N warnings, and when no folder had a
capability to look at. Notes are printed last and count for nothing. \`--rule id=error\`, \`id=warning\`, \`id=note\` and \`id=off\`
change what a rule weighs, and \`'strict-*=warning'\` those of several rules. \`declaragent explain <rule>\` says the same as the
table. Formats are in [reports.md](reports.md).

What a fix calls a breaking change, \`declaragent breaking\` calls one as well: do it before anybody calls the capability, or in a
new one beside it.

## To accept a finding

\`\`\`yaml
name: review-pr # declaragent-ignore missing-timeout: the reviewer answers when it is done
# declaragent-ignore unbounded-string: a whole book is welcome
text: { description: What to read., type: string }
\`\`\`

A comment at the end of a line covers what the rule finds in that line. One that has its line for itself covers the next line
that is more than a comment, and nothing below it; several may stand above one line. It covers one rule, and needs a reason. A
finding is where the report puts it, often at a key. Accepted findings are counted, and listed with their reason in the formats
json and sarif.

A comment that begins with \`declaragent-\`, in any case of letters, and is not of this form is an error: it would accept
nothing, without a word.

Of the problems of codegen a comment accepts \`exponential-pattern\` and no other.

## Rules

Printed from the table in \`generator/lint/rules.ts\`; each has a contract that breaks it and one that does not in \`fixtures/lint/\`.

The rules \`strict-…\` tell whether a language model's strict tool mode could carry the input of a capability. They follow what
OpenAI says of structured outputs (every object closed, every property required, a root that is an object and no anyOf, no
allOf, not, dependentRequired, dependentSchemas, if, then, else) and what its SDK for Node refuses to convert besides; and what
Anthropic says of structured outputs, which strict tool use shares (every object closed, no recursive schema, no object or array
in an enum, 24 optional parameters in all), with what its SDK for TypeScript converts. Bounds such as maxLength and minimum are
not reported: Anthropic's mode does not carry them, and its SDKs move them into descriptions. Validators check them in any case.
Each of these rules has one finding for all that it finds in the schema of a capability or in a shared definition, a note:
codegen and the runtime need none of it.

Formats of dates, times, hosts and addresses count as bounded for \`unbounded-string\`, though a validator lets a second have any
number of digits and an e-mail address any number of characters before the @.

| rule | level | finds | why | what to do |
|---|---|---|---|---|
${rows.join('\n')}
`;
}
