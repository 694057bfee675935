import { expect, test } from 'vitest';
import type { Entry } from './account.js';
import { boundOf, checkAccounts } from './check.js';

const called = (id: string, capability = 'book'): Entry => ({ what: 'called', at: 0, id, capability, deadline: 100 });
const ended = (id: string, more: Partial<Extract<Entry, { what: 'ended' }>> = {}): Entry => ({
  ...{ what: 'ended', at: 50, id, status: 'ok' },
  ...more,
});
const ran = (id: string, capability = 'book'): Entry => ({ what: 'ran', at: 10, id, capability });
const answered = (id: string): Entry => ({ what: 'answered', at: 20, id });

test('a call that went well breaks nothing', () => {
  const entries = [called('1'), ran('1'), answered('1'), ended('1')];
  expect(checkAccounts(entries)).toMatchObject({ calls: 1, ok: 1, lost: 0, wrong: 0, hung: 0, twice: 0 });
});

test.each<[string, Entry[], object]>([
  [
    'the caller is told that nothing ran, and the skill has answered',
    [called('1'), ran('1'), answered('1'), ended('1', { status: 'error', executed: 'no' })],
    { lost: 1 },
  ],
  ['the answer is that of another call', [called('1'), ended('1', { isWrong: true })], { wrong: 1 }],
  ['there is no outcome', [called('1')], { hung: 1 }],
  ['the outcome comes more than a second after the deadline', [called('1'), ended('1', { at: 1_101 })], { hung: 1 }],
  ['a message that is not idempotent runs twice', [called('1'), ran('1'), ran('1'), ended('1')], { twice: 1 }],
])('%s: that is counted', (_, entries, expected) => {
  const none = { lost: 0, wrong: 0, hung: 0, twice: 0 };
  expect(checkAccounts(entries)).toMatchObject({ ...none, ...expected });
});

test('a maybe is no loss, and what is idempotent may run twice', () => {
  const entries = [called('1', 'look'), ran('1', 'look'), ran('1', 'look'), answered('1')];
  entries.push(ended('1', { status: 'timeout', executed: 'maybe' }));
  expect(checkAccounts(entries)).toMatchObject({ lost: 0, twice: 0, hung: 0 });
});

test('a broker has recovered when the first answer comes after it serves again', () => {
  const killed: Entry = { what: 'killed', at: 10, who: 'broker' };
  const serves: Entry = { what: 'serves', at: 30, who: 'broker' };
  const entries = [killed, serves, called('1'), called('2'), ended('1', { at: 20 }), ended('2', { at: 75 })];
  expect(checkAccounts(entries)).toMatchObject({ brokerKills: 1, recoveredMs: 45 });
});

test('where nothing was seen the bound is that of the rule of three', () => {
  expect(boundOf(0, 1_000)).toBeCloseTo(0.003, 4);
  // The upper limit of a Poisson mean at 95 % where 2 were seen.
  expect(boundOf(2, 1)).toBeCloseTo(6.296, 2);
});
