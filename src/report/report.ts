import type { Diagnostic } from '../../generator/index.js';

/** How much a finding weighs: an error decides the exit status, a warning does where it is asked to, a note never. */
export type Level = 'error' | 'warning' | 'note';

/** What somebody wrote down against a finding, which is then listed for machines and counts for nothing. */
export interface Acceptance {
  /** `inSource` for a comment beside the finding, `external` for an entry in another file. */
  readonly kind: 'inSource' | 'external';
  readonly reason: string;
}

/** One thing that a checking command found. Places name files relative to the working folder. */
export interface Finding extends Diagnostic {
  readonly level: Level;
  /** Present where somebody has accepted the finding. */
  readonly accepted?: Acceptance;
  /** What only this command knows of it, for machines: the dimension of a breaking change, say. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What a code of the findings means, for formats that list their rules. */
export interface RuleDescription {
  readonly code: string;
  /** One sentence: when it is reported. */
  readonly meaning: string;
  /** One or two sentences: why that matters. */
  readonly why?: string;
  /** One sentence: what to do about it. */
  readonly fix?: string;
}

/** What a checking command has to say, before it has a form. */
export interface Report {
  /** The command, such as `lint`. */
  readonly command: string;
  /** In the order of their places. */
  readonly findings: readonly Finding[];
  /** The texts of the files that places name, for frames. */
  readonly sources: ReadonlyMap<string, string>;
  /** One sentence that closes the talk, such as `3 problems; nothing was written.` */
  readonly summary: string;
  /** What the codes mean; those that no finding bears are left out of the print. */
  readonly rules?: readonly RuleDescription[];
  /** What only this command knows of each folder it looked at, for machines. */
  readonly folders?: readonly Readonly<Record<string, unknown>>[];
}

/** Commands of which what they find is what they are for; of the others it is what kept them from their work. */
const CHECKING: ReadonlySet<string> = new Set(['lint', 'breaking']);

/** Whether the findings of a report are data, and not talk beside it. */
export function isCheck({ command }: Report): boolean {
  return CHECKING.has(command);
}

const WEIGHTS: Readonly<Record<Level, number>> = { error: 0, warning: 1, note: 2 };

/** Errors first, and otherwise as they were: for whoever may show only some. */
export function byWeight(left: Finding, right: Finding): number {
  return WEIGHTS[left.level] - WEIGHTS[right.level];
}

/** The findings that count. */
export function openFindings({ findings }: Report): Finding[] {
  return findings.filter(({ accepted }) => accepted === undefined);
}

/** How many findings of each level count, and how many are accepted. */
export interface Counts {
  readonly error: number;
  readonly warning: number;
  readonly note: number;
  readonly accepted: number;
}

export function countFindings(findings: readonly Finding[]): Counts {
  const counts = { error: 0, warning: 0, note: 0, accepted: 0 };
  for (const { level, accepted } of findings) counts[accepted === undefined ? level : 'accepted']++;
  return counts;
}

/** The reports on several folders as one, for formats that are one document. */
export function joinReports(command: string, reports: readonly Report[]): Report {
  return {
    command,
    findings: reports.flatMap(({ findings }) => findings),
    sources: new Map(reports.flatMap(({ sources }) => [...sources])),
    summary: reports
      .map(({ summary }) => summary)
      .filter((summary) => summary !== '')
      .join('\n'),
    ...(reports.some(({ folders }) => folders !== undefined)
      ? { folders: reports.flatMap(({ folders = [] }) => folders) }
      : {}),
    rules: [...new Map(reports.flatMap(({ rules = [] }) => rules.map((rule) => [rule.code, rule] as const))).values()],
  };
}
