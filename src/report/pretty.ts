import { formatProblem } from '../../generator/index.js';
import type { Io } from '../io.js';
import { type Finding, isCheck, openFindings, type Report } from './report.js';

/** How many findings are shown with all that is known of them: nobody reads more, and frames of thousands take time. */
const MOST_SHOWN = 100;

/**
 * For people: place, sentence, frame and fix of each finding, and the counts. What a checking command finds goes to stdout,
 * where it can be piped; what keeps another command from its work is talk, as the counts always are.
 */
export function writePretty(report: Report, io: Io): void {
  writeFindings(report, isCheck(report) ? io.stdout : io.stderr);
  writeSummary(report, io);
}

/** All of that as talk, for a log in which stdout is for machines. */
export function writeTalk(report: Report, io: Io): void {
  writeFindings(report, io.stderr);
  writeSummary(report, io);
}

function writeFindings(report: Report, write: (text: string) => void): void {
  const findings = openFindings(report);
  // Notes come last: they are there to be known, and not to be looked through for what is wrong.
  const shown = [...findings.filter((finding) => !isNote(finding)), ...findings.filter(isNote)];
  // Of problems, which all are errors, there is nothing to tell apart.
  const isMixed = isCheck(report) || findings.some(({ level }) => level !== 'error');
  for (const finding of shown.slice(0, MOST_SHOWN)) {
    write(`${formatProblem(finding, report.sources, isMixed ? { level: finding.level } : {})}\n\n`);
  }
  const rest = shown.length - MOST_SHOWN;
  if (rest > 0) write(`${rest} more after these; --format json lists all.\n\n`);
}

function writeSummary({ summary }: Report, io: Io): void {
  if (summary !== '') io.stderr(`${summary}\n`);
}

function isNote({ level }: Finding): boolean {
  return level === 'note';
}
