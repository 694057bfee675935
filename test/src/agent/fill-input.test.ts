import { describe, expect, it } from 'vitest';
import { fillInput } from '../../../src/agent/fill-input.js';
import { smallestValue } from '../../../src/agent/smallest-value.js';
import { toMarkdown } from '../../../src/agent/to-markdown.js';

const object = (properties: object, required = Object.keys(properties)) => ({ type: 'object', properties, required });
const text = { type: 'string' };

describe('the input that a line holds', () => {
  it.each([
    [
      'an address',
      object({ prUrl: text }),
      'Please review https://github.com/acme/app/pull/42.',
      { prUrl: 'https://github.com/acme/app/pull/42' },
    ],
    ['quoted text', object({ name: text }), 'greet "Ada Lovelace"', { name: 'Ada Lovelace' }],
    [
      'two texts in their order',
      object({ url: { ...text, format: 'uri' }, title: text }),
      'call "it" http://a.example',
      { url: 'http://a.example', title: 'it' },
    ],
    ['a number', object({ count: { type: 'integer' } }), 'give me 2.5 or 3', { count: 3 }],
    ['a negative number', object({ by: { type: 'number' } }), 'shift by -2.5', { by: -2.5 }],
    ['a word of the schema', object({ level: { enum: ['low', 'high'] } }), 'with HIGH priority', { level: 'high' }],
    [
      'what can be nothing else',
      object({ kind: { const: 'pr' }, url: text }),
      'http://a.example',
      { kind: 'pr', url: 'http://a.example' },
    ],
    ['JSON', object({ tags: { type: 'array' } }), 'use {"tags":["a"],"more":1}', { tags: ['a'], more: 1 }],
  ])('is %s', (_, schema, line, input) => {
    expect(fillInput(schema, line)).toEqual(input);
  });

  it.each([
    ['no address', object({ prUrl: text }), 'Please review it'],
    ['one text of two', object({ a: text, b: text }), '"one"'],
    ['a list', object({ tags: { type: 'array' } }), 'a b c'],
    ['no member that is required', object({ a: text }, []), 'http://a.example'],
    ['JSON that is none', object({ a: text }), 'use {a: 1}'],
  ])('is none where there is %s', (_, schema, line) => {
    expect(fillInput(schema, line)).toBeUndefined();
  });
});

describe('the smallest value', () => {
  it('of a review is one that says where it comes from', () => {
    const schema = object({ verdict: { enum: ['comment', 'approve'] }, findings: { type: 'array' }, summary: text });
    expect(smallestValue(schema, 'Offline.')).toEqual({ verdict: 'comment', findings: [], summary: 'Offline.' });
  });

  it('keeps to bounds, follows references and ends in circles', () => {
    const schema = {
      ...object({
        count: { type: 'integer', minimum: 3 },
        tree: { $ref: '#/$defs/Tree' },
        short: { ...text, maxLength: 3 },
      }),
      $defs: { Tree: object({ inner: { $ref: '#/$defs/Tree' } }) },
    };
    expect(smallestValue(schema, 'Offline.')).toMatchObject({ count: 3, short: 'Off', tree: { inner: {} } });
  });
});

describe('a value in Markdown', () => {
  it('is a list, whose lines hold one value each', () => {
    const value = {
      verdict: 'comment',
      findings: [{ file: 'a.ts', line: 1 }, 'x\n# not a heading', [['y']]],
      none: [],
    };
    expect(toMarkdown(value)).toBe(
      [
        '- **verdict**: comment',
        '- **findings**:',
        '  - **file**: a.ts; **line**: 1',
        '  - x # not a heading',
        '  -',
        '    -',
        '      - y',
        '- **none**: none',
      ].join('\n'),
    );
  });
});
