import { type Diff, type DiffFile, DiffSyntaxError, type FileStatus, type Hunk, type LineReader } from './diff.js';
import { type PathPair, readGitName, readName, readPathPair } from './diff-path.js';
import { readHunk } from './hunk.js';

/** What the header lines of a file have said so far. */
interface Header {
  status: FileStatus;
  binary: boolean;
  oldMode: string | null;
  newMode: string | null;
  /** Of a rename or a copy: names as they are, without `a/` and `b/`. */
  from: string | null;
  to: string | null;
}

/** The lines that git writes between `diff --git` and `---`, by how they begin. The others (index, similarity) say nothing that a review needs. */
const EXTENDED: readonly (readonly [prefix: string, read: (header: Header, rest: string) => void])[] = [
  ['old mode ', (header, mode) => Object.assign(header, { oldMode: mode })],
  ['new mode ', (header, mode) => Object.assign(header, { newMode: mode })],
  ['new file mode ', (header, mode) => Object.assign(header, { status: 'added', newMode: mode })],
  ['deleted file mode ', (header, mode) => Object.assign(header, { status: 'deleted', oldMode: mode })],
  ['rename from ', (header, name) => Object.assign(header, { status: 'renamed', from: readName(name) })],
  ['rename to ', (header, name) => Object.assign(header, { status: 'renamed', to: readName(name) })],
  ['copy from ', (header, name) => Object.assign(header, { status: 'copied', from: readName(name) })],
  ['copy to ', (header, name) => Object.assign(header, { status: 'copied', to: readName(name) })],
  ['similarity index ', () => undefined],
  ['dissimilarity index ', () => undefined],
  ['index ', () => undefined],
];

/**
 * Reads a unified diff, as `git diff`, `git show`, `git format-patch` or `diff -u` write it. What stands before, between
 * and behind the files (a commit message, a mail's header and signature, the data of a binary patch) is skipped. Takes
 * linear time.
 *
 * @throws DiffSyntaxError when the text holds no file, contradicts itself or is a combined diff (of a merge).
 */
export function parseUnifiedDiff(text: string): Diff {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const reader: LineReader = { lines, next: 0 };
  const files: DiffFile[] = [];
  while (reader.next < lines.length) {
    const line = lines[reader.next] ?? '';
    refuseCombined(line, reader);
    if (line.startsWith('diff --git ')) files.push(readGitFile(reader));
    else if (startsPlainFile(reader)) files.push(readPlainFile(reader));
    else if (/^@@ -\d/.test(line))
      throw new DiffSyntaxError(reader.next + 1, 'This hunk belongs to no file: no --- and +++ lines stand before it.');
    else reader.next += 1;
  }
  if (files.length === 0)
    throw new DiffSyntaxError(1, 'The text holds no file header, neither diff --git nor --- and +++.');
  return { files };
}

function refuseCombined(line: string, reader: LineReader): void {
  if (!/^(?:diff --(?:cc|combined) |@@@+ -\d)/.test(line)) return;
  throw new DiffSyntaxError(
    reader.next + 1,
    'This is a combined diff, of a merge; diff the merge against one parent instead.',
  );
}

function readGitFile(reader: LineReader): DiffFile {
  const at = reader.next + 1;
  const name = readGitName((reader.lines[reader.next] ?? '').slice('diff --git '.length));
  reader.next += 1;
  const header = readExtended(reader);
  const paths = readPaths(reader);
  const oldPath = header.from ?? name ?? paths?.oldPath ?? null;
  const newPath = header.to ?? name ?? paths?.newPath ?? null;
  const { status, binary, oldMode, newMode } = header;
  const file = {
    oldPath: status === 'added' ? null : oldPath,
    newPath: status === 'deleted' ? null : newPath,
    ...{ status, binary, oldMode, newMode },
    hunks: paths === null ? [] : readHunks(reader),
  };
  const unnamed = (file.oldPath === null && status !== 'added') || (file.newPath === null && status !== 'deleted');
  if (unnamed)
    throw new DiffSyntaxError(
      at,
      'The file names of this header cannot be told apart, and no line below it says them.',
    );
  return file;
}

function readExtended(reader: LineReader): Header {
  const header: Header = { status: 'modified', binary: false, oldMode: null, newMode: null, from: null, to: null };
  for (; reader.next < reader.lines.length; reader.next += 1) {
    const line = reader.lines[reader.next] ?? '';
    const known = EXTENDED.find(([prefix]) => line.startsWith(prefix));
    if (known === undefined) break;
    known[1](header, line.slice(known[0].length));
  }
  const line = reader.lines[reader.next] ?? '';
  header.binary = line === 'GIT binary patch' || (line.startsWith('Binary files ') && line.endsWith(' differ'));
  return header;
}

/** The `---` and `+++` lines, where they are next. A file without lines to show (a rename, a mode, a binary) has none. */
function readPaths(reader: LineReader): PathPair | null {
  const [oldText, newText] = reader.lines.slice(reader.next, reader.next + 2);
  if (!oldText?.startsWith('--- ')) return null;
  if (!newText?.startsWith('+++ ')) throw new DiffSyntaxError(reader.next + 2, 'A --- line has no +++ line below it.');
  const paths = readPathPair(oldText.slice(4), newText.slice(4));
  if (paths === null)
    throw new DiffSyntaxError(reader.next + 1, 'The file names of this --- line and the +++ line cannot be read.');
  reader.next += 2;
  return paths;
}

/** Three lines, because two that begin with `---` and `+++` may stand in a commit message. */
function startsPlainFile({ lines, next }: LineReader): boolean {
  return Boolean(
    lines[next]?.startsWith('--- ') && lines[next + 1]?.startsWith('+++ ') && lines[next + 2]?.startsWith('@@ '),
  );
}

function readPlainFile(reader: LineReader): DiffFile {
  const { oldPath, newPath } = readPaths(reader) ?? { oldPath: null, newPath: null };
  const status = oldPath === null ? 'added' : newPath === null ? 'deleted' : 'modified';
  return { oldPath, newPath, status, binary: false, oldMode: null, newMode: null, hunks: readHunks(reader) };
}

function readHunks(reader: LineReader): Hunk[] {
  const hunks: Hunk[] = [];
  while (reader.lines[reader.next]?.startsWith('@@ ')) hunks.push(readHunk(reader));
  refuseCombined(reader.lines[reader.next] ?? '', reader);
  if (hunks.length === 0) throw new DiffSyntaxError(reader.next + 1, 'The header of a file has no hunk below it.');
  return hunks;
}
