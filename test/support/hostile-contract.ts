/*
 * Contracts from somebody who means harm: texts that try to end the comment, string or template they stand in, names that
 * mean something, keywords with values of the wrong kind, references that lead out or in circles, and YAML that is odd.
 */

export interface HostileCase {
  readonly seed: number;
  /** The files of the agent's folder. */
  readonly files: Readonly<Record<string, string>>;
}

const TEXTS: readonly string[] = [
  ...[
    '*/ globalThis.owned = 1; /*',
    '*\\/ */',
    '*//**/globalThis.owned=1//',
    "'; globalThis.owned = 1; '",
    '"; globalThis.owned = 1; "',
  ],
  ...[
    '`${globalThis.owned = 1}`',
    '${process.exit(9)}',
    '{{this}} {{{constructor}}}',
    '\n//# sourceURL=x\nglobalThis.owned = 1',
    '\\',
  ],
  ...[
    '\\u002a\\u002f',
    '\u2028globalThis.owned = 1',
    '\u2029',
    '\r\nglobalThis.owned = 1',
    '\u0000',
    '\u202e\u2066',
    '\ufeff',
    '\u001b[2J',
  ],
  ...[
    '</script><!--',
    '-->',
    '<!-- x',
    '#!/bin/sh',
    '@ts-ignore',
    '@ts-nocheck',
    'eslint-enable',
    '/// <reference path="/etc/passwd" />',
  ],
  ...[
    '%s%n',
    '../../etc/passwd',
    '$&',
    "$'",
    '$`',
    '\u{1f468}\u200d\u{1f4bb}',
    'e\u0301',
    '\u0130',
    '\u3164',
    '"',
    "'",
    '',
    ' ',
    '0',
    '-0',
  ],
];

const NAMES: readonly string[] = [
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'then',
    'length',
    'name',
    'arguments',
  ],
  ...[
    'eval',
    'Function',
    'Promise',
    'Object',
    'Array',
    'Record',
    'Set',
    'undefined',
    'NaN',
    'globalThis',
    'process',
    'require',
    'import',
  ],
  ...[
    'class',
    'await',
    'yield',
    'async',
    'default',
    'delete',
    'new',
    'this',
    'super',
    'any',
    'unknown',
    'never',
    'string',
    'type',
  ],
  ...[
    'data',
    'errors',
    'vErrors',
    'validate0',
    'func0',
    'pattern0',
    'schema1',
    'instancePath',
    'defineCheck',
    'Check',
    'Input',
    'A',
    'a',
    'b-c',
    'B_C',
  ],
];

const ODD_VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    Number.MAX_VALUE,
    1e21,
    2 ** 53,
    4_294_967_296,
    '',
    '1',
    'number; globalThis.owned = 1',
    [],
    {},
    [[]],
    [null],
  ],
  ...[{ $ref: '#' }, { type: 'object', tsType: 'never' }, { toString: 1 }],
];

const KEYWORDS: readonly string[] = [
  ...[
    'type',
    'enum',
    'const',
    'multipleOf',
    'minimum',
    'maximum',
    'minLength',
    'maxLength',
    'pattern',
    'format',
    'minItems',
    'maxItems',
  ],
  ...[
    'uniqueItems',
    'minContains',
    'maxContains',
    'contains',
    'minProperties',
    'maxProperties',
    'required',
    'dependentRequired',
  ],
  ...[
    'properties',
    'patternProperties',
    'additionalProperties',
    'propertyNames',
    'unevaluatedProperties',
    'prefixItems',
    'items',
  ],
  ...[
    'unevaluatedItems',
    'dependentSchemas',
    'allOf',
    'anyOf',
    'oneOf',
    'not',
    'if',
    'then',
    'else',
    'title',
    'description',
    'default',
  ],
  ...[
    'examples',
    'deprecated',
    '$id',
    '$ref',
    '$anchor',
    '$defs',
    'definitions',
    '$schema',
    '$comment',
    '$dynamicRef',
    '$vocabulary',
  ],
  ...[
    'tsType',
    'tsEnumNames',
    '$async',
    '$data',
    'nullable',
    'discriminator',
    'x-ts-name',
    'x-redact',
    'contentSchema',
    '__proto__',
  ],
];

