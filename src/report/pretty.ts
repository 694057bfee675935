import { formatProblem } from '../../generator/index.js';
import type { Io } from '../io.js';
import { openFindings, type Report } from './report.js';

/** How many findings are shown with all that is known of them: nobody reads more, and frames of thousands take time. */
const MOST_SHOWN = 100;

/** For people: place, sentence, frame and fix of each finding, on stderr, since it is talk. */
export function writePretty(report: Report, io: Io): void {
  const findings = openFindings(report);
  // Where all are errors there is nothing to tell apart.
  const isMixed = findings.some(({ level }) => level !== 'error');
  for (const finding of findings.slice(0, MOST_SHOWN)) {
    io.stderr(`${formatProblem(finding, report.sources, isMixed ? { level: finding.level } : {})}\n\n`);
  }
  const rest = findings.length - MOST_SHOWN;
  if (rest > 0) io.stderr(`${rest} more after these; --format json lists all.\n\n`);
  if (report.summary !== '') io.stderr(`${report.summary}\n`);
}
