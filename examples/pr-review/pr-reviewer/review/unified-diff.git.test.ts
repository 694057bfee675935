import { chmodSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DiffFile } from './diff.js';
import { createScratchRepo, type ScratchRepo } from './scratch-repo.js';
import { parseUnifiedDiff } from './unified-diff.js';

let repo: ScratchRepo;
beforeEach(() => {
  repo = createScratchRepo();
});
afterEach(() => repo.remove());

/** The files of the diff between what `before` and then `change` leave behind. */
function diffOf(before: () => void, change: () => void, ...options: string[]): readonly DiffFile[] {
  before();
  repo.commit();
  change();
  repo.commit();
  return parseUnifiedDiff(repo.git('diff', ...options, 'HEAD~1', 'HEAD')).files;
}

const TEXT = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join('\n');

test('a file is added, another deleted', () => {
  const files = diffOf(
    () => repo.write('old.ts', 'a\n'),
    () => {
      rmSync(join(repo.folder, 'old.ts'));
      repo.write('new.ts', 'completely\nother\n');
    },
  );
  expect(files).toMatchObject([
    { oldPath: null, newPath: 'new.ts', status: 'added', newMode: '100644' },
    { oldPath: 'old.ts', newPath: null, status: 'deleted', oldMode: '100644' },
  ]);
});

test('a file is renamed, with and without a change', () => {
  const files = diffOf(
    () => {
      repo.write('a.txt', `${TEXT}\n`);
      repo.write('b.txt', `${TEXT.toUpperCase()}\n`);
    },
    () => {
      renameSync(join(repo.folder, 'a.txt'), join(repo.folder, 'moved a.txt'));
      rmSync(join(repo.folder, 'b.txt'));
      repo.write('b/c.txt', `${TEXT.toUpperCase()}\nmore\n`);
    },
  );
  expect(files).toMatchObject([
    { oldPath: 'b.txt', newPath: 'b/c.txt', status: 'renamed', hunks: [{ newCount: 4 }] },
    { oldPath: 'a.txt', newPath: 'moved a.txt', status: 'renamed', hunks: [] },
  ]);
});

test('a copy is a copy', () => {
  const files = diffOf(
    () => repo.write('a.txt', `${TEXT}\n`),
    () => repo.write('b.txt', `${TEXT}\n`),
    '--find-copies-harder',
  );
  expect(files).toMatchObject([{ oldPath: 'a.txt', newPath: 'b.txt', status: 'copied', hunks: [] }]);
});

test('a mode changes and nothing else', () => {
  const files = diffOf(
    () => repo.write('run me.sh', 'true\n'),
    () => {
      chmodSync(join(repo.folder, 'run me.sh'), 0o755);
      repo.git('update-index', '--chmod=+x', 'run me.sh');
    },
  );
  expect(files).toMatchObject([
    { newPath: 'run me.sh', status: 'modified', oldMode: '100644', newMode: '100755', hunks: [] },
  ]);
});

test('an empty file is added', () => {
  const files = diffOf(
    () => undefined,
    () => repo.write('a b/empty.txt', ''),
  );
  expect(files).toMatchObject([{ oldPath: null, newPath: 'a b/empty.txt', status: 'added', hunks: [] }]);
});

test.each([[[]], [['--binary']]])('a binary file has no lines (git diff %j)', (options) => {
  const files = diffOf(
    () => repo.write('a.txt', 'a\n'),
    () => {
      repo.write(
        'logo.bin',
        Uint8Array.from({ length: 300 }, (_, index) => (index * 7) % 256),
      );
      repo.write('z.txt', 'z\n');
    },
    ...options,
  );
  expect(files).toMatchObject([
    { newPath: 'logo.bin', status: 'added', binary: true, hunks: [] },
    { newPath: 'z.txt', status: 'added', binary: false },
  ]);
});

// Windows allows no such names.
test.skipIf(process.platform === 'win32')('names in quotes are read as bytes', () => {
  const names = ['grüße.txt', 'tab\there.txt', 'say "hi".txt', '日本/語.txt'];
  const files = diffOf(
    () => undefined,
    () => {
      for (const name of names) repo.write(name, 'x\n');
    },
  );
  expect(files.map((file) => file.newPath).sort()).toEqual([...names].sort());
});

