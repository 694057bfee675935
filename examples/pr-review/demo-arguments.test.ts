import { expect, test } from 'vitest';
import { type DemoArguments, readDemoArguments } from './demo-arguments.js';

test.each<[string[], DemoArguments]>([
  [[], { kind: 'sample' }],
  [['--patch', 'a.patch'], { kind: 'patch', path: 'a.patch' }],
  [['--patch=-a.patch'], { kind: 'patch', path: '-a.patch' }],
  [['--commits', 'HEAD~1..HEAD'], { kind: 'commits', range: 'HEAD~1..HEAD' }],
  [['--commits=main...feature'], { kind: 'commits', range: 'main...feature' }],
  [['--help'], { kind: 'help' }],
  [['-h'], { kind: 'help' }],
  [['--bogus', '--help'], { kind: 'help' }],
])('%j is understood', (args, expected) => {
  expect(readDemoArguments(args)).toEqual(expected);
});

test.each<[string[], string]>([
  [['--bogus'], 'no option --bogus'],
  [['--no-patch'], 'no option --no-patch'],
  [['--__proto__'], 'no option --__proto__'],
  [['-x'], 'no option -x'],
  [['a.patch'], 'no argument a.patch'],
  [['--', '--patch'], 'no argument --patch'],
  [['--patch'], '--patch needs'],
  [['--patch', ''], '--patch needs'],
  [['--patch='], '--patch needs'],
  [['--commits'], '--commits needs'],
  [['--patch', '--commits', 'a..b'], '--patch needs'],
  [['--patch', 'a.patch', '--patch', 'b.patch'], 'twice'],
  [['--patch', 'a.patch', '--commits', 'a..b'], 'not both'],
  [['--commits', 'a..b', '--patch', 'a.patch'], 'not both'],
])('%j is a mistake, said in one sentence', (args, says) => {
  expect(readDemoArguments(args)).toEqual({ kind: 'mistake', message: expect.stringContaining(says) });
  expect(readDemoArguments(args)).toMatchObject({ message: expect.stringMatching(/^[^\n]*\.$/) });
});
