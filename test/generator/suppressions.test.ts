import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { readSuppressions, suppressionOf, suppressionsIn } from '../../generator/suppressions.js';

/** Rule, reason and the lines that each suppression of a text covers. */
function read(text: string): { rule: string; reason: string; lines: number[] }[] {
  const lines = Array.from({ length: text.split('\n').length + 1 }, (_, index) => index + 1);
  return suppressionsIn('a.yaml', text).map(({ rule, reason, line: covered }) => ({
    rule,
    reason,
    lines: lines.filter((line) => line === covered),
  }));
}

describe('a suppression', () => {
  it('at the end of a line covers that line', () => {
    expect(read('a: 1\nb: 2 # declaragent-ignore some-rule: it is so\nc: 3\n')).toEqual([
      { rule: 'some-rule', reason: 'it is so', lines: [2] },
    ]);
  });

  it('with a line for itself covers the next line that is more than a comment', () => {
    expect(read('a: 1\n  # declaragent-ignore some-rule: it is so\n\n# a remark\nb: 2\nc: 3\n')[0]?.lines).toEqual([5]);
  });

  it('covers one line together with others that stand above it', () => {
    const text = '# declaragent-ignore one: yes\n# declaragent-ignore two: no\na: 1 # declaragent-ignore three: too\n';
    expect(read(text)).toEqual([
      { rule: 'one', reason: 'yes', lines: [3] },
      { rule: 'two', reason: 'no', lines: [3] },
      { rule: 'three', reason: 'too', lines: [3] },
    ]);
  });

  it('covers no line of the file below a comment that ends it', () => {
    expect(read('a: 1\n# declaragent-ignore some-rule: it is so\n')[0]?.lines).toEqual([2]);
  });

  it.each([
    ['# declaragent-ignore', '', ''],
    ['# declaragent-ignore some-rule', 'some-rule', ''],
    ['# declaragent-ignore some-rule:   ', 'some-rule', ''],
    ['# declaragent-ignore: it is so', '', 'it is so'],
    ['#declaragent-ignore some-rule : it: is: so  ', 'some-rule', 'it: is: so'],
  ])('is read from "%s"', (comment, rule, reason) => {
    expect(read(`a: 1 ${comment}\n`)).toEqual([{ rule, reason, lines: [1] }]);
  });

  it.each([
    ['a string in double quotes', 'a: "x # declaragent-ignore r: s"\n'],
    ['a string in single quotes over two lines', "a: 'x\n  # declaragent-ignore r: s'\n"],
    ['a block of text', 'a: |\n  # declaragent-ignore r: s\n  more\n'],
    ['a plain string', 'a: x# declaragent-ignore r: s\n'],
    ['a comment about suppressions', '# Write declaragent-ignore to ignore a finding.\na: 1\n'],
    ['another word', '# declaragent-ignores r: s\na: 1\n'],
  ])('is not read from %s', (_, text) => {
    expect(read(text)).toEqual([]);
  });

  it('is read behind the header of a block of text and inside a flow', () => {
    expect(
      read('a: >- # declaragent-ignore one: yes\n  # no comment\nb: [1, # declaragent-ignore two: no\n  2]\n'),
    ).toEqual([
      { rule: 'one', reason: 'yes', lines: [1] },
      { rule: 'two', reason: 'no', lines: [3] },
    ]);
  });

  it('is placed at its comment, in files with CRLF too', () => {
    const [suppression] = suppressionsIn('a.yaml', 'a: 1\r\nb: 2 # declaragent-ignore r: s\r\n');
    expect(suppression?.place).toEqual({ file: 'a.yaml', line: 2, column: 6, endColumn: 31 });
  });

  it('covers only its rule in its file, and only with a reason', () => {
    const text = 'a: 1 # declaragent-ignore one: yes\nb: 1 # declaragent-ignore one\n';
    const suppressions = suppressionsIn('a.yaml', text);
    const ask = (rule: string, file: string, line: number): boolean =>
      suppressionOf(rule, { file, line, column: 1 }, suppressions) !== undefined;
    expect([
      ask('one', 'a.yaml', 1),
      ask('two', 'a.yaml', 1),
      ask('one', 'b.yaml', 1),
      ask('one', 'a.yaml', 2),
    ]).toEqual([true, false, false, false]);
  });
});

describe('a comment that is almost a suppression', () => {
  it.each([
    ['# declaragent-ignore a, b: why', 'one rule; write one comment for each'],
    ['# declaragent-ignore missing-*: why', 'no pattern of several'],
    ['# declaragent-ignore rule -- why', 'one rule and nothing else'],
    ['# declaragent-ignore one two: why', 'one rule and nothing else'],
    ['# Declaragent-ignore rule: why', 'in lower case'],
    ['## declaragent-ignore rule: why', 'one #'],
    ['# @declaragent-ignore rule: why', 'begins with one # and "declaragent-ignore"'],
    ['# declaragent-ignore-file rule: why', 'covers one line'],
    ['# declaragent-disable-line rule', 'covers one line'],
    ['#declaragent-ignores rule: why', 'covers one line'],
  ])('is not taken for one, and is told apart: %s', (comment, sentence) => {
    const { suppressions, malformed } = readSuppressions('a.yaml', `a: 1\nb: 2 ${comment}\n`);
    const place = { file: 'a.yaml', line: 2, column: 6, endColumn: 6 + comment.length };
    expect({ suppressions, malformed }).toEqual({
      suppressions: [],
      malformed: [{ place, message: expect.stringContaining(sentence) as string }],
    });
  });

  it.each([
    '# yaml-language-server: $schema=./node_modules/declaragent/generator/capabilities.schema.json',
    '# declaragent codegen reads this',
    '# About declaragent-ignore: see docs/lint.md',
    "a: '# Declaragent-ignore rule: why'",
  ])('is not seen in %s', (line) => {
    expect(readSuppressions('a.yaml', `${line}\n`)).toEqual({ suppressions: [], malformed: [] });
  });
});

describe('the reading of comments', () => {
  it('agrees with the parser on where the comments of a document are', () => {
    const piece = fc.constantFrom(
      ...['a: 1', 'b: "# c"', "d: '#'", 'e: |\n  # t\n  u', 'f: [1, 2]', 'g: x#y', '# declaragent-ignore r: s', ''],
    );
    const end = fc.constantFrom('', ' # declaragent-ignore r: s');
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, end), { maxLength: 8 }), (pieces) => {
        // Each line a mapping of its own in a list, so that no key stands twice.
        const text = pieces
          .map(([line, tail]) =>
            line === '' || line.startsWith('#') ? line : `- ${line.replaceAll('\n', '\n  ')}${tail}`,
          )
          .join('\n');
        const document = parseDocument(`${text}\n`);
        if (document.errors.length > 0) return;
        const written = JSON.stringify(document.toJS() ?? null).split('declaragent-ignore').length - 1;
        expect(read(`${text}\n`).length + written).toBe(text.split('declaragent-ignore').length - 1);
      }),
    );
  });
});
