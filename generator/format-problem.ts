import { createRequire } from 'node:module';
import { escapeControls } from './escape.js';
import { type Diagnostic, type Place, placeText } from './problem.js';

const require = createRequire(import.meta.url);

export interface FormatOptions {
  /** The word before the code, where problems weigh differently. */
  readonly level?: string;
}

/** A problem as people read it: place, code, sentence, frame, what was expected, what to do. */
export function formatProblem(
  problem: Diagnostic,
  sources: ReadonlyMap<string, string>,
  { level }: FormatOptions = {},
): string {
  const code = level === undefined ? problem.code : `${level} ${problem.code}`;
  const lines = [`${oneLine(placeText(problem.place))} ${code}: ${oneLine(problem.message)}`];
  lines.push(frame(problem.place, sources));
  if (problem.related !== undefined) {
    lines.push(`  ${oneLine(problem.related.message)} ${oneLine(placeText(problem.related.place))}`);
    lines.push(frame(problem.related.place, sources));
  }
  if (problem.expected !== undefined) lines.push(`  Expected: ${oneLine(problem.expected)}`);
  if (problem.near !== undefined) lines.push(`  Did you mean "${oneLine(problem.near)}"?`);
  lines.push(`  Fix: ${problem.fix.split('\n').map(harmless).join('\n')}`);
  return lines.filter((line) => line !== '').join('\n');
}

/** What a contract says may not begin a line: a line that begins with two colons is a command to GitHub Actions. */
function oneLine(text: string): string {
  return escapeControls(text).replaceAll('\n', '\\n');
}

/** A line of a remedy that takes several, such as a file to write. */
function harmless(line: string): string {
  return escapeControls(line).replace(/^(\s*):(?=:)/, '$1\\:');
}

const FRAME_WIDTH = 200;

function frame({ file, line, column, endColumn }: Place, sources: ReadonlyMap<string, string>): string {
  const source = sources.get(file);
  if (source === undefined || source === '') return '';
  // A frame shows the lines from two before the place to one after it, and a window of those that are too long.
  const first = Math.max(1, line - 2);
  const left = column < FRAME_WIDTH ? 0 : column - FRAME_WIDTH / 2;
  const lines = linesBetween(source, first, line + 1).map((text) => clip(text, left));
  const start = { line, column: column - left };
  const end = endColumn === undefined ? undefined : { line, column: Math.min(endColumn - left, FRAME_WIDTH) };
  const location = end === undefined ? { start } : { start, end };
  // The published types do not know startLine, so it may not stand in the call.
  const options = { startLine: first, linesAbove: 2, linesBelow: 1 };
  // Loaded where there is a problem: most runs have none.
  const { codeFrameColumns } = require('@babel/code-frame') as typeof import('@babel/code-frame');
  return escapeControls(codeFrameColumns(lines.join('\n'), location, options));
}

/** Lines by their numbers from 1, without a split of the whole text: a file may be long and its problems many. */
function linesBetween(text: string, first: number, last: number): string[] {
  let start = 0;
  for (let line = 1; line < first; line++) start = text.indexOf('\n', start) + 1;
  let end = start;
  for (let line = first; line <= last && end !== -1; line++) end = text.indexOf('\n', line === first ? end : end + 1);
  return text.slice(start, end === -1 ? undefined : end).split('\n');
}

/** A window of a line, in which no character starts another line or is wider than one column. */
function clip(text: string, left: number): string {
  const line = text.replace(/\r$/, '').replace(/[\t\r\u2028\u2029]/g, ' ');
  const end = left + FRAME_WIDTH;
  return (left > 0 ? '…' : '') + line.slice(left > 0 ? left + 1 : 0, end) + (line.length > end ? '…' : '');
}
