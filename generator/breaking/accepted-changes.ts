import { parseSource, type SourceDocument } from '../document.js';
import { isObject } from '../json.js';
import { ContractError, type Place, type Problem } from '../problem.js';
import { nearest } from '../spelling.js';
import { validateFormat } from '../validate.js';
import { RULES } from './rules.js';
import type { Tree } from './tree.js';

/** The file beside a contract that lists changes which somebody has decided to make. */
export const ACCEPTED_FILE = 'accepted-changes.yaml';

/** One change that is accepted, for a reason and for a time. */
export interface Acceptance {
  /** The fingerprint of the change: of no other one. */
  readonly change: string;
  readonly rule: string;
  readonly reason: string;
  /** The last day on which it holds, as `2025-12-31`, in UTC. */
  readonly until: string;
  readonly isExpired: boolean;
  readonly place: Place;
}

export interface AcceptedChanges {
  readonly entries: readonly Acceptance[];
  readonly sources: ReadonlyMap<string, string>;
  /** Whether there is such a file. */
  readonly isThere: boolean;
}

/**
 * Reads what has been accepted; nothing where there is no such file.
 *
 * @throws {ContractError} with everything that is wrong with the file.
 */
export function readAcceptedChanges(tree: Tree, now: Date): AcceptedChanges {
  if (!tree.has(ACCEPTED_FILE)) return { entries: [], sources: new Map(), isThere: false };
  const name = tree.nameOf(ACCEPTED_FILE);
  const text = tree.read(ACCEPTED_FILE);
  if (typeof text !== 'string') {
    throw new ContractError([{ ...text, place: { file: name, line: 1, column: 1 } }], new Map());
  }
  const sources = new Map([[name, text]]);
  const { document, problems } = parseSource(name, text);
  const found = problems.length > 0 ? [...problems] : problemsIn(document);
  if (found.length > 0) throw new ContractError(found, sources);
  return { entries: entriesOf(document, now), sources, isThere: true };
}

function listIn(document: SourceDocument): readonly unknown[] {
  const list = isObject(document.value) ? document.value['accepted'] : undefined;
  return Array.isArray(list) ? list : [];
}

function problemsIn(document: SourceDocument): Problem[] {
  const problems = validateFormat('accepted-changes', document);
  const refuse = (index: number, key: string, message: string, fix: string, near?: string): void => {
    problems.push({
      code: 'wrong-value',
      place: document.place(['accepted', index, key]),
      message: `accepted[${index}].${key} ${message}`,
      near,
      fix,
    });
  };
  const seen = new Set<unknown>();
  for (const [index, entry] of listIn(document).entries()) {
    if (!isObject(entry)) continue;
    const { change, rule, reason, until } = entry;
    if (typeof reason === 'string' && /^[\s….]*$/.test(reason)) {
      refuse(index, 'reason', 'says nothing.', 'Say why the change may be made all the same.');
    }
    if (typeof until === 'string' && !isDay(until)) {
      refuse(index, 'until', `is no day: "${until}".`, 'Write a day as 2025-12-31.');
    }
    if (typeof rule === 'string' && !Object.hasOwn(RULES, rule)) {
      refuse(
        index,
        'rule',
        `is no rule: "${rule}".`,
        'Copy the entry that the finding shows.',
        nearest(rule, Object.keys(RULES)),
      );
    }
    if (typeof change === 'string' && seen.has(change)) {
      refuse(index, 'change', 'stands twice.', 'Keep one of the two entries.');
    }
    seen.add(change);
  }
  return problems;
}

/** Whether a text is a day that the calendar has. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function entriesOf(document: SourceDocument, now: Date): Acceptance[] {
  const today = now.toISOString().slice(0, 10);
  return listIn(document).flatMap((entry, index) => {
    if (!isObject(entry)) return [];
    const [change, rule, reason, until] = ['change', 'rule', 'reason', 'until'].map((key) => String(entry[key]));
    if (change === undefined || rule === undefined || reason === undefined || until === undefined) return [];
    return [{ change, rule, reason, until, isExpired: until < today, place: document.place(['accepted', index]) }];
  });
}

/** How long an entry that is offered for pasting holds. */
const DAYS = 90;

/** What to paste to accept a change: an entry, or the whole file where there is none yet. */
export function pasteFor(change: string, rule: string, now: Date, prefix: string, isThere: boolean): string {
  const until = new Date(now.getTime() + DAYS * 86_400_000).toISOString().slice(0, 10);
  const entry = `  - { change: "${change}", rule: ${rule}, reason: "…", until: ${until} }`;
  const file = prefix + ACCEPTED_FILE;
  return isThere
    ? `To accept this change alone, add to ${file}:\n${entry}`
    : `To accept this change alone, create ${file} with these lines:\nversion: 1\naccepted:\n${entry}`;
}