const PATTERNS: readonly string[] = [
  ...[
    '^a',
    '[',
    '(a+)+$',
    '^(a|a)*$',
    '^[^/]*/',
    '*/',
    "'",
    '"',
    '`',
    '\\u{1f600}',
    '(?<a>b)\\k<a>',
    '[^]',
    '\\',
    '^.*$',
    '$^',
    '\n',
  ],
  ...['a{1,1000}', '(?=a)b', '(?<!a)b', '\\p{L}+', '/g; globalThis.owned = 1; /', '(a{0,99}){0,99}', '\u2028'],
];

const REFERENCES: readonly string[] = [
  ...[
    '#',
    '#/definitions/A',
    '#/definitions/__proto__',
    '#/definitions/constructor',
    '#/capabilities/0/inputSchema',
    '#/nowhere',
    '#A',
  ],
  ...[
    'https://example.invalid/x.json',
    'http://127.0.0.1:9/x',
    'file:///etc/passwd',
    '/etc/passwd',
    '../../../../etc/passwd',
  ],
  ...[
    'other.yaml',
    'other.yaml#/definitions/A',
    'capabilities.yaml#/definitions/A',
    '%2e%2e/x.yaml',
    'javascript:globalThis.owned=1',
    '#/%',
    '',
  ],
];

const ODD_YAML: readonly ((text: string, pick: Pick) => string)[] = [
  (text) => `\ufeff${text}`,
  (text) => text.replaceAll('\n', '\r\n'),
  (text) => `%YAML 1.1\n---\n${text}`,
  (text) => `${text}\n---\nversion: 1\n`,
  (text) => `${text}\n# declaragent-ignore exponential-pattern: no\n`,
  (text) => text.replace('"version":1', '"version":1,"version":1'),
  (text) => text.replace('"inputSchema":', '"inputSchema": &a '),
  (text) => text.replace('"outputSchema":true', '"outputSchema": *a').replace('"inputSchema":', '"inputSchema": &a '),
  (text) => text.replace('"inputSchema":{', '"inputSchema":{"<<":{"type":"object"},'),
  (text) => text.replace('"outputSchema":true', '"outputSchema": !!js/function "x"'),
  (text) => text.replace('"version":1', '"version": .nan'),
  (text, pick) => text.slice(0, pick.below(text.length)),
  (text, pick) => {
    const at = pick.below(text.length);
    return (
      text.slice(0, at) +
      pick.from(['*a', '&a', '!', '#', '\t', '{', ']', '"', "'", '\n', '|', '? ', ': ', '\\ud800']) +
      text.slice(at)
    );
  },
];

/** Choices of one case, by chance that its seed decides (mulberry32). */
interface Pick {
  below(limit: number): number;
  from<T>(list: readonly T[]): T;
  chance(share: number): boolean;
}

function createPick(seed: number): Pick {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    from: (list) => list[below(list.length)] as (typeof list)[number],
    chance: (share) => next() < share,
  };
}

