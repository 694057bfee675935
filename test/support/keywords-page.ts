import { forEachSubschema, KEYWORDS } from '../../generator/dialect.js';

/** How the tests of one schema of the official suite went. */
export interface Tally {
  readonly schema: unknown;
  readonly passing: number;
  readonly refused: number;
}

/** docs/keywords.md: the table of keywords, with the tests of 2020-12 whose schemas use each. */
export function keywordsPage(tallies: readonly Tally[]): string {
  const used = tallies.map((tally) => ({ ...tally, keywords: keywordsIn(tally.schema) }));
  const rows = [...KEYWORDS].map(([keyword, { drafts, treatment, refused }]) => {
    const tests = used.filter(({ keywords }) => keywords.has(keyword));
    const count = (part: 'passing' | 'refused'): string =>
      drafts.includes('2020-12') ? String(tests.reduce((sum, tally) => sum + tally[part], 0)) : '';
    const what = refused === undefined ? treatment : `${treatment}: ${refused}`;
    return `| \`${keyword}\` | ${drafts.join(', ')} | ${what} | ${count('passing')} | ${count('refused')} |`;
  });
  const total = (part: 'passing' | 'refused'): number => tallies.reduce((sum, tally) => sum + tally[part], 0);
  return `# Keywords

Printed from the table in \`generator/dialect.ts\` and from a run of the required tests of the official JSON Schema test
suite for 2020-12 (\`test/generator/official-suite.test.ts\`): ${total('passing')} tests pass and ${total('refused')} have a schema that is refused.

- *asserted*: generated validators refuse values that break it.
- *annotation*: it refuses no value; some annotations become JSDoc.
- *reference*: it says where a schema is, or which one is meant; generated code has no more need of it.
- *refused*: codegen reports it, and generates nothing.

The two columns on the right count tests whose schema uses the keyword anywhere. A schema is refused for one of its
keywords or references, and then counts as refused for all its keywords. \`format\` refuses nothing in the suite and does
here: its tests are in \`test/runtime/formats.test.ts\`. Other keywords are annotations, as
[schemas.md](schemas.md) says.

| keyword | dialects | treatment | tests that pass | tests refused |
|---|---|---|--:|--:|
${rows.join('\n')}
`;
}

/** Every keyword that a schema uses, in itself or in a schema inside it. */
function keywordsIn(schema: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const keyword of Object.keys(value)) found.add(keyword);
    forEachSubschema(value as Readonly<Record<string, unknown>>, walk);
  };
  walk(schema);
  return found;
}
