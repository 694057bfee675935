import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { type Finding, type Format, type Report, resolveFormat, writeReport } from '../../src/report/index.js';
import { linesOf } from '../support/command.js';

/** The official schema, which is of a draft that ajv knows no meta-schema of, and uses no word that has changed since. */
const {
  $schema: _,
  id: __,
  ...sarifSchema
} = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json') as Record<
  string,
  unknown
>;

function finding(more: Partial<Finding> = {}): Finding {
  return {
    code: 'some-rule',
    level: 'error',
    place: { file: 'a/capabilities.yaml', line: 2, column: 4, endColumn: 8 },
    message: 'This is wrong.',
    fix: 'Make it right.',
    ...more,
  };
}

function report(findings: readonly Finding[], more: Partial<Report> = {}): Report {
  const sources = new Map([['a/capabilities.yaml', 'one\nx: name\nthree\n']]);
  return { command: 'lint', findings, sources, summary: 'That is all.', ...more };
}

function written(
  findings: readonly Finding[],
  format: Format,
  more: Partial<Report> = {},
  environment: Readonly<Record<string, string>> = {},
): { stdout: string; stderr: string } {
  const texts = { stdout: '', stderr: '' };
  writeReport(report(findings, more), format, {
    stdout: (text) => {
      texts.stdout += text;
    },
    stderr: (text) => {
      texts.stderr += text;
    },
    columns: undefined,
    cwd: '/work',
    environment,
    draw: undefined,
    readLines: () => linesOf([]),
    onSignal: () => () => {},
  });
  return texts;
}

describe('the format', () => {
  it.each([
    [undefined, {}, 'pretty'],
    [undefined, { GITHUB_ACTIONS: 'true' }, 'github'],
    [undefined, { GITHUB_ACTIONS: 'false' }, 'pretty'],
    ['pretty', { GITHUB_ACTIONS: 'true' }, 'pretty'],
    ['sarif', {}, 'sarif'],
  ])('for %j in %j is %s', (flag, environment, format) => {
    expect(resolveFormat(flag, environment)).toBe(format);
  });
});

describe('pretty', () => {
  const related = { place: { file: 'a/capabilities.yaml', line: 1, column: 1 }, message: 'The first one stands at' };
  const full = finding({ expected: 'one of a, b', near: 'name', related });
  const printed = (code: string): string =>
    [
      `a/capabilities.yaml:2:4 ${code}: This is wrong.`,
      '  1 | one',
      '> 2 | x: name',
      '    |    ^^^^',
      '  3 | three',
      '  The first one stands at a/capabilities.yaml:1:1',
      '> 1 | one',
      '    | ^',
      '  2 | x: name',
      '  Expected: one of a, b',
      '  Did you mean "name"?',
      '  Fix: Make it right.',
      '',
      '',
    ].join('\n');

  it.each(['lint', 'breaking'])('says on stdout what %s found, with its level, and the end on stderr', (command) => {
    expect(written([full], 'pretty', { command })).toEqual({
      stdout: printed('error some-rule'),
      stderr: 'That is all.\n',
    });
  });

  it('says on stderr what keeps codegen from its work', () => {
    expect(written([full], 'pretty', { command: 'codegen' })).toEqual({
      stdout: '',
      stderr: `${printed('some-rule')}That is all.\n`,
    });
  });

  it('says notes after errors and warnings, which stay as they were', () => {
    const levels = ['note', 'warning', 'note', 'error'] as const;
    const { stdout } = written(
      levels.map((level) => finding({ level })),
      'pretty',
    );
    expect(stdout.match(/^\S+:2:4 .*?(?=:)/gm)).toEqual([
      'a/capabilities.yaml:2:4 warning some-rule',
      'a/capabilities.yaml:2:4 error some-rule',
      'a/capabilities.yaml:2:4 note some-rule',
      'a/capabilities.yaml:2:4 note some-rule',
    ]);
  });

  it('leaves out what was accepted', () => {
    const accepted = { kind: 'inSource', reason: 'it is meant' } as const;
    expect(written([finding({ accepted })], 'pretty')).toEqual({ stdout: '', stderr: 'That is all.\n' });
  });

  it('shows a hundred findings and counts the rest', () => {
    const { stdout } = written(
      Array.from({ length: 250 }, () => finding()),
      'pretty',
    );
    expect(stdout.match(/some-rule/g)).toHaveLength(100);
    expect(stdout).toContain('150 more after these');
  });
});

describe('json', () => {
  it('is one document with every field', () => {
    const full = finding({
      near: 'b',
      expected: 'b',
      data: { dimension: 'WIRE' },
      accepted: { kind: 'external', reason: 'r' },
    });
    const { stdout, stderr } = written([full, finding({ level: 'warning' })], 'json');
    expect({ document: JSON.parse(stdout) as unknown, stderr }).toEqual({
      document: {
        version: 1,
        command: 'lint',
        counts: { error: 0, warning: 1, note: 0, accepted: 1 },
        summary: 'That is all.',
        findings: [full, finding({ level: 'warning' })],
      },
      stderr: '',
    });
  });

  it('writes control and bidi characters as escapes that mean the same', () => {
    const message = 'a\u202e\u001b[31m\u0085\u{e0041}\u200d"\n';
    const { stdout } = written([finding({ message })], 'json');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u{e0041}]/u);
    expect((JSON.parse(stdout) as Report).findings[0]?.message).toBe(message);
  });
});

