import { type ChangedFile, changedFiles } from './changed-file.js';
import type { Diff, DiffLine } from './diff.js';
import { type Remark, type Rule, rules, type Severity } from './rules.js';

export interface Finding {
  file: string;
  /** Line of the new file, from 1. */
  line: number;
  severity: Severity;
  rule: string;
  message: string;
}

/** A type and not an interface, which TypeScript would not take for the open object that the contract's output is. */
export type Review = {
  verdict: 'approve' | 'request-changes' | 'comment';
  findings: Finding[];
  summary: string;
  filesChanged: number;
  linesAdded: number;
  linesRemoved: number;
};

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/**
 * Reviews a change by all rules. The verdict and the summary count every finding, also where `maxFindings` leaves some
 * out; the gravest are kept. Findings are in order of file (by code unit) and line.
 */
export function reviewDiff(diff: Diff, maxFindings: number = 200): Review {
  const files = changedFiles(diff);
  const all = rules.flatMap((rule) => apply(rule, files)).sort((a, b) => RANK[a.severity] - RANK[b.severity]);
  const findings = all.slice(0, maxFindings).sort((a, b) => compare(a.file, b.file) || a.line - b.line);
  const counts = {
    filesChanged: diff.files.length,
    linesAdded: countLines(diff, 'added'),
    linesRemoved: countLines(diff, 'removed'),
  };
  const verdict = all.length === 0 ? 'approve' : all[0]?.severity === 'error' ? 'request-changes' : 'comment';
  return { verdict, findings, summary: summarize(all, findings.length, counts), ...counts };
}

function apply(rule: Rule, files: readonly ChangedFile[]): Finding[] {
  const { id, severity, description } = rule;
  return remarks(rule, files).map(({ file, line, message = description }) => ({
    file,
    line,
    severity,
    rule: id,
    message,
  }));
}

function remarks(rule: Rule, files: readonly ChangedFile[]): readonly Remark[] {
  if (rule.scope === 'change') return rule.check(files);
  return files.flatMap((file) =>
    file.added.filter((line) => rule.check(line, file)).map(({ number }) => ({ file: file.path, line: number })),
  );
}

/** By code unit and not by locale, so that every machine gives the same order. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function countLines(diff: Diff, kind: DiffLine['kind']): number {
  const hunks = diff.files.flatMap((file) => file.hunks);
  return hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.kind === kind).length, 0);
}

type Counts = Pick<Review, 'filesChanged' | 'linesAdded' | 'linesRemoved'>;

function summarize(all: readonly Finding[], shown: number, { filesChanged, linesAdded, linesRemoved }: Counts): string {
  const where = `${plural(filesChanged, 'changed file')} (+${linesAdded} -${linesRemoved})`;
  if (all.length === 0) return `Nothing to remark on in ${where}.`;
  const number = (severity: Severity): number => all.filter((finding) => finding.severity === severity).length;
  const parts = [
    plural(number('error'), 'error'),
    plural(number('warning'), 'warning'),
    plural(number('info'), 'note'),
  ];
  const counted = parts.filter((part) => !part.startsWith('0 '));
  const listed = counted.length > 1 ? `${counted.slice(0, -1).join(', ')} and ${counted.at(-1)}` : counted.join('');
  return `${listed} in ${where}.${shown < all.length ? ` The ${shown} gravest are listed.` : ''}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
