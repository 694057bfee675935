import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSource } from '../../generator/document.js';
import { capability, contractText, problemsIn, problemsOf } from '../support/contract.js';
import { createScratch, writeFiles } from '../support/scratch.js';

function codesIn(text: string): string[] {
  return parseSource('x.yaml', text).problems.map(({ code }) => code);
}

function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 10; level++) {
    const aliases = Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ');
    lines.push(`a${level}: &a${level} [${aliases}]`);
  }
  return lines.join('\n');
}

describe('a hostile file', () => {
  it.each<[string, () => string, string]>([
    ['aliases that multiply', bomb, 'yaml-syntax'],
    ['a hundred thousand brackets', () => '['.repeat(100_000), 'too-deep'],
    ['a hundred thousand nested lines', () => `${'- '.repeat(100_000)}x`, 'too-deep'],
    ['a tag that makes an object', () => 'a: !!js/function "x"', 'yaml-syntax'],
    ['two documents', () => 'a: 1\n---\nb: 2\n', 'yaml-syntax'],
    ['an alias to nothing', () => 'a: *b', 'yaml-syntax'],
    ['a list as a key', () => '? [a]\n: b\n', 'yaml-syntax'],
    ['a tab as indentation', () => 'a:\n\tb: 1\n', 'yaml-syntax'],
    ['infinity', () => 'a: -.inf', 'not-json'],
    ['a key that stands twice, quoted and not', () => 'a: 1\n"a": 2\n', 'duplicate-key'],
  ])('is refused: %s', (_, text, code) => {
    expect(codesIn(text())).toContain(code);
  });

  // A check of each key against each other would run into the time limit of a test.
  it('may have a hundred thousand keys, each once', () => {
    const text = Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(codesIn(text)).toEqual([]);
  });

  it('has "__proto__" as a plain key', () => {
    const { document } = parseSource('x.yaml', '__proto__: { a: 1 }\n');
    expect(Object.keys(document.value as object)).toEqual(['__proto__']);
  });

  it('has "<<" as a plain key', () => {
    const { document } = parseSource('x.yaml', 'a: &a { b: 1 }\nc: { <<: *a }\n');
    expect(document.value).toEqual({ a: { b: 1 }, c: { '<<': { b: 1 } } });
  });
});

describe('a place', () => {
  const text = 'a:\n  - b: [1, 22]\n    "c d": { e: x }\nf: &f { g: 1 }\nh: *f\n';
  const { document } = parseSource('x.yaml', text);

  it.each<[readonly (string | number)[], 'key' | 'value', string]>([
    [['a'], 'key', '1:1'],
    [['a', 0, 'b', 1], 'value', '2:12'],
    [['a', 0, 'c d'], 'key', '3:5'],
    [['a', 0, 'c d', 'e'], 'value', '3:17'],
    [['h', 'g'], 'value', '4:12'],
    [['a', 0, 'nothing'], 'value', '2:5'],
    [[], 'value', '1:1'],
  ])('of %j, its %s, is %s', (at, part, expected) => {
    const { line, column } = document.place(at, part);
    expect(`${line}:${column}`).toBe(expected);
  });
});

describe('a file that cannot be read', () => {
  it('because it is larger than 4 MiB is refused before it is parsed', async () => {
    const folder = createScratch({ 'capabilities.yaml': `# ${'x'.repeat(4 * 1024 * 1024)}\n` });
    expect((await problemsIn(folder)).map(({ code }) => code)).toEqual(['file-unreadable']);
  });

  it('because it is a folder is reported', async () => {
    const folder = createScratch();
    mkdirSync(path.join(folder, 'capabilities.yaml'));
    expect((await problemsIn(folder)).map(({ code }) => code)).toEqual(['file-unreadable']);
  });

  it('because the folder holds no file of an agent is missing', async () => {
    expect((await problemsIn(createScratch())).map(({ code }) => code)).toEqual(['file-missing']);
  });

  it('because a link leads it out of the folder is not opened', async () => {
    const outside = createScratch({ 'secret.json': '{ "type": "strng" }' });
    const folder = createScratch({
      'capabilities.yaml': contractText({ capabilities: [capability('b', { $ref: 'x.json' })] }),
    });
    symlinkSync(path.join(outside, 'secret.json'), path.join(folder, 'x.json'));
    const [problem, ...more] = await problemsIn(folder);
    expect(more).toEqual([]);
    expect(problem?.place.file).toBe('capabilities.yaml');
  });

  it("and that only an example mentions is nobody's business", async () => {
    const examples = [{ input: { $ref: 'nothing.json' } }];
    expect(await problemsOf({ capabilities: [capability('b', true, { examples })] })).toEqual([]);
  });

  it('with a byte order mark and CRLF reads as without', async () => {
    const folder = createScratch();
    writeFiles(folder, {
      'capabilities.yaml':
        '\ufeffversion: 1\r\nagent: agent://a\r\ntransports: [{ kind: memory }]\r\ncapabilities: []\r\n',
    });
    expect(await problemsIn(folder)).toEqual([]);
  });
});
