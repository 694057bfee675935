import { describe, expect, test } from 'vitest';
import { DiffSyntaxError } from './diff.js';
import { parseUnifiedDiff } from './unified-diff.js';

const HEADER = 'diff --git a/x.ts b/x.ts\nindex 1..2 100644\n--- a/x.ts\n+++ b/x.ts\n';

function failure(text: string): DiffSyntaxError {
  try {
    parseUnifiedDiff(text);
  } catch (error) {
    if (error instanceof DiffSyntaxError) return error;
    throw error;
  }
  throw new Error('The text was read without an error.');
}

describe('a hunk', () => {
  test('numbers its lines by both files', () => {
    const [file] = parseUnifiedDiff(`${HEADER}@@ -7,3 +9,3 @@ function f() {\n a\n-b\n+c\n d\n`).files;
    expect(file?.hunks).toEqual([
      {
        ...{ oldStart: 7, oldCount: 3, newStart: 9, newCount: 3, heading: 'function f() {' },
        lines: [
          { kind: 'context', text: 'a', oldLine: 7, newLine: 9, noNewline: false },
          { kind: 'removed', text: 'b', oldLine: 8, noNewline: false },
          { kind: 'added', text: 'c', newLine: 10, noNewline: false },
          { kind: 'context', text: 'd', oldLine: 9, newLine: 11, noNewline: false },
        ],
      },
    ]);
  });

  test('has one line where its header leaves the count out', () => {
    const [file] = parseUnifiedDiff(`${HEADER}@@ -1 +1 @@\n-a\n+b\n`).files;
    expect(file?.hunks[0]).toMatchObject({ oldCount: 1, newCount: 1 });
  });

  test('may hold lines that look like headers', () => {
    const [file, ...others] = parseUnifiedDiff(
      `${HEADER}@@ -1,3 +1,2 @@\n--- a/y\n-diff --git a/z b/z\n+++ b/y\n @@ -1 +1 @@\n`,
    ).files;
    expect(others).toEqual([]);
    expect(file?.hunks[0]?.lines.map((line) => line.text)).toEqual([
      '-- a/y',
      'diff --git a/z b/z',
      '++ b/y',
      '@@ -1 +1 @@',
    ]);
  });

  test('may have empty context lines that lost their space', () => {
    const [file] = parseUnifiedDiff(`${HEADER}@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n`).files;
    expect(file?.hunks[0]?.lines[1]).toEqual({ kind: 'context', text: '', oldLine: 2, newLine: 2, noNewline: false });
  });
});

describe('a file', () => {
  test('of diff -u has its names without times and prefixes', () => {
    const { files } = parseUnifiedDiff(
      '--- a/x y.c\t2024-01-01 10:00\n+++ b/x y.c\t2024-01-02 10:00\n@@ -1 +1 @@\n-a\n+b\n',
    );
    expect(files).toMatchObject([{ oldPath: 'x y.c', newPath: 'x y.c', status: 'modified' }]);
  });

  test('of diff -u keeps a folder named a where the other is not b', () => {
    const { files } = parseUnifiedDiff('--- a/x.c\n+++ a/x.c\n@@ -1 +1 @@\n-a\n+b\n');
    expect(files).toMatchObject([{ oldPath: 'a/x.c', newPath: 'a/x.c' }]);
  });

  test('of diff -u is added or deleted where the other name is /dev/null', () => {
    const { files } = parseUnifiedDiff(
      '--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n--- a/y\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n',
    );
    expect(files).toMatchObject([
      { oldPath: null, newPath: 'x', status: 'added' },
      { oldPath: 'y', newPath: null, status: 'deleted' },
    ]);
  });

  test('of git diff --no-index has the two names of the --- and +++ lines', () => {
    const { files } = parseUnifiedDiff(
      'diff --git a/old.c b/new.c\nindex 1..2 100644\n--- a/old.c\n+++ b/new.c\n@@ -1 +1 @@\n-a\n+b\n',
    );
    expect(files).toMatchObject([{ oldPath: 'old.c', newPath: 'new.c' }]);
  });
});

