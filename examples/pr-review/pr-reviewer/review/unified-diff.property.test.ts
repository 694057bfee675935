import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Diff, type DiffFile, type DiffLine, DiffSyntaxError, type Hunk } from './diff.js';
import { parseUnifiedDiff } from './unified-diff.js';

const MARK = { context: ' ', added: '+', removed: '-' } as const;

/** Writes a diff as git does; the parser's opposite. */
function format(diff: Diff): string {
  return diff.files.map(formatFile).join('');
}

function formatFile(file: DiffFile): string {
  const { oldPath, newPath, status, binary, oldMode, newMode, hunks } = file;
  const lines = [`diff --git ${quote(`a/${oldPath ?? newPath}`)} ${quote(`b/${newPath ?? oldPath}`)}`];
  if (status === 'added') lines.push(`new file mode ${newMode}`);
  else if (status === 'deleted') lines.push(`deleted file mode ${oldMode}`);
  else if (oldMode !== null) lines.push(`old mode ${oldMode}`, `new mode ${newMode}`);
  if (status === 'renamed')
    lines.push('similarity index 90%', `rename from ${quote(oldPath)}`, `rename to ${quote(newPath)}`);
  if (binary) lines.push('index 1..2', 'Binary files differ'.replace('files', 'files a and b'));
  const [from, to] = [oldPath && `a/${oldPath}`, newPath && `b/${newPath}`].map((path) => path ?? '/dev/null');
  if (hunks.length > 0) lines.push(`--- ${quote(from)}`, `+++ ${quote(to)}`, ...hunks.flatMap(formatHunk));
  return `${lines.join('\n')}\n`;
}

function formatHunk({ oldStart, oldCount, newStart, newCount, heading, lines }: Hunk): string[] {
  const range = (start: number, count: number): string => (count === 1 ? `${start}` : `${start},${count}`);
  const header = `@@ -${range(oldStart, oldCount)} +${range(newStart, newCount)} @@${heading && ` ${heading}`}`;
  const text = lines.flatMap((line) => [
    MARK[line.kind] + line.text,
    ...(line.noNewline ? ['\\ No newline at end of file'] : []),
  ]);
  return [header, ...text];
}

/** Quotes a name where git must, with its bytes beyond ASCII in octal. */
function quote(name: string | null | undefined): string {
  const text = name ?? '';
  if (/^[ !#-[\]-~]+$/.test(text)) return text;
  const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;
  const bytes = [...Buffer.from(text, 'utf8')];
  return `"${bytes.map((byte) => (byte > 31 && byte < 127 && byte !== 34 && byte !== 92 ? String.fromCharCode(byte) : octal(byte))).join('')}"`;
}

const name = fc
  .array(fc.constantFrom('a', 'b', ' ', 'é', '"', '\\', '\n', '\t', '日', '.ts', 'x'), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !/[\r\n]/.test(value));
const change = fc.record({ kind: fc.constantFrom('context', 'added', 'removed'), text, noNewline: fc.boolean() });

const hunk: fc.Arbitrary<Hunk> = fc
  .tuple(fc.nat({ max: 5000 }), fc.nat({ max: 5000 }), text, fc.array(change, { minLength: 1, maxLength: 8 }))
  .map(([oldBase, newBase, heading, changes]) => {
    const oldCount = changes.filter(({ kind }) => kind !== 'added').length;
    const newCount = changes.filter(({ kind }) => kind !== 'removed').length;
    const oldStart = oldCount === 0 ? oldBase : oldBase + 1;
    const newStart = newCount === 0 ? newBase : newBase + 1;
    let oldLine = oldStart;
    let newLine = newStart;
    const lines = changes.map(({ kind, ...rest }): DiffLine => {
      if (kind === 'added') return { kind, ...rest, newLine: newLine++ };
      if (kind === 'removed') return { kind, ...rest, oldLine: oldLine++ };
      return { kind: 'context', ...rest, oldLine: oldLine++, newLine: newLine++ };
    });
    return { oldStart, oldCount, newStart, newCount, heading: heading.trim(), lines };
  });

const hunks = fc.array(hunk, { minLength: 1, maxLength: 3 });
const plain = { binary: false, oldMode: null, newMode: null } as const;
const file: fc.Arbitrary<DiffFile> = fc.oneof(
  fc
    .tuple(path, hunks)
    .map(([at, of]): DiffFile => ({ ...plain, oldPath: at, newPath: at, status: 'modified', hunks: of })),
  fc
    .tuple(path, fc.array(hunk, { maxLength: 2 }))
    .map(
      ([at, of]): DiffFile => ({ ...plain, oldPath: null, newPath: at, status: 'added', newMode: '100644', hunks: of }),
    ),
  fc.tuple(path, hunks).map(
    ([at, of]): DiffFile => ({
      ...plain,
      oldPath: at,
      newPath: null,
      status: 'deleted',
      oldMode: '100755',
      hunks: of,
    }),
  ),
  fc
    .tuple(path, path, fc.array(hunk, { maxLength: 2 }))
    .map(([from, to, of]): DiffFile => ({ ...plain, oldPath: from, newPath: to, status: 'renamed', hunks: of })),
  path.map((at): DiffFile => ({ ...plain, oldPath: at, newPath: at, status: 'modified', binary: true, hunks: [] })),
  path.map(
    (at): DiffFile => ({
      oldPath: at,
      newPath: at,
      status: 'modified',
      binary: false,
      oldMode: '100644',
      newMode: '100755',
      hunks: [],
    }),
  ),
);
const diff: fc.Arbitrary<Diff> = fc.array(file, { minLength: 1, maxLength: 4 }).map((files) => ({ files }));

test('reading what was written gives the same diff', () => {
  fc.assert(
    fc.property(diff, (value) => {
      expect(parseUnifiedDiff(format(value))).toEqual(value);
    }),
    { numRuns: 1000 },
  );
});

test('line endings of CRLF read as those of LF', () => {
  fc.assert(
    fc.property(diff, (value) => {
      expect(parseUnifiedDiff(format(value).replaceAll('\n', '\r\n'))).toEqual(value);
    }),
  );
});

test('a diff with a line left out or doubled is read or refused, never anything else', () => {
  const damaged = fc.tuple(diff, fc.nat(), fc.boolean()).map(([value, at, twice]) => {
    const lines = format(value).split('\n');
    const index = at % lines.length;
    lines.splice(index, 1, ...(twice ? [lines[index] ?? '', lines[index] ?? ''] : []));
    return lines.join('\n');
  });
  fc.assert(
    fc.property(damaged, (value) => {
      try {
        parseUnifiedDiff(value);
      } catch (error) {
        expect(error).toBeInstanceOf(DiffSyntaxError);
      }
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['added lines', `--- a/x\n+++ b/x\n@@ -0,0 +1,300000 @@\n${'+a\n'.repeat(300_000)}`],
  ['files', 'diff --git a/x b/x\nold mode 100644\nnew mode 100755\n'.repeat(20_000)],
  ['lines outside files', `${'--- x\n+++ y\n'.repeat(80_000)}diff --git a/x b/x\n`],
  ['characters in a name', `diff --git a/${'x '.repeat(250_000)} b/${'x '.repeat(250_000)}\n`],
  ['escapes in a name', `diff --git "a/${'\\303\\251'.repeat(60_000)}" "b/${'\\303\\251'.repeat(60_000)}"\n`],
])('a megabyte of %s takes no time to speak of', (_, value) => {
  const start = performance.now();
  expect(parseUnifiedDiff(value).files.length).toBeGreaterThan(0);
  expect(performance.now() - start).toBeLessThan(2000);
});
