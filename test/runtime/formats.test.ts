import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { formats, type NumberFormat, type StringFormat } from '../../runtime/formats.js';

interface SuiteGroup {
  readonly description: string;
  readonly schema: { readonly format: string };
  readonly tests: readonly { readonly description: string; readonly data: unknown; readonly valid: boolean }[];
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const suite = process.env['JSON_SCHEMA_TEST_SUITE'] ?? join(root, '../shared/json-schema-test-suite');

const stringFormats = Object.entries(formats).filter((entry): entry is [string, StringFormat] => {
  return typeof entry[1] === 'function';
});

/** The verdict on each value, beside the value: what a failure should show. */
function verdicts(format: StringFormat, values: readonly string[]): [string, boolean][] {
  return values.map((value) => [value, format(value)]);
}

function expectAll(format: StringFormat, cases: { valid: readonly string[]; invalid: readonly string[] }): void {
  expect(verdicts(format, cases.valid)).toEqual(cases.valid.map((value) => [value, true]));
  expect(verdicts(format, cases.invalid)).toEqual(cases.invalid.map((value) => [value, false]));
}

/** Every format of ajv-formats 3. */
const FORMAT_NAMES = [
  ...['date', 'time', 'date-time', 'iso-time', 'iso-date-time', 'duration', 'uri', 'uri-reference', 'uri-template'],
  ...['url', 'email', 'hostname', 'ipv4', 'ipv6', 'regex', 'uuid', 'json-pointer', 'json-pointer-uri-fragment'],
  ...['relative-json-pointer', 'byte', 'int32', 'int64', 'float', 'double', 'password', 'binary'],
];

describe('the table', () => {
  it('has every format of ajv-formats, as a function or as a number format', () => {
    expect(Object.keys(formats).sort()).toEqual(FORMAT_NAMES.sort());
    const numbers = Object.entries(formats).filter((entry): entry is [string, NumberFormat] => {
      return typeof entry[1] === 'object';
    });
    expect(numbers.map(([name, format]) => [name, format.type])).toEqual([
      ['int32', 'number'],
      ['int64', 'number'],
      ['float', 'number'],
      ['double', 'number'],
    ]);
  });
});

describe('JSON-Schema-Test-Suite', () => {
  for (const draft of ['draft2020-12', 'draft7']) {
    const folder = join(suite, 'tests', draft, 'optional/format');
    if (!existsSync(folder)) {
      console.warn(`SKIPPED: the format tests of ${draft}, as ${folder} is missing; set JSON_SCHEMA_TEST_SUITE.`);
      it.skip(draft, () => {});
      continue;
    }
    for (const file of readdirSync(folder)) {
      const groups = JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly SuiteGroup[];
      const known = groups.filter((group) => group.schema.format in formats);
      // idn-*, iri* and unknown are no formats of ajv-formats.
      if (known.length === 0) continue;
      it(`${draft} ${file}`, () => {
        let checked = 0;
        const wrong: string[] = [];
        for (const { schema, description, tests } of known) {
          const format = Object.fromEntries(stringFormats)[schema.format];
          for (const test of tests) {
            if (format === undefined || typeof test.data !== 'string') continue;
            checked += 1;
            if (format(test.data) !== test.valid) wrong.push(`${description}: ${test.description}: ${test.data}`);
          }
        }
        expect(wrong).toEqual([]);
        expect(checked).toBeGreaterThan(0);
      });
    }
  }
});

describe('what the suite leaves out', () => {
  it('iso-time', () => {
    expectAll(formats['iso-time'], {
      valid: ['12:00:00', '12:00:00.5', '12:00:00Z', '12:00:00z', '12:00:00+01', '12:00:00+0130', '12:00:00-01:30'],
      invalid: [
        '',
        '12:00',
        '24:00:00',
        '12:60:00',
        '12:00:61',
        '12:00:00.',
        '12:00:00+1',
        '12:00:00+24',
        '12:00:00 Z',
      ],
    });
    expectAll(formats['iso-time'], {
      valid: ['23:59:60', '00:59:60+01', '05:29:60+0530'],
      invalid: ['22:59:60', '23:59:60+01', '05:29:60-0530', '12:00:00\n'],
    });
  });

  it('iso-date-time', () => {
    expectAll(formats['iso-date-time'], {
      valid: ['2020-02-29T12:00:00', '2020-02-29 12:00:00', '2020-02-29t12:00:00+01', '1998-12-31T23:59:60'],
      invalid: ['', '2020-02-29', '2021-02-29T12:00:00', '2020-02-29T', '2020-02-29T25:00:00', '2020-02-29_12:00:00'],
    });
  });

  it('time and date-time ask for a full offset', () => {
    expectAll(formats.time, { valid: ['12:00:00+01:30'], invalid: ['12:00:00+01', '12:00:00+0130', '12:00:00'] });
    expectAll(formats['date-time'], { valid: ['2020-02-29T12:00:00Z'], invalid: ['2020-02-29 12:00:00Z'] });
  });

  it('url', () => {
    expectAll(formats.url, {
      valid: ['http://example.com', 'HTTPS://example.com:8080/a?b#c', 'ftp://u:p@localhost/', 'http://[::1]:80/'],
      invalid: ['', 'example.com', 'mailto:a@example.com', 'http:', 'http://', 'http:///a', 'http://@/', 'http://:80/'],
    });
    expectAll(formats.url, { valid: [], invalid: ['http://a b', 'http://example.com/é', 'file:///a', 'http://a@b@c'] });
  });

  it('byte', () => {
    expectAll(formats.byte, {
      valid: ['', 'YQ==', 'YWI=', 'YWJj', 'YWJjYQ==', '+/+/'],
      invalid: ['Y', 'YQ', 'YQ=', '====', 'Y===', 'YQ==YQ==', 'YQ=a', '-_-_', 'YWJ\n', 'YWJj\n', ' YWJ', 'YWJé'],
    });
  });

  it('password and binary', () => {
    expectAll(formats.password, { valid: ['', 'secret', '\0\ud800'], invalid: [] });
    expectAll(formats.binary, { valid: ['', 'secret', '\0\ud800'], invalid: [] });
  });

  it('json-pointer-uri-fragment', () => {
    expectAll(formats['json-pointer-uri-fragment'], {
      valid: ['#', '#/', '#/foo/0', '#/a~1b', '#/c%25d', '#/m~0n', '#/%7E1', '#/%C3%A9', '#/?', "#/!$&'()*+,;=:@"],
      invalid: ['', '/', '#foo', '#/~', '#/~2', '#/%7E2', '#/%', '#/%C3', '#/%ff', '#/ ', '#/é', '#/#', '#/^', '#/\n'],
    });
  });

  it('int32', () => {
    const accepted = [0, -0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];
    const refused = [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, 1e300];
    expect(accepted.filter(formats.int32.validate)).toEqual(accepted);
    expect(refused.filter(formats.int32.validate)).toEqual([]);
  });

  it('int64', () => {
    // The greatest int64 in JSON, 9223372036854775807, is parsed to 2^63.
    const accepted = [0, -0, 2 ** 53, JSON.parse('9223372036854775807') as number, -(2 ** 63)];
    const refused = [2 ** 63 + 2048, -(2 ** 63) - 2048, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, 1e300];
    expect(accepted.filter(formats.int64.validate)).toEqual(accepted);
    expect(refused.filter(formats.int64.validate)).toEqual([]);
  });

  it('float and double', () => {
    const numbers = [0, 0.1, -1.5, 3.4e38, -3.4e38, 5e-324];
    expect(numbers.filter(formats.float.validate)).toEqual(numbers);
    expect([3.5e38, -1e300, Number.NaN, Number.POSITIVE_INFINITY].filter(formats.float.validate)).toEqual([]);
    expect([...numbers, 1e300].filter(formats.double.validate)).toEqual([...numbers, 1e300]);
    expect([Number.NaN, Number.POSITIVE_INFINITY].filter(formats.double.validate)).toEqual([]);
  });

  it('regex: the longest pattern', () => {
    expectAll(formats.regex, { valid: ['a'.repeat(16_384)], invalid: ['a'.repeat(16_385)] });
  });

  it('email: quoting, literals and the domain', () => {
    expectAll(formats.email, {
      valid: ['a@b', '"a\\"b"@c.d', '"\\\\"@c.d', '""@c.d', 'a@[ipv6:::1]', 'a@xn--9n2bp8q.com', 'a+b/c@d-e.f'],
      invalid: ['', '@', 'a@', '"a@c.d', '"a\\"@c.d', '"a"b@c.d', '"é"@c.d', 'é@c.d', 'a@c..d', 'a@-c.d', 'a@[::1]'],
    });
    expectAll(formats.email, { valid: [], invalid: ['a@[x:y]', 'a@[1.2.3]', 'a@[]', 'a@xn--X', 'a@b.', '"\n"@c.d'] });
  });

  it('hostname: lengths and the Bidi rule', () => {
    const longest = `${'a.'.repeat(126)}a`;
    expectAll(formats.hostname, {
      valid: [longest, 'a'.repeat(63), 'xn--4dbc5h', 'XN--9N2BP8Q'],
      // xn--a-0hc is alef after a Latin a; xn--abc- encodes what needs no encoding.
      invalid: [`${longest}a`, 'a'.repeat(64), 'xn--a-0hc', 'xn--abc-', 'xn--', 'a..b'],
    });
  });

  it('ipv6: how much a double colon stands for', () => {
    expectAll(formats.ipv6, {
      valid: ['1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8', '1::3:4:5:6:7:8', '1:2:3:4:5:6:1.2.3.4', '::1.2.3.4'],
      invalid: ['1:2:3:4::5:6:7:8', '::1:2:3:4:5:6:7:8', '1:2:3:4:5:6::1.2.3.4', '1.2.3.4::', ':', '', '::1.2.3.4:1'],
    });
  });

  it('uri: authorities and relative references', () => {
    expectAll(formats.uri, {
      valid: ['a:', 'a:b:c', 'http://[v1.a:b]/', 'http://a:/', 'file:///etc', 'a://u:p@:1', 'urn:a?b#c', 'a:/b//c'],
      invalid: ['', ':', 'a', '1:a', 'http://[v1]/', 'http://[::1', 'http://[::1]a', 'http://a:1:2', 'a:#b#c', 'a:\n'],
    });
    expectAll(formats['uri-reference'], {
      valid: ['a/b:c', '?a:b', '#a:b', '//a:1/b:c', '..', '///a'],
      invalid: ['a:b\0', '%', '//[::1%25eth0]/', '[', 'a b', ':'],
    });
  });

  it('uri-template: an expression does not join its surroundings', () => {
    expectAll(formats['uri-template'], {
      valid: ['{a,b:3,c*}', '{=a}', '{|a}', '{,a}', '{a}{b}', '{a.b.c}', '{%41.b*}', '{?a,b*}'],
      invalid: ['%{a}41', '%4{a}1', '{{a}}', '{a', 'a}', '{.}', '{a.}', '{.a.}', '{a*:3}', '{a:3*}', '{a:}', '{a%4}'],
    });
  });
});

describe('hostile strings', () => {
  const length = 100_000;
  const units =
    '0 a A . - : / ~ % @ " \\ [ ( { * , = # ? ! é 😀 %4 %41 a. a, a@ "\\ {a {a, {} a:b :: 1: [] (?: (?<a>) [a- ~0'
      .concat(' ~1/ /~ xn-- 1Y T1 \\p{L}')
      .split(' ')
      .concat('\n', '\0', '\ud800');
  const starts = [
    '',
    'P',
    'PT1',
    'http://',
    '//',
    'a:',
    '#/',
    '/',
    '"',
    '{',
    '{a',
    '12:00:00.',
    'a@',
    'a@[',
    '0/',
    '[',
  ];

  it.each(stringFormats)(`%s answers for ${length} characters`, (_, format) => {
    for (const start of starts) {
      for (const unit of units) {
        const body = start + unit.repeat(length / unit.length);
        expect(typeof format(body)).toBe('boolean');
        expect(typeof format(`${body}\n`)).toBe('boolean');
      }
    }
  });

  it.each(stringFormats)('%s answers where a backtracking match overflows its stack', (_, format) => {
    const long = 'a.'.repeat(10_000_000);
    for (const body of [long, `http://${long}@`, `{${long}a}`, `#/${long}`, `"${long}"@a`, `${long}a@b`]) {
      expect(typeof format(body)).toBe('boolean');
    }
  });
});

describe('any string', () => {
  const codeUnits = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => {
    return String.fromCharCode(...units);
  });
  const punycode = fc.stringMatching(/^xn--[a-z0-9-]{1,20}$/);
  const syntax = fc.string({ unit: fc.constantFrom(...'0123456789:-+.ZTtP/#?%@[]{}~,*="\\ aFé\n') });

  it.each(stringFormats)('%s never throws', (_, format) => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), codeUnits, punycode, syntax), (value) => {
        return typeof format(value) === 'boolean';
      }),
      { numRuns: 500 },
    );
  });
});

describe('without code generation from strings', () => {
  it('loads and checks', () => {
    const source = readFileSync(join(root, 'runtime/formats.ts'), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
    });
    const program = `${outputText}
      let refused = false;
      try { new Function(''); } catch { refused = true; }
      console.log(refused, formats.regex('^a+$'), formats.regex('('), formats.hostname('xn--4dbc5h'));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module'];
    const output = execFileSync(process.execPath, [...flags, '-'], { input: program, encoding: 'utf8' });
    expect(output.trim()).toBe('true true false true');
  });
});