describe('text around the files', () => {
  const patch = `${HEADER}@@ -1 +1 @@\n-a\n+b\n`;

  test.each([
    [
      'a mail header and signature',
      `From 1 Mon Sep 17\nSubject: [PATCH] x\n\nText\n---\n x.ts | 2 +-\n\n${patch}-- \n2.39.5\n\n`,
    ],
    ['a commit that git show prints', `commit 123\nAuthor: Ada\n\n    --- a\n    +++ b\n\n${patch}`],
    ['a message that says --- and +++', `--- the old way\n+++ the new way\n\n${patch}`],
    ['a byte order mark', `\uFEFF${patch}`],
    ['another commit behind it', `${patch}\ncommit 456\nAuthor: Ada\n\n    text\n`],
    ['CRLF line endings', patch.replaceAll('\n', '\r\n')],
    ['no line feed at the end', patch.slice(0, -1)],
  ])('may be %s', (_, text) => {
    expect(parseUnifiedDiff(text)).toEqual(parseUnifiedDiff(patch));
  });
});

describe('an error says the line and a sentence', () => {
  test.each([
    ['a text that is no diff', 'hello\nworld\n', 1, 'no file header'],
    ['an empty text', '', 1, 'no file header'],
    [
      'a hunk that ends early',
      `${HEADER}@@ -1,2 +1,3 @@\n a\n+b\n`,
      7,
      'announces 2 old and 3 new lines, but the diff ends',
    ],
    [
      'a hunk that another one cuts off',
      `${HEADER}@@ -1,2 +1,3 @@\n a\n@@ -9 +9 @@\n-a\n+b\n`,
      7,
      'but this line is none',
    ],
    ['a hunk with a line more', `${HEADER}@@ -1 +1,2 @@\n a\n+b\n+c\n`, 8, 'but this line is one more'],
    ['a hunk with an old line more', `${HEADER}@@ -1 +1,2 @@\n-a\n-b\n+c\n+d\n`, 7, 'but this line is one more'],
    ['a hunk header that is none', `${HEADER}@@ -1,x +1 @@\n a\n`, 5, 'not of the form'],
    ['a hunk at line 0', `${HEADER}@@ -0,1 +1 @@\n a\n`, 5, 'lines count from 1'],
    ['a hunk of nothing', `${HEADER}@@ -1,0 +1,0 @@\n`, 5, 'announces no lines'],
    ['a hunk without a file', '@@ -1 +1 @@\n-a\n+b\n', 1, 'belongs to no file'],
    ['a file without a hunk', HEADER, 5, 'no hunk below it'],
    ['a --- line without +++', 'diff --git a/x b/x\n--- a/x\n@@ -1 +1 @@\n', 3, 'no +++ line'],
    [
      'two names that cannot be told apart',
      'diff --git a/x b/y\nold mode 100644\nnew mode 100755\n',
      1,
      'cannot be told apart',
    ],
    ['a name with broken quotes', '--- "a/\\q"\n+++ "b/\\q"\n@@ -1 +1 @@\n', 1, 'cannot be read'],
    [
      'a combined diff',
      'diff --cc x.ts\nindex 1,2..3\n--- a/x.ts\n+++ b/x.ts\n@@@ -1,1 -1,1 +1,1 @@@\n  a\n',
      1,
      'combined diff',
    ],
    ['a combined hunk', `${HEADER}@@@ -1,1 -1,1 +1,1 @@@\n  a\n`, 5, 'combined diff'],
  ])('for %s', (_, text, line, sentence) => {
    const error = failure(text);
    expect(error.message).toContain(sentence);
    expect(error.line).toBe(line);
  });

  test('and none of the text, which may be any file of the folder', () => {
    expect(failure(`${HEADER}@@ -1 +1 @@\nPASSWORD=swordfish\n`).message).not.toContain('swordfish');
  });
});
