import { type DiffLine, DiffSyntaxError, type Hunk, type LineReader } from './diff.js';

// Nine digits, so that a line number stays far from where numbers lose precision.
const HEADER = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)$/s;

/** Reads the hunk whose header is the next line, and leaves the reader behind it. */
export function readHunk(reader: LineReader): Hunk {
  const header = readHeader(reader);
  const announced = `The hunk header on line ${reader.next} announces ${header.oldCount} old and ${header.newCount} new lines`;
  const lines: DiffLine[] = [];
  let oldLine = header.oldStart;
  let newLine = header.newStart;
  const oldEnd = oldLine + header.oldCount;
  const newEnd = newLine + header.newCount;
  while (oldLine < oldEnd || newLine < newEnd) {
    const source = reader.lines[reader.next];
    if (source === undefined) throw new DiffSyntaxError(reader.next, `${announced}, but the diff ends before them.`);
    const line = readLine(source, oldLine, newLine, reader.lines[reader.next + 1]?.startsWith('\\ ') === true);
    if (line === null) throw new DiffSyntaxError(reader.next + 1, `${announced}, but this line is none.`);
    if (line.kind !== 'added') oldLine += 1;
    if (line.kind !== 'removed') newLine += 1;
    if (oldLine > oldEnd || newLine > newEnd) {
      throw new DiffSyntaxError(reader.next + 1, `${announced}, but this line is one more.`);
    }
    lines.push(line);
    reader.next += line.noNewline ? 2 : 1;
  }
  if (continues(reader)) throw new DiffSyntaxError(reader.next + 1, `${announced}, but this line is one more.`);
  return { ...header, lines };
}

function readHeader(reader: LineReader): Omit<Hunk, 'lines'> {
  const at = reader.next + 1;
  const match = HEADER.exec(reader.lines[reader.next] ?? '');
  if (match === null) throw new DiffSyntaxError(at, 'This hunk header is not of the form @@ -1,2 +1,3 @@.');
  reader.next += 1;
  const [, oldStart = '', oldCount = '1', newStart = '', newCount = '1', heading = ''] = match;
  const header = {
    oldStart: Number(oldStart),
    oldCount: Number(oldCount),
    newStart: Number(newStart),
    newCount: Number(newCount),
    heading: heading.trim(),
  };
  const fromZero = (header.oldStart === 0 && header.oldCount > 0) || (header.newStart === 0 && header.newCount > 0);
  if (fromZero) throw new DiffSyntaxError(at, 'This hunk header holds lines and starts at line 0; lines count from 1.');
  if (header.oldCount + header.newCount === 0) throw new DiffSyntaxError(at, 'This hunk header announces no lines.');
  return header;
}

function readLine(source: string, oldLine: number, newLine: number, noNewline: boolean): DiffLine | null {
  const text = source.slice(1);
  switch (source[0]) {
    // Editors, mail and diff.suppressBlankEmpty drop the space of an empty context line.
    case undefined:
    case ' ':
      return { kind: 'context', text, oldLine, newLine, noNewline };
    case '+':
      return { kind: 'added', text, newLine, noNewline };
    case '-':
      return { kind: 'removed', text, oldLine, noNewline };
    default:
      return null;
  }
}

/** Whether the next line looks like one more of the hunk, and not like what may follow one. */
function continues({ lines, next }: LineReader): boolean {
  const line = lines[next] ?? '';
  // `git format-patch` ends with the signature line of a mail, `-- `, and its version.
  if (line === '-- ' || line === '--') return false;
  if (line.startsWith('--- ') && lines[next + 1]?.startsWith('+++ ')) return false;
  return /^[-+ \\]/.test(line);
}
