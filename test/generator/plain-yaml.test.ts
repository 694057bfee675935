import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseSource } from '../../generator/document.js';
import { readPlainYaml } from '../../generator/plain-yaml.js';

const SEED = Number(process.env['DECLARAGENT_SEED'] ?? 20_241_121);
const RUNS = Number(process.env['DECLARAGENT_RUNS'] ?? 5_000);

const KEYS = [
  'a:',
  'b:',
  '$ref:',
  'x-y.z:',
  'true:',
  'Null:',
  'toString:',
  '__proto__:',
  '"a":',
  '1:',
  '<<:',
  'a :',
  '? a',
];
const SCALARS = [
  ...[
    'x',
    'some words',
    'a:b',
    'http://x/#y',
    'a#b',
    'a: b',
    'a # b',
    'a:',
    'a ',
    ' a',
    '^[a-z]+$',
    '/a/b',
    '(x)',
    'x, y]',
  ],
  ...['true', 'True', 'false', 'null', 'NULL', '~', 'yes', 'undefined', '__proto__', 'constructor'],
  ...[
    '0',
    '-0',
    '1',
    '-12',
    '007',
    '1.50',
    '-0.0',
    '.5',
    '1e3',
    '0x1f',
    '0o7',
    '1_000',
    '.inf',
    '9007199254740993',
    '+1',
  ],
  ...[
    '""',
    '"x"',
    '"a\\n\\"b\\""',
    '"\\u0041"',
    '"\\x41"',
    '"x" y',
    '"x',
    '"a: b # c"',
    "''",
    "'it''s'",
    "'x' y",
    "'x",
  ],
  ...[
    '[]',
    '[a, b]',
    '[a,b]',
    '["a", 1, null]',
    '[a, ]',
    '[a b]',
    '[ a ]',
    '[true, 1.5, -2]',
    '["a"b]',
    '[a, [b]]',
    '["[", "]"]',
  ],
  ...[
    '{}',
    '{ a: b }',
    '|',
    '>-',
    '&x y',
    '*x',
    '!!str 1',
    '@x',
    '`x`',
    '%x',
    '#x',
    ',',
    '-',
    '- x',
    '?',
    'é',
    '\u2028',
    '\t',
  ],
];
const OTHERS = ['', '# note', '---', '...', '%YAML 1.1', '- ', '-', '- - x', '-  x', '- # x', '- ? a', '\ta: b', '\r'];

const anyContent = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...SCALARS)).map(([key, scalar]) => `${key} ${scalar}`),
  fc.tuple(fc.constantFrom('a:', 'b:', 'c:'), fc.constantFrom(...SCALARS)).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('a:', 'b:', 'c:'), fc.constantFrom(...SCALARS)).map((parts) => `- ${parts.join(' ')}`),
  fc.constantFrom(...SCALARS).map((scalar) => `- ${scalar}`),
  fc.constantFrom(...SCALARS, ...OTHERS),
);
const anyLine = fc
  .tuple(fc.constantFrom(0, 0, 2, 2, 2, 4, 4, 1, 6), anyContent)
  .map(([indent, content]) => ' '.repeat(indent) + content);

const anyValue = fc.letrec<{ value: unknown }>((self) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(
      'text',
      'two words',
      'https://a.b/c#d',
      "it's",
      '',
      'true',
      '12',
      ' x',
      'a: b',
      0,
      -1,
      1.5,
      true,
      false,
      null,
    ),
    fc.array(self('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('type', 'properties', '$ref', 'x-a', 'maxLength'), self('value'), { maxKeys: 4 }),
  ),
})).value;

/** A few lines that look like YAML; some are. */
const anyLines = fc.array(anyLine, { minLength: 1, maxLength: 6 });

/** YAML in which one line has been put, moved or changed. */
const anyEdited = fc
  .tuple(anyValue, anyContent, fc.nat(), fc.nat(6), fc.boolean())
  .map(([value, content, at, shift, isPut]) => {
    const lines = stringify({ root: value }).trimEnd().split('\n');
    const index = at % lines.length;
    const line = lines[index] ?? '';
    const indent = Math.max(0, line.search(/[^ ]/) + shift - 2);
    const edited = ' '.repeat(indent) + (isPut ? content : line.trimStart());
    return [...lines.slice(0, index), edited, ...lines.slice(isPut ? index : index + 1)];
  });

const anyText = fc.oneof(anyLines, anyEdited, anyEdited).map((lines) => `${lines.join('\n')}\n`);

/** Both readers on a text: what was read here is what a reader of all of YAML reads. */
function isRead(text: string): boolean {
  const value = readPlainYaml(text);
  if (value === undefined) return false;
  const { document, problems } = parseSource('file', text);
  expect(problems).toEqual([]);
  expect(value).toStrictEqual(document.value);
  expect(JSON.stringify(value)).toBe(JSON.stringify(document.value));
  return true;
}

describe('plain YAML', () => {
  it('means what YAML means, or is left to be read by others', () => {
    let read = 0;
    const property = fc.property(anyText, (text) => {
      if (isRead(text)) read++;
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
    expect(read).toBeGreaterThan(RUNS / 10);
  });

  it('is most of what is written from plain values', () => {
    let read = 0;
    const property = fc.property(anyValue, (value) => {
      if (isRead(stringify({ root: value }))) read++;
    });
    fc.assert(property, { seed: SEED, numRuns: 1000 });
    expect(read).toBeGreaterThan(300);
  });

  it('may have lists under their keys or further in, notes and empty lines', () => {
    const text = `# note
name: find-order
tags:
- a
- b: 1
  c:
    - "x"

    # another
    - [1, two, "three, four"]
next: 'it''s'
`;
    expect(readPlainYaml(text)).toEqual({
      name: 'find-order',
      tags: ['a', { b: 1, c: ['x', [1, 'two', 'three, four']] }],
      next: "it's",
    });
  });
});
