import { describe, expect, it } from 'vitest';
import { type Comparison, ContractError, findChanges } from '../../generator/breaking/index.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, writeFiles } from '../support/scratch.js';

const NOW = new Date('2025-06-01T12:00:00Z');
const object = (...required: string[]): object => ({ type: 'object', required });

function compare(folder: string, now: Date = NOW): Comparison {
  return findChanges({ folder, prefix: '', against: 'old.yaml', base: folder, now });
}

function contracts(old: object, current: object): Record<string, string> {
  return {
    'old.yaml': contractText({ capabilities: [capability('review', old)] }),
    'capabilities.yaml': contractText({ capabilities: [capability('review', current)] }),
  };
}

/** The folder of a contract with one change that breaks, and the entry that the finding shows. */
function changed(): { folder: string; entry: string } {
  const folder = createScratch(contracts(object(), object('a')));
  const [change] = compare(folder).changes;
  const entry = /\n {2}(- \{.*\})$/.exec(change?.fix ?? '')?.[1] ?? '';
  return { folder, entry: entry.replace('"…"', '"Nobody calls it yet."') };
}

function accept(folder: string, ...entries: readonly string[]): void {
  const text = `version: 1\naccepted:${entries.length === 0 ? ' []' : ''}\n${entries.map((entry) => `  ${entry}\n`).join('')}`;
  writeFiles(folder, { 'accepted-changes.yaml': text });
}

function problems(folder: string): string[] {
  try {
    compare(folder);
    return [];
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    return error.problems.map(({ place, code, message }) => `${place.file}:${place.line} ${code} ${message}`);
  }
}

describe('a change that is accepted', () => {
  it('is listed with the reason, and still asks for its version', () => {
    const { folder, entry } = changed();
    accept(folder, entry);
    const { changes, bump, unused } = compare(folder);
    expect(changes.map(({ code, accepted }) => [code, accepted?.reason])).toEqual([
      ['input-property-required', 'Nobody calls it yet.'],
    ]);
    expect({ bump, unused }).toEqual({ bump: 'major', unused: [] });
  });

  it('is an error again the day after, which says until when it was accepted', () => {
    const { folder, entry } = changed();
    accept(folder, entry.replace(/until: [\d-]+/, 'until: 2025-06-01'));
    expect(compare(folder).changes[0]?.accepted).toBeDefined();
    const [change] = compare(folder, new Date('2025-06-02T00:00:00Z')).changes;
    expect(change?.accepted).toBeUndefined();
    expect(change?.message).toContain('It was accepted until 2025-06-01 ("Nobody calls it yet.").');
  });

  it('is that one change alone: another at the same place is an error', () => {
    const { folder, entry } = changed();
    accept(folder, entry);
    writeFiles(folder, contracts(object(), object('b')));
    const { changes, unused } = compare(folder);
    expect(changes.filter(({ accepted }) => accepted !== undefined)).toEqual([]);
    expect(unused.map(({ code, place }) => `${place.file}:${place.line} ${code}`)).toEqual([
      'accepted-changes.yaml:3 unused-acceptance',
    ]);
  });

  it('stays accepted when lines move and when texts change', () => {
    const { folder, entry } = changed();
    accept(folder, entry);
    const current = { ...object('a'), title: 'What to review' };
    const text = `\n# moved\n\n${contractText({ capabilities: [capability('review', current)] })}`;
    writeFiles(folder, { 'capabilities.yaml': text });
    expect(compare(folder).changes.map(({ code, accepted }) => [code, accepted !== undefined])).toEqual([
      ['input-property-required', true],
    ]);
  });

  it('is no longer the same where a definition that it refers to has changed', () => {
    const withDefinition = (minimum: number): string =>
      contractText({
        definitions: { Size: { type: 'integer', minimum } },
        capabilities: [capability('review', { anyOf: [{ $ref: '#/definitions/Size' }, { const: -1 }] })],
      });
    const folder = createScratch({ 'old.yaml': withDefinition(0), 'capabilities.yaml': withDefinition(5) });
    const fingerprints = (): string[] => compare(folder).changes.map(({ fingerprint }) => fingerprint);
    const before = fingerprints();
    writeFiles(folder, { 'capabilities.yaml': withDefinition(6) });
    expect(before.length).toBeGreaterThan(0);
    expect(fingerprints().filter((fingerprint) => before.includes(fingerprint))).toEqual([]);
  });
});

describe('accepted-changes.yaml', () => {
  it.each([
    ['no reason', (entry: string) => entry.replace(/reason: "[^"]*", /, ''), 'is missing the key "reason"'],
    ['the reason that was shown', (entry: string) => entry.replace(/reason: "[^"]*"/, 'reason: "…"'), 'says nothing'],
    ['no day', (entry: string) => entry.replace(/, until: [\d-]+/, ''), 'is missing the key "until"'],
    ['a day that no calendar has', (entry: string) => entry.replace(/until: [\d-]+/, 'until: 2025-02-30'), 'is no day'],
    [
      'a rule that does not exist',
      (entry: string) => entry.replace(/rule: [\w-]+/, 'rule: input-narrow'),
      'is no rule',
    ],
    ['a key that it does not know', (entry: string) => entry.replace('{', '{ why: x,'), 'may not have the key "why"'],
  ])('with %s is refused at its place', (_, edit, message) => {
    const { folder, entry } = changed();
    accept(folder, edit(entry));
    expect(problems(folder)).toEqual([expect.stringMatching(new RegExp(`^accepted-changes\\.yaml:3 .*${message}`))]);
  });

  it('with one change twice is refused', () => {
    const { folder, entry } = changed();
    accept(folder, entry, entry);
    expect(problems(folder)).toEqual(['accepted-changes.yaml:4 wrong-value accepted[1].change stands twice.']);
  });
});
