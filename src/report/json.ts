import type { Io } from '../io.js';
import { countFindings, type Report } from './report.js';

/** Moves when a field changes its meaning or goes; new fields may come without. */
const VERSION = 1;

/** For programs: one document on stdout with every field, described in docs/reports.md. */
export function writeJson(report: Report, io: Io): void {
  const { command, findings, summary, folders } = report;
  const counts = countFindings(findings);
  const more = folders === undefined ? {} : { folders };
  io.stdout(jsonText({ version: VERSION, command, counts, summary, ...more, findings }));
}

/**
 * JSON that no terminal obeys: control and bidi characters as escapes, which mean the same to a reader of JSON. The form
 * that the program's own output gives to characters beyond 16 bits would not be JSON.
 */
export function jsonText(value: unknown): string {
  return `${escapeJson(JSON.stringify(value, null, 2))}\n`;
}

/** The same in one line, where one document follows the other. */
export function jsonLine(value: unknown): string {
  return `${escapeJson(JSON.stringify(value))}\n`;
}

function escapeJson(json: string): string {
  return json.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
