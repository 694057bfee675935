import type { Io } from '../io.js';
import { repositoryFile } from './file-address.js';
import { writeTalk } from './pretty.js';
import { byWeight, type Finding, type Level, openFindings, type Report } from './report.js';

/** What GitHub calls the levels. */
const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** GitHub shows about this many annotations of a level for one step, and drops the rest without a word. */
const MOST_SHOWN = 10;

/** For GitHub Actions: a workflow command a finding on stdout, and the frames in the log as well, on stderr. */
export function writeGithub(report: Report, io: Io): void {
  const findings = openFindings(report).sort(byWeight);
  for (const level of Object.keys(COMMANDS) as Level[]) {
    const same = findings.filter((finding) => finding.level === level);
    const left = same.length - MOST_SHOWN;
    for (const [index, finding] of same.slice(0, MOST_SHOWN).entries()) {
      const rest = left > 0 && index === MOST_SHOWN - 1 ? `\n\n+${left} more in the log of this step.` : '';
      io.stdout(`${annotation(finding, rest, io)}\n`);
    }
  }
  writeTalk(report, io);
}

function annotation({ level, code, place, message, near, fix }: Finding, rest: string, io: Io): string {
  const properties = {
    file: repositoryFile(place.file, io),
    line: place.line,
    col: place.column,
    // The column of the last character, where ours is the one after it.
    ...(place.endColumn === undefined ? {} : { endColumn: Math.max(place.column, place.endColumn - 1) }),
    title: code,
  };
  const pairs = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  const text = [message, ...(near === undefined ? [] : [`Did you mean "${near}"?`]), fix].join('\n') + rest;
  return `::${COMMANDS[level]} ${pairs.join(',')}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
