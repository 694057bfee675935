import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROBLEMS, type ProblemKind } from '../generator/problem.js';
import { codeExplanations } from '../runtime/codes.js';
import { errorCodes, type RuntimeCode } from '../runtime/errors.js';

const root = path.resolve(import.meta.dirname, '..');
const pages = [
  ...[
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'runtime/README.md',
    'examples/pr-review/README.md',
    'bench/README.md',
  ],
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'));

/** Links of a page, and the paths of this repository that it writes as code. */
function pathsIn(page: string): string[] {
  const text = readFileSync(path.join(root, page), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) =>
    path.join(path.dirname(page), match[1] ?? ''),
  );
  const rooms = /^(?:runtime|generator|src|templates|fixtures|test|examples|docs|scripts|\.github|\.ci)\//;
  const written = [...text.matchAll(/`([\w./-]+)`/g)].map((match) => match[1] ?? '').filter((word) => rooms.test(word));
  return [...links, ...written];
}

describe('documentation', () => {
  test.each(pages)('%s names only paths that exist', (page) => {
    expect(pathsIn(page).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  test('the walk of paths finds them', () => {
    expect(pathsIn('docs/architecture.md').length).toBeGreaterThan(40);
    expect(pathsIn('README.md')).toContain('docs/contract-files.md');
  });

  test('docs/codes.md is printed from the tables of codes', async () => {
    await expect(codesPage()).toMatchFileSnapshot(path.join(root, 'docs/codes.md'));
  });
});

function codesPage(): string {
  const problems = Object.entries<ProblemKind>(PROBLEMS).map(
    ([code, { meaning, fix = 'The report says it.' }]) => `| \`${code}\` | ${meaning} | ${fix} |`,
  );
  const errors = Object.entries(errorCodes).map(([code, { status, executed, retry }]) => {
    const { meaning, fix } = codeExplanations[code as RuntimeCode];
    return `| \`${code}\` | ${status} | ${executed.join(', ')} | ${retry ? 'yes' : 'no'} | ${meaning} | ${fix} |`;
  });
  return `# Codes

Printed from the tables in \`generator/problem.ts\`, \`runtime/errors.ts\` and \`runtime/codes.ts\`.

## Problems of a contract

| code | meaning | what to do |
|---|---|---|
${problems.join('\n')}

## Errors of a call

\`executed\` says whether the skill may have run; where there are several, the first holds unless the error says otherwise.
\`retry\` says whether the same call can succeed later without anybody changing anything.

| code | status | executed | retry | meaning | what to do |
|---|---|---|---|---|---|
${errors.join('\n')}
`;
}