/** The case of one seed. Some are legal in all but their texts and names, so that many are accepted. */
export function hostileCase(seed: number): HostileCase {
  const pick = createPick(seed);
  const isTame = pick.chance(0.6);
  const text = (): string => pick.from(TEXTS) + (pick.chance(0.3) ? pick.from(TEXTS) : '');
  const name = (): string => (pick.chance(0.7) ? pick.from(NAMES) : text());

  /** What schemas refer to: definitions, which themselves refer to those that come later only, until they are made. */
  let references = ['#/definitions/C'];

  function schema(depth: number): unknown {
    if (depth === 0)
      return pick.from<unknown>([true, { type: 'string' }, { const: text() }, { $ref: pick.from(references) }]);
    if (!isTame && pick.chance(0.3)) return wild(depth);
    const inner = (): unknown => schema(depth - 1);
    const schemas = (): unknown[] => Array.from({ length: 1 + pick.below(3) }, inner);
    const members = (): object => object(() => name(), inner);
    const said = pick.chance(0.5)
      ? { description: text(), title: text(), default: text(), examples: [text(), { [name()]: text() }] }
      : {};
    return {
      ...said,
      ...pick.from<() => object>([
        () => ({ enum: [...new Set([text(), text(), text()])] }),
        () => ({ const: text() }),
        () => ({ type: 'string', format: text(), minLength: pick.below(3) }),
        () => ({ type: 'object', properties: members(), required: [name()] }),
        () => ({ type: 'object', properties: members(), additionalProperties: pick.chance(0.5) && inner() }),
        () => ({ type: 'object', properties: members(), unevaluatedProperties: false, anyOf: schemas() }),
        () => ({ patternProperties: { [pick.from(['^a', '\\*/', "'", '`', '^x-', '/', '"', '\\\\'])]: inner() } }),
        () => ({ type: 'array', items: inner(), uniqueItems: true }),
        () => ({ prefixItems: schemas(), unevaluatedItems: inner() }),
        () => ({ [pick.from(['allOf', 'anyOf', 'oneOf'])]: schemas() }),
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        () => ({ not: inner(), if: inner(), then: inner(), else: inner() }),
        () => ({ $ref: pick.from(references), description: text() }),
        () => ({ dependentRequired: { [name()]: [name()] }, dependentSchemas: { [name()]: inner() } }),
        () => ({ propertyNames: inner(), contains: inner() }),
      ])(),
    };
  }

  function wild(depth: number): unknown {
    const value = (): unknown =>
      pick.from<() => unknown>([
        () => pick.from(ODD_VALUES),
        () => text(),
        () => pick.from(PATTERNS),
        () => pick.from(REFERENCES),
        () => schema(depth - 1),
        () => [schema(depth - 1)],
        () =>
          object(
            () => pick.from([...NAMES, ...PATTERNS]),
            () => schema(depth - 1),
          ),
      ])();
    return object(() => pick.from(KEYWORDS), value);
  }

  function object(key: () => string, value: () => unknown): object {
    // As parsed: `__proto__` is a name like any other.
    const entries = Array.from({ length: 1 + pick.below(3) }, () => [key(), value()] as const);
    return JSON.parse(
      `{${[...new Map(entries)].map(([name, inner]) => `${JSON.stringify(name)}:${JSON.stringify(inner ?? null)}`).join()}}`,
    );
  }

  const last = isTame ? { type: 'object', properties: { [name()]: { $ref: '#/definitions/C' } } } : schema(1);
  const definitions = {
    B: schema(1),
    ...(pick.chance(0.3)
      ? object(
          () => name(),
          () => schema(1),
        )
      : {}),
  };
  references = ['#/definitions/B', '#/definitions/C'];
  const first = schema(2);
  references = ['#/definitions/A', '#/definitions/B', '#/definitions/C'];

  const capability = (index: number): object => ({
    name: pick.chance(0.3) ? pick.from(NAMES) : `do-${index}`,
    description: text(),
    inputSchema: schema(3),
    outputSchema: pick.chance(0.5) ? true : schema(2),
    ...(pick.chance(0.4)
      ? {
          errors: [
            { code: !isTame && pick.chance(0.3) ? name() : 'E_ONE', description: text(), detailsSchema: schema(1) },
          ],
        }
      : {}),
    ...(pick.chance(0.3) ? { deprecated: text(), since: text() } : {}),
    ...(!isTame && pick.chance(0.3) ? { [name()]: pick.from(ODD_VALUES) } : {}),
  });
  const contract = {
    version: 1,
    agent: isTame || pick.chance(0.7) ? `agent://${pick.from(['a', 'x-1', 'constructor', '1'])}` : `agent://${name()}`,
    description: text(),
    transports: [{ kind: 'memory' }],
    definitions: { A: first, C: last, ...definitions },
    capabilities: Array.from({ length: 1 + pick.below(3) }, (_, index) => capability(index)),
  };
  // Several lines, so that a place says something.
  const plain = JSON.stringify(contract).replaceAll('},"', '},\n"');
  const yaml = !isTame && pick.chance(0.5) ? pick.from(ODD_YAML)(plain, pick) : plain;
  const other = JSON.stringify({ definitions: { A: schema(1) } });
  return { seed, files: { 'capabilities.yaml': yaml, ...(pick.chance(0.5) ? { 'other.yaml': other } : {}) } };
}