describe('github', () => {
  it('writes a command a finding on stdout and the frames on stderr', () => {
    const { stdout, stderr } = written([finding(), finding({ level: 'note' })], 'github');
    expect(stdout).toBe(
      '::error file=a/capabilities.yaml,line=2,col=4,endColumn=7,title=some-rule::This is wrong.%0AMake it right.\n' +
        '::notice file=a/capabilities.yaml,line=2,col=4,endColumn=7,title=some-rule::This is wrong.%0AMake it right.\n',
    );
    const pretty = written([finding(), finding({ level: 'note' })], 'pretty');
    expect(stderr).toBe(pretty.stdout + pretty.stderr);
  });

  it('escapes what would end a property or a command', () => {
    const place = { file: 'a,b:c%.yaml', line: 1, column: 1 };
    const { stdout } = written([finding({ place, message: '100%\r\n::error::x', near: 'y' })], 'github');
    expect(stdout).toBe(
      '::error file=a%2Cb%3Ac%25.yaml,line=1,col=1,title=some-rule::100%25%0D%0A::error::x%0ADid you mean "y"?%0AMake it right.\n',
    );
  });

  it('names files without detours', () => {
    const place = { file: 'a/../b/./c.yaml', line: 1, column: 1 };
    expect(written([finding({ place })], 'github').stdout).toContain('file=b/c.yaml,');
  });

  it.each([
    ['/', 'work/a.yaml'],
    ['/work', 'a.yaml'],
    ['/work/', 'a.yaml'],
    ['/work/agents', 'a.yaml'],
    ['/worker', 'a.yaml'],
    ['', 'a.yaml'],
  ])('names files as a checkout in "%s" does', (workspace, file) => {
    const place = { file: 'a.yaml', line: 1, column: 1 };
    const texts = (format: Format): string =>
      written([finding({ place })], format, {}, { GITHUB_WORKSPACE: workspace }).stdout;
    expect(texts('github')).toContain(`file=${file},`);
    expect(texts('sarif')).toContain(`"uri": "${file}"`);
    expect([texts('json'), texts('pretty')]).toEqual([
      expect.stringContaining('"file": "a.yaml"'),
      expect.stringMatching(/^a\.yaml:1:1 /),
    ]);
  });

  it('shows ten of a level, errors first, and counts the rest in the last one', () => {
    const findings = [...Array.from({ length: 12 }, () => finding({ level: 'warning' })), finding()];
    const lines = written(findings, 'github').stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, line.indexOf(' ')))).toEqual(['::error', ...Array(10).fill('::warning')]);
    expect(lines.filter((line) => line.includes('+2 more'))).toEqual([lines.at(-1)]);
  });
});

describe('sarif', () => {
  const isSarif = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(sarifSchema);
  const rules = [{ code: 'some-rule', meaning: 'A thing is wrong.', why: 'It matters.', fix: 'Make things right.' }];
  interface Log {
    readonly runs: readonly [{ readonly results: readonly Record<string, unknown>[]; readonly tool: unknown }];
  }
  const logOf = (findings: readonly Finding[], more: Partial<Report> = {}): Log =>
    JSON.parse(written(findings, 'sarif', { rules, ...more }).stdout) as Log;

  it('is a log that the official schema of SARIF 2.1.0 takes, with findings of every kind and with none', () => {
    const related = { place: { file: 'b.yaml', line: 1, column: 1 }, message: 'The first one.' };
    const all = [
      finding({ related, near: 'a', expected: 'b', data: { dimension: 'WIRE' } }),
      finding({ code: 'another', level: 'note', place: { file: '', line: 1, column: 1 } }),
      finding({ level: 'warning', accepted: { kind: 'inSource', reason: 'it is meant' } }),
    ];
    for (const findings of [all, []]) {
      isSarif(logOf(findings));
      expect(isSarif.errors ?? []).toEqual([]);
    }
  });

  it('is not what the schema takes when a level is none', () => {
    expect(isSarif(logOf([finding({ level: 'fatal' as 'error' })]))).toBe(false);
  });

  it('has the place, the rule and the sentences of a finding', () => {
    const place = { file: 'a b/ü#.yaml', line: 2, column: 4, endColumn: 8 };
    const [{ results, tool }] = logOf([finding({ place })]).runs;
    expect(results[0]).toMatchObject({
      ruleId: 'some-rule',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'This is wrong. Make it right.' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'a%20b/%C3%BC%23.yaml' },
            region: { startLine: 2, startColumn: 4, endColumn: 8 },
          },
        },
      ],
    });
    expect(tool).toMatchObject({
      driver: {
        name: 'declaragent',
        rules: [
          {
            id: 'some-rule',
            shortDescription: { text: 'A thing is wrong.' },
            fullDescription: { text: 'It matters.' },
            help: { text: 'It matters. Make things right. declaragent explain some-rule says more.' },
          },
        ],
      },
    });
  });

  it('keeps what was accepted, with its reason', () => {
    const [{ results }] = logOf([finding({ accepted: { kind: 'inSource', reason: 'it is meant' } })]).runs;
    expect(results[0]?.['suppressions']).toEqual([{ kind: 'inSource', justification: 'it is meant' }]);
  });

  it('knows a finding again when it has moved, and tells those of one line apart', () => {
    const prints = (findings: readonly Finding[], text: string): unknown[] =>
      logOf(findings, { sources: new Map([['a/capabilities.yaml', text]]) }).runs[0].results.map(
        (result) => result['partialFingerprints'],
      );
    const moved = finding({ place: { file: 'a/capabilities.yaml', line: 4, column: 6 } });
    const before = prints([finding(), finding()], 'one\nx: name\n');
    expect(prints([moved, moved], 'one\n\n\n  x: name\n')).toEqual(before);
    expect(new Set(before.map((print) => JSON.stringify(print))).size).toBe(2);
    expect(prints([finding()], 'one\nx: other\n')).not.toEqual([before[0]]);
  });
});
