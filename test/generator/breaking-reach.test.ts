import { describe, expect, it } from 'vitest';
import { findChanges, type JudgedChange } from '../../generator/breaking/index.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch } from '../support/scratch.js';

const shared = { $ref: '#/definitions/Invoice' };

function invoices(email: unknown, inputs: Readonly<Record<string, unknown>>, more: object = {}): string {
  return contractText({
    definitions: { Invoice: { type: 'object', properties: { email }, ...more } },
    capabilities: Object.entries(inputs).map(([name, input]) => capability(name, input)),
  });
}

function changes(old: string, current: string): readonly JudgedChange[] {
  const folder = createScratch({ 'old.yaml': old, 'capabilities.yaml': current });
  return findChanges({ folder, prefix: '', against: 'old.yaml', base: folder, now: new Date(0) }).changes;
}

const long = { type: 'string', maxLength: 100 };
const short = { type: 'string', maxLength: 50 };
const two = { create: shared, get: shared };
const three = { ...two, list: shared };

describe('a change inside a shared definition', () => {
  it('is one finding that names every capability it reaches', () => {
    const found = changes(invoices(long, three), invoices(short, three));
    expect(found.map(({ code, capabilities }) => [code, ...capabilities])).toEqual([
      ['input-bound-tightened', 'create', 'get', 'list'],
    ]);
    expect(found[0]?.message).toBe(
      '"email" in the input of "create", "get" and "list" is held to a tighter maxLength. ' +
        'For example, a string of 51 characters was accepted there and is refused now.',
    );
  });

  it('is another change when it reaches one capability more, and the same in another order', () => {
    const [first] = changes(invoices(long, two), invoices(short, two));
    const [more] = changes(invoices(long, three), invoices(short, three));
    const turned = { list: shared, get: shared, create: shared };
    const [same] = changes(invoices(long, turned), invoices(short, turned));
    expect(first?.fingerprint).not.toBe(more?.fingerprint);
    expect(same?.fingerprint).toBe(more?.fingerprint);
  });

  it('is one finding as a note as well', () => {
    const found = changes(invoices(short, three), invoices(long, three));
    expect(found.map(({ code, capabilities }) => [code, ...capabilities])).toEqual([
      ['input-widened', 'create', 'get', 'list'],
    ]);
  });

  it('is one finding where capabilities reach it by other ways, and names the others', () => {
    const inputs = { create: shared, list: { type: 'array', items: shared } };
    const [change, ...rest] = changes(invoices(long, inputs), invoices(short, inputs));
    expect(rest).toEqual([]);
    expect(change?.capabilities).toEqual(['create', 'list']);
    expect(change?.message).toMatch(/^"email" in the input of "create" is held .*The same change reaches "list"\.$/);
  });

  it('is apart from a change of a capability itself', () => {
    const found = changes(
      invoices(long, { create: shared, get: { type: 'object', properties: { email: long } } }),
      invoices(short, { create: shared, get: { type: 'object', properties: { email: short } } }),
    );
    expect(found.map(({ capabilities }) => capabilities)).toEqual([['create'], ['get']]);
    expect(new Set(found.map(({ fingerprint }) => fingerprint)).size).toBe(2);
  });
});

/** Codes and bumps of what becomes of a schema, as input and as output. */
function asInput(old: unknown, now: unknown): (string | undefined)[] {
  const contract = (schema: unknown): string => contractText({ capabilities: [capability('c', schema)] });
  return changes(contract(old), contract(now)).map(({ code, bump }) => `${code} ${bump}`);
}

function outputChanges(old: unknown, now: unknown): readonly JudgedChange[] {
  const contract = (outputSchema: unknown): string =>
    contractText({ capabilities: [{ ...capability('c', true), outputSchema }] });
  return changes(contract(old), contract(now));
}

const asOutput = (old: unknown, now: unknown): string[] =>
  outputChanges(old, now).map(({ code, bump }) => `${code} ${bump}`);

const object = { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } };

