import {
  type Bump,
  type Comparison,
  FOLDER_FINDINGS,
  type FolderFindingCode,
  type JudgedChange,
} from '../../generator/breaking/index.js';
import type { Diagnostic } from '../../generator/index.js';
import { folderLabel } from '../agent-folders.js';
import type { Finding, Report } from '../report/report.js';
import { count } from '../report/words.js';

/** What a comparison has found, with a sentence that counts it. */
export function comparisonReport(folder: string, comparison: Comparison): Report {
  const { changes, unused, about, sources } = comparison;
  const findings: Finding[] = [
    ...changes.map(changeFinding),
    ...unused.map((diagnostic): Finding => ({ ...diagnostic, level: 'warning' })),
  ];
  const isAbsent = about.some(({ code }) => code === 'contract-absent' || code === 'folder-missing');
  const summary = isAbsent ? '' : `${folderLabel(folder)}${summaryOf(comparison)}`;
  return { command: 'breaking', findings, sources, summary };
}

/** The agents that are gone, which belong to no folder. */
export function removedReport(changes: readonly JudgedChange[]): Report {
  const open = changes.filter(({ accepted }) => accepted === undefined);
  const summary = open.length === 0 ? '' : `${count(open.length, 'agent')} removed.`;
  return { command: 'breaking', findings: changes.map(changeFinding), sources: new Map(), summary };
}

/** Something to know of a folder, or why it could not be compared. */
export function asideFinding(diagnostic: Diagnostic & { readonly code: FolderFindingCode }): Finding {
  return { ...diagnostic, level: FOLDER_FINDINGS[diagnostic.code].level };
}

/** That there is no old version to compare the contract at `file` with. */
export function unreadableFinding(file: string, message: string): Finding {
  const { fix } = FOLDER_FINDINGS['against-unreadable'];
  return asideFinding({ code: 'against-unreadable', place: { file, line: 1, column: 1 }, message, fix });
}

/** Whether a report fails the command. */
export function fails({ findings }: Report, strict: boolean): boolean {
  return findings.some(({ level, accepted }) => {
    return accepted === undefined && (level === 'error' || (strict && level === 'warning'));
  });
}

function changeFinding(change: JudgedChange): Finding {
  const { level, dimension, verdict, bump, fingerprint, capabilities, accepted, ...diagnostic } = change;
  return {
    ...diagnostic,
    level,
    data: { dimension, verdict, bump, fingerprint, capabilities },
    ...(accepted === undefined ? {} : { accepted: { kind: 'external', reason: accepted.reason } }),
  };
}

function summaryOf({ changes, bump, compared, about }: Comparison): string {
  const capabilities = count(compared, 'capability', 'capabilities');
  if (about.some(({ code }) => code === 'contract-added')) return `${capabilities} of a new agent.`;
  if (compared === 0 && changes.length === 0) return 'neither version has a capability.';
  const open = changes.filter(({ accepted }) => accepted === undefined);
  const number = (verdict: JudgedChange['verdict'], level?: Finding['level']): number =>
    open.filter((change) => change.verdict === verdict && (level === undefined || change.level === level)).length;
  const [breaking, unknown, risky] = [number('breaking', 'error'), number('unknown'), number('breaking', 'warning')];
  const accepted = changes.length - open.length;
  const parts = [
    `${breaking} breaking`,
    ...(unknown > 0 ? [`${unknown} undecided`] : []),
    ...(risky > 0 ? [`${risky} to look at`] : []),
    ...(number('compatible') > 0 ? [`${number('compatible')} compatible`] : []),
    ...(accepted > 0 ? [`${accepted} accepted`] : []),
  ];
  return `${parts.join(', ')} in ${capabilities}; ${askOf(changes, bump, unknown)}`;
}

/** Which version the changes ask for, and why, where that is not plain from their number. */
function askOf(changes: readonly JudgedChange[], bump: Bump, unknown: number): string {
  if (bump === 'none') return 'the change asks for no new version.';
  const asking = changes.filter((change) => change.bump === bump);
  if (unknown > 0 && asking.every(({ verdict }) => verdict === 'unknown')) {
    const what = unknown === 1 ? '1 change could not be decided' : `${unknown} changes could not be decided`;
    return `${what}, so to be safe the contract needs a ${bump} version.`;
  }
  const isAccepted = asking.every(({ accepted }) => accepted !== undefined);
  return isAccepted
    ? `what is accepted asks for a ${bump} version all the same.`
    : `the change asks for a ${bump} version.`;
}
