import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSource } from '../../generator/document.js';
import { parseItems } from '../../generator/items.js';

/** Files are parsed item by item from a certain length on. */
const PADDING = `# ${'-'.repeat(33_000)}\n`;

const CONTRACT = `${PADDING}version: 1
agent: agent://seed # here
capabilities: # the list
# before the first
  - name: first
    description: |
      Several lines,
      - one with a dash

      # and one with a hash
    inputSchema: { type: object, properties: { a: { type: string } } }
  - name: second
    description: "quoted
      over lines"
    examples:
    - input: [1, 2,
        3]

  # between
  -
    name: third
    description: plain
      and on
    outputSchema: &shape
      type: object
      required: [a, b]
  - name: fourth
    outputSchema: { enum: ['- x', "capabilities:", null, 1.5, true] }
definitions:
  Shape: { type: string }
`;

const nothing = (): boolean => false;

const FRAGMENTS = [
  ...['"', "'", '|', '>', '|+', '|2', '- ', '-', '  - ', '---', '...', '#', '# x', '&a ', '*a', '!!str ', '!x ', '\t'],
  ...['{', '}', '[', ']', ',', ':', ': ', '? ', '%YAML 1.1', 'capabilities:', '  ', ' ', '\\', '<<: ', '~', '\u2028'],
];

interface Edit {
  readonly line: number;
  readonly kind: 'delete' | 'repeat' | 'indent' | 'outdent' | 'insert' | 'newline' | 'swap';
  readonly column: number;
  readonly fragment: string;
}

const edits = fc.array(
  fc.record<Edit>({
    line: fc.nat(40),
    kind: fc.constantFrom('delete', 'repeat', 'indent', 'outdent', 'insert', 'newline', 'swap'),
    column: fc.nat(30),
    fragment: fc.constantFrom(...FRAGMENTS),
  }),
  { minLength: 1, maxLength: 4 },
);

function edited(text: string, changes: readonly Edit[]): string {
  const lines = text.split('\n');
  for (const { line, kind, column, fragment } of changes) {
    // The padding stays the first line.
    const index = 1 + (line % (lines.length - 1));
    const old = lines[index] ?? '';
    if (kind === 'delete') lines.splice(index, 1);
    else if (kind === 'repeat') lines.splice(index, 0, old);
    else if (kind === 'indent') lines[index] = `  ${old}`;
    else if (kind === 'outdent') lines[index] = old.replace(/^ {1,2}/, '');
    else if (kind === 'insert') lines[index] = old.slice(0, column) + fragment + old.slice(column);
    else if (kind === 'newline') lines.splice(index, 0, ' '.repeat(column % 8) + fragment);
    else lines.splice(index, 2, lines[index + 1] ?? '', old);
  }
  return lines.join('\n');
}

describe('a large file parsed item by item', () => {
  test('has the value and the places that a parse of the whole has', () => {
    const whole = parseSource('capabilities.yaml', CONTRACT).document;
    const parsed = parseItems('capabilities.yaml', CONTRACT, nothing);
    expect(parsed?.document.value).toEqual(whole.value);
    const paths = [
      ...[[], ['agent'], ['capabilities'], ['capabilities', 0], ['capabilities', 1, 'examples', 0, 'input', 2]],
      ...[
        ['capabilities', 2, 'outputSchema', 'required', 1],
        ['capabilities', 9],
        ['definitions', 'Shape', 'type'],
      ],
    ];
    for (const path of paths) {
      for (const part of ['key', 'value'] as const) {
        expect(parsed?.document.place(path, part), path.join('/')).toEqual(whole.place(path, part));
      }
    }
  });

  test('leaves out the items that are known, and keeps the places of the others', () => {
    const all = parseItems('capabilities.yaml', CONTRACT, nothing);
    const known = new Set([all?.items[0]?.hash, all?.items[3]?.hash]);
    const parsed = parseItems('capabilities.yaml', CONTRACT, (_, item) => known.has(item));
    expect(parsed?.items.map(({ isLeftOut }) => isLeftOut)).toEqual([true, false, false, true]);
    const { value, place } = parsed?.document ?? parseSource('', '').document;
    const names = (value as { capabilities: { name: string }[] }).capabilities.map(({ name }) => name);
    expect(names).toEqual(['second', 'third']);
    const whole = parseSource('capabilities.yaml', CONTRACT).document;
    expect(place(['capabilities', 1, 'name'])).toEqual(whole.place(['capabilities', 2, 'name']));
  });

  test('has other hashes where an item has changed, or what is no item has', () => {
    const hashesOf = (text: string): unknown[] => {
      const parsed = parseItems('capabilities.yaml', text, nothing);
      return [parsed?.skeleton, ...(parsed?.items ?? []).map(({ hash }) => hash)];
    };
    const before = hashesOf(CONTRACT);
    const changed = (text: string): number[] =>
      hashesOf(text).flatMap((hash, index) => (hash === before[index] ? [] : [index]));
    expect(changed(CONTRACT)).toEqual([]);
    expect(changed(CONTRACT.replace('name: third', 'name: other'))).toEqual([3]);
    // A comment may be about what is above it, or accept what is below.
    expect(changed(CONTRACT.replace('# between', '# other'))).toEqual([2, 3]);
    expect(changed(CONTRACT.replace('# before the first', '# other'))).toEqual([1]);
    expect(changed(CONTRACT.replace('agent://seed', 'agent://else'))).toEqual([0]);
    expect(changed(CONTRACT.replace('Shape: { type: string }', 'Shape: {}'))).toEqual([0]);
  });

  test('means what the whole means after any edit, or leaves it to a parse of the whole', () => {
    const runs = Number(process.env['DECLARAGENT_RUNS'] ?? 400);
    let byItems = 0;
    fc.assert(
      fc.property(edits, (changes) => {
        const text = edited(CONTRACT, changes);
        const parsed = parseItems('capabilities.yaml', text, nothing);
        if (parsed === null) return;
        byItems++;
        const whole = parseSource('capabilities.yaml', text);
        expect(whole.problems).toEqual([]);
        expect(parsed.document.value).toEqual(whole.document.value);
        const last = ['capabilities', (parsed.document.value as { capabilities: unknown[] }).capabilities.length - 1];
        expect(parsed.document.place(last)).toEqual(whole.document.place(last));
      }),
      { numRuns: runs, seed: Number(process.env['DECLARAGENT_SEED'] ?? 1) },
    );
    expect(byItems).toBeGreaterThan(runs / 10);
  });
});