describe('a bound', () => {
  it.each<[string, unknown, string, number, number]>([
    ['of a text', { type: 'string' }, 'maxLength', 4000, 3000],
    ['of a long text', { type: 'string' }, 'maxLength', 5_000_000, 4_000_000],
    ['of a text with a pattern', { type: 'string', pattern: '^[a-z]+$' }, 'maxLength', 4000, 3000],
    ['of an array', { type: 'array' }, 'maxItems', 200, 100],
    ['of an array of objects', { type: 'array', items: object }, 'maxItems', 65, 60],
    [
      'of an array of different texts',
      { type: 'array', items: { type: 'string' }, uniqueItems: true },
      'maxItems',
      200,
      100,
    ],
    ['of an array of different objects', { type: 'array', items: object, uniqueItems: true }, 'maxItems', 200, 100],
    ['of an array with a first item', { type: 'array', prefixItems: [true], items: object }, 'maxItems', 200, 100],
    ['of a map', { type: 'object', additionalProperties: { type: 'string' } }, 'maxProperties', 200, 100],
    ['of a number', { type: 'number' }, 'maximum', 1e9, 1e8],
  ])('%s is a number: tightened it breaks, loosened it is a note', (_, schema, word, high, low) => {
    const [wide, narrow] = [high, low].map((limit) => ({ ...(schema as object), [word]: limit }));
    expect(asInput(wide, narrow)).toEqual(['input-bound-tightened major']);
    expect(asInput(narrow, wide)).toEqual(['input-widened minor']);
    expect(asOutput(narrow, wide)).toEqual(['output-bound-loosened major']);
    expect(asOutput(wide, narrow)).toEqual(['output-narrowed minor']);
  });

  it('that no value can reach is not said to break anything', () => {
    const never = { type: 'array', items: false };
    expect(asInput({ ...never, maxItems: 200 }, { ...never, maxItems: 100 })).toEqual([]);
  });
});

describe('a property that is new', () => {
  const closed = { type: 'object', properties: { id: true }, additionalProperties: false };
  const open = { type: 'object', properties: { id: true } };
  const more = { properties: { id: true, currency: { type: 'string', minLength: 101 } } };
  const find = (old: object, now: object): string[] =>
    outputChanges(old, now).map(({ code, message, place }) => `${code} ${place.column} ${message}`);

  it('is a note in an open output, at its key', () => {
    const [change, ...rest] = outputChanges(open, { ...open, ...more });
    expect(rest).toEqual([]);
    expect([change?.code, change?.bump, change?.message]).toEqual([
      'output-property-declared',
      'minor',
      '"currency" in the output of "c" is new.',
    ]);
    const text = contractText({ capabilities: [{ ...capability('c', true), outputSchema: { ...open, ...more } }] });
    expect(text.slice((change?.place.column ?? 0) - 1)).toMatch(/^"currency"/);
  });

  it('breaks in a closed output, by name and without an example', () => {
    const [change, ...rest] = find(closed, { ...closed, ...more });
    expect(rest).toEqual([]);
    expect(change).toMatch(
      /^output-property-added \d+ "currency" in the output of "c" is new, and old callers refuse an answer that has it\.$/,
    );
  });

  it('is not passed over in silence where a closed output is opened for it', () => {
    expect(find(closed, { ...open, ...more }).map((text) => text.split(' ')[0])).toContain('output-property-added');
    expect(find(closed, { ...open, ...more }).join()).toContain('"currency" in the output of "c" is new');
  });

  it('is a note in a closed input, and a warning in an open one', () => {
    expect(asInput(closed, { ...closed, ...more })).toEqual(['input-widened minor']);
    expect(asInput(open, { ...open, ...more })).toEqual(['input-property-constrained minor']);
  });
});

describe('an example in a message', () => {
  const message = (old: unknown, now: unknown): string => {
    const contract = (schema: unknown): string => contractText({ capabilities: [capability('c', schema)] });
    return changes(contract(old), contract(now))[0]?.message ?? '';
  };

  it('says of a long text, a long array and a large object how large they are', () => {
    expect(message({ type: 'string' }, { type: 'string', maxLength: 100 })).toContain('a string of 101 characters');
    expect(message({ type: 'array' }, { type: 'array', maxItems: 100 })).toContain('an array of 101 items');
    const required = Array.from({ length: 30 }, (_, index) => `property${index}`);
    const text = message({ type: 'object', required }, { type: 'object', required, not: { required } });
    expect(text).toMatch(/an object with "property0", "property1", "property2" and 27 more|an object with .* 27 more/);
  });

  it('never fills a screen', () => {
    const deep = { type: 'object', required: ['a'], properties: { a: { type: 'string', minLength: 3000 } } };
    const text = message(deep, { ...deep, not: { required: ['a'] } });
    expect(text).toContain('3000 characters');
    expect(text.length).toBeLessThan(300);
  });
});