test.each([['--no-prefix'], ['--src-prefix=i/', '--dst-prefix=w/']])(
  'other prefixes than a and b (%s)',
  (...options) => {
    const files = diffOf(
      () => repo.write('src/a b.ts', 'a\n'),
      () => repo.write('src/a b.ts', 'b\n'),
      ...options,
    );
    expect(files).toMatchObject([{ oldPath: 'src/a b.ts', newPath: 'src/a b.ts' }]);
  },
);

test('a file loses the line feed at its end', () => {
  const [file] = diffOf(
    () => repo.write('a.txt', 'a\nb\n'),
    () => repo.write('a.txt', 'a\nb'),
  );
  expect(file?.hunks[0]?.lines).toEqual([
    { kind: 'context', text: 'a', oldLine: 1, newLine: 1, noNewline: false },
    { kind: 'removed', text: 'b', oldLine: 2, noNewline: false },
    { kind: 'added', text: 'b', newLine: 2, noNewline: true },
  ]);
});

test('git show and git format-patch print the same files as git diff', () => {
  const files = diffOf(
    () => repo.write('a.txt', `${TEXT}\n`),
    () => repo.write('a.txt', `first\n${TEXT}\nlast\n`),
  );
  expect(parseUnifiedDiff(repo.git('show')).files).toEqual(files);
  expect(parseUnifiedDiff(repo.git('format-patch', '-1', '--stdout')).files).toEqual(files);
});

test('a merge that git show combines is refused', () => {
  repo.write('a.txt', 'a\n');
  repo.commit();
  repo.git('checkout', '--quiet', '-b', 'other');
  repo.write('a.txt', 'b\n');
  repo.commit();
  repo.git('checkout', '--quiet', 'main');
  repo.write('a.txt', 'c\n');
  repo.commit();
  repo.git('-c', 'user.name=Ada', '-c', 'user.email=a@b.c', 'merge', '--quiet', '-s', 'ours', '--no-commit', 'other');
  repo.write('a.txt', 'd\n');
  repo.commit();
  expect(() => parseUnifiedDiff(repo.git('show'))).toThrow('combined diff');
});

/** The new text that the hunks make of the old one. */
function patched(oldText: readonly string[], file: DiffFile | undefined): string[] {
  const result: string[] = [];
  let oldLine = 1;
  for (const hunk of file?.hunks ?? []) {
    // A hunk that takes nothing names the line before it.
    const start = hunk.oldCount === 0 ? hunk.oldStart + 1 : hunk.oldStart;
    result.push(...oldText.slice(oldLine - 1, start - 1));
    oldLine = start + hunk.oldCount;
    for (const line of hunk.lines) {
      if (line.kind === 'removed') continue;
      result.push(line.text);
      expect(line.newLine).toBe(result.length);
    }
  }
  return [...result, ...oldText.slice(oldLine - 1)];
}

test('the hunks of any two texts make the new one of the old one', () => {
  const line = fc.constantFrom('', 'a', 'b', '-- ', '++ b', '@@ -1 +1 @@', 'diff --git a/x b/x', '\\ x', ' ', 'é');
  const text = fc.array(line, { maxLength: 30 });
  const options = fc.constantFrom('-U0', '-U1', '-U3');
  fc.assert(
    fc.property(text, text, options, fc.boolean(), (before, after, context, ends) => {
      fc.pre(before.join('\n') !== after.join('\n') && before.length > 0 && after.length > 0);
      // Without a line feed at its end, a text of one empty line would be an empty text.
      const end = ends || before.at(-1) === '' || after.at(-1) === '' ? '\n' : '';
      repo.write('x', before.join('\n') + end);
      repo.git('add', 'x');
      repo.write('x', after.join('\n') + end);
      const diff = parseUnifiedDiff(repo.git('diff', context));
      expect(patched(before, diff.files[0])).toEqual(after);
    }),
    { numRuns: 60 },
  );
});
