import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, importsOf } from './support/imports.js';

const root = path.resolve(import.meta.dirname, '..');

/** The files of the runtime: each may import those before it. docs/architecture.md lists them in this order. */
const RUNTIME_ORDER = [
  ...[
    'errors',
    'codes',
    'clock',
    'pointer',
    'record',
    'address',
    'warning',
    'result',
    'environment',
    'formats',
    'validation',
  ],
  ...[
    'contract',
    'envelope',
    'wire',
    'arena',
    'duplicates',
    'auth',
    'tls',
    'transport',
    'answerable',
    'gathered-writes',
    'driver',
    'backoff',
    'diagnostics',
    'refusals',
    'deadline',
    'parent',
    'details',
    'outcome',
    'interceptor',
    'retry',
    'response',
    'caller',
  ],
  ...['pending', 'routes', 'settlement', 'inbox', 'answers', 'outbox', 'client', 'skill', 'host', 'decline'],
  ...['bus', 'run', 'interceptors', 'workload', 'copies', 'server', 'credentials', 'connect', 'index'],
];
const TRANSPORTS_MAY_IMPORT = [
  ...[
    'address',
    'answerable',
    'backoff',
    'clock',
    'diagnostics',
    'driver',
    'envelope',
    'errors',
    'gathered-writes',
    'tls',
    'transport',
  ],
];
const EVENT_LOG_MAY_IMPORT = [
  ...['address', 'clock', 'contract', 'diagnostics', 'errors', 'pointer', 'record', 'result', 'validation'],
];

/** What each transport may import besides: the client of its broker. */
const BROKER_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  memory: [],
  kafka: ['kafkajs'],
  nats: ['@nats-io/transport-node', '@nats-io/jetstream'],
  amqp: ['amqplib'],
  mqtt: ['mqtt'],
  sqs: ['@aws-sdk/client-sqs'],
};

const GENERATOR_PACKAGES = ['@babel/code-frame', 'ajv', 'handlebars', 'json-schema-to-typescript', 'ts-morph', 'yaml'];
const EMITTERS_MAY_IMPORT = [
  ...['dialect', 'json', 'model', 'names', 'print', 'symbols'],
  // What the two emitters with a library of their own have beside them.
  ...['ajv-module', 'plain-shape', 'shape', 'shared-checks', 'split', 'vocabulary'],
];
const EMITTER_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  type: ['json-schema-to-typescript'],
  validators: ['ajv'],
};
const MAY_TOUCH_THE_DISK = [
  'cache',
  'files',
  'inputs',
  'load',
  'skill-files',
  'compare',
  'staging',
  'swap',
  'write',
].map((name) => `generator/${name}.ts`);
/** The files that read an older version of a contract, from a path or from git. */
const READ_OLD_VERSIONS = ['generator/breaking/tree.ts', 'generator/breaking/commit.ts'];
/** Files of their own package, which are part of the program and not of what it works on. */
const READ_THEIR_OWN_PACKAGE = ['generator/own-schemas.ts', 'generator/ready.ts', 'generator/template.ts'];
/** Examples are held against the very formats that generated validators assert. */
const MAY_USE_FORMATS = ['generator/vocabulary.ts', 'generator/lint/rules/keywords.ts'];
const SRC_PACKAGES = ['chokidar', 'commander', 'diff'];
/** Packages that one file alone knows. */
const PACKAGES_OF_ONE_FILE: Readonly<Record<string, string>> = {
  '@anthropic-ai/sdk': 'src/agent/anthropic.ts',
  jiti: 'src/user-modules.ts',
  yaml: 'src/agent/markdown-skill.ts',
};
const RUNTIME_DOORS_OF_SRC = [
  ...['@declaragent/runtime', '@declaragent/runtime/codes', '@declaragent/runtime/event-log'],
  ...['@declaragent/runtime/connect', '@declaragent/runtime/validation'],
];
/** What the core may know by its types only: whoever uses it imports its door, and gives it as a value. */
const BEHIND_DOORS = [
  ...[
    'auth',
    'codes',
    'connect',
    'credentials',
    'environment',
    'formats',
    'interceptor',
    'interceptors',
    'retry',
    'wire',
  ],
];
/** What src/ may import of the generator; the second is there for programs that do not need the first. */
const GENERATOR_DOORS = [
  ...['generator/index.ts', 'generator/escape.ts', 'generator/template.ts'],
  ...['generator/lint/index.ts', 'generator/breaking/index.ts'],
];

/** Names that say nothing about what is inside. */
const DRAWER = /(?:^|\/)(?:utils?|helpers?|common|types|misc|shared)\.ts$/;

/** Why an import breaks the table, or null. Paths are relative to the repository, with `/`. */
function objectionTo(file: string, { specifier, isTypeOnly }: Import): string | null {
  const target = specifier.startsWith('.')
    ? path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts')
    : null;
  const name = path.posix.basename(file, '.ts');
  const isNode = specifier.startsWith('node:');
  const package_ = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

  if (target !== null && DRAWER.test(target)) return 'a drawer';
  if (file.startsWith('runtime/transports/')) {
    // A transport is one file, or one file and a folder of its name.
    const kind = file.split('/')[2]?.replace(/\.ts$/, '') ?? '';
    if (isNode || target?.startsWith(`runtime/transports/${kind}/`) || target === `runtime/transports/${kind}.ts`)
      return null;
    if (BROKER_PACKAGES[kind]?.includes(package_)) return null;
    const inner = target?.match(/^runtime\/([\w-]+)\.ts$/)?.[1];
    return inner !== undefined && TRANSPORTS_MAY_IMPORT.includes(inner) ? null : 'a transport may not import it';
  }
  if (file.startsWith('runtime/event-log/')) {
    if (isNode || target?.startsWith('runtime/event-log/')) return null;
    const inner = target?.match(/^runtime\/([\w-]+)\.ts$/)?.[1];
    return inner !== undefined && EVENT_LOG_MAY_IMPORT.includes(inner) ? null : 'the event log only hears of messages';
  }
  if (file.startsWith('runtime/testing/')) {
    if (isNode) return null;
    return target?.startsWith('runtime/') ? null : 'what users test with needs no library';
  }
  if (file.startsWith('runtime/')) {
    if (isNode) return null;
    const inner = target?.match(/^runtime\/([\w-]+)\.ts$/)?.[1];
    if (inner === undefined) return 'the runtime imports node: and itself only';
    if (!isTypeOnly && BEHIND_DOORS.includes(inner) && !BEHIND_DOORS.includes(name)) return 'it has a door of its own';
    if (!RUNTIME_ORDER.includes(name)) return `${name} has no place in the order of the runtime`;
    return RUNTIME_ORDER.indexOf(inner) < RUNTIME_ORDER.indexOf(name) ? null : `${inner} does not stand above ${name}`;
  }
  if (file.startsWith('generator/emit/')) {
    if (specifier === '@declaragent/runtime' && isTypeOnly) return null;
    if (isNode) return 'an emitter does not touch the outside';
    if (target === null) return EMITTER_PACKAGES[name]?.includes(package_) ? null : 'not the library of this emitter';
    const inner = target.match(/^generator\/([\w-]+)\.ts$/)?.[1];
    return inner !== undefined && EMITTERS_MAY_IMPORT.includes(inner) ? null : 'an emitter may not import it';
  }
  if (file.startsWith('generator/')) {
    if (/^node:(?:fs|child_process|net|http)/.test(specifier)) {
      return [...MAY_TOUCH_THE_DISK, ...READ_THEIR_OWN_PACKAGE, ...READ_OLD_VERSIONS].includes(file)
        ? null
        : 'only cache, load, compare, staging, swap and write touch the disk';
    }
    if (isNode) return null;
    if (specifier === '@declaragent/runtime/formats' && MAY_USE_FORMATS.includes(file)) return null;
    if (package_ === '@declaragent/runtime') {
      return isTypeOnly && specifier === package_ ? null : 'the generator takes types of the runtime only';
    }
    if (target === null) return GENERATOR_PACKAGES.includes(package_) ? null : 'not a library of the generator';
    if (target === 'generator/index.ts') return 'no room imports its own door';
    if (target.startsWith('generator/breaking/') && !file.startsWith('generator/breaking/')) return 'a room of its own';
    return target.startsWith('generator/') ? null : 'another room';
  }
  if (file.startsWith('src/') && PACKAGES_OF_ONE_FILE[package_] !== undefined) {
    return PACKAGES_OF_ONE_FILE[package_] === file ? null : 'a package that another file is there for';
  }
  if (file.startsWith('src/agent/')) {
    if (/^node:(?:fs|child_process|net|http|process)/.test(specifier)) return 'a model has nothing to do with the disk';
    if (isNode || specifier === '@declaragent/runtime') return null;
    return target?.startsWith('src/agent/') ? null : 'the agent knows the runtime and itself';
  }
  if (file.startsWith('src/')) {
    if (isNode || SRC_PACKAGES.includes(package_) || RUNTIME_DOORS_OF_SRC.includes(specifier)) return null;
    if (target === null) return 'not a library of the command';
    return target.startsWith('src/') || GENERATOR_DOORS.includes(target) ? null : 'what lies behind a door';
  }
  if (file.startsWith('examples/')) {
    if (/\/generated\//.test(file) && !target && package_ !== '@declaragent/runtime')
      return 'generated code imports the runtime only';
    if (target === null) return null;
    return target.startsWith('examples/') ? null : 'a relative path into a room';
  }
  if (file.startsWith('templates/starters/')) {
    // A project of somebody else's, whose root is the folder of its starter.
    const home = file.split('/').slice(0, 3).join('/');
    if (target !== null) return target.startsWith(`${home}/`) ? null : 'a path out of the project';
    return isNode || package_ === '@declaragent/runtime' ? null : 'a package that the starter does not have';
  }
  return `${file} is in no room`;
}

function sourcesIn(folder: string, ending = '.ts'): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending) && !entry.name.endsWith('.d.ts'))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter((file) => !/(?:^|\/)(?:dist|node_modules)\//.test(file))
    .sort();
}

const starters = sourcesIn('templates/starters', '.ts.hbs');
const files = [...['runtime', 'generator', 'src', 'examples'].flatMap((folder) => sourcesIn(folder)), ...starters];
const importsByFile = new Map(
  files.map((file) => [file, importsOf(readFileSync(path.join(root, file), 'utf8'))] as const),
);

describe('the table of imports', () => {
  test('is kept by every file of every room', () => {
    const breaches = [...importsByFile].flatMap(([file, imports]) =>
      imports.flatMap((imported) => {
        const objection = objectionTo(file, imported);
        return objection === null ? [] : [`${file} imports ${imported.specifier}: ${objection}`];
      }),
    );
    expect(breaches).toEqual([]);
    expect(files.length).toBeGreaterThan(50);
    expect(starters.length).toBeGreaterThan(2);
  });

  test.each([
    ['runtime/envelope.ts', "import { createBus } from './bus.js';"],
    ['runtime/errors.ts', "import { z } from 'zod';"],
    ['runtime/bus.ts', "import { createAuth } from './auth.js';"],
    ['generator/vocabulary.ts', "import { formats } from '@declaragent/runtime';"],
    ['runtime/bus.ts', "import { memory } from './transports/memory.js';"],
    ['runtime/bus.ts', "import { createEventLog } from './event-log/index.js';"],
    ['runtime/event-log/log.ts', "import { createBus } from '../bus.js';"],
    ['runtime/bus.ts', "import { createVirtualClock } from './testing/index.js';"],
    ['runtime/testing/fake-peer.ts', "import { expect } from 'vitest';"],
    ['runtime/transports/memory.ts', "import { createCall } from '../client.js';"],
    ['runtime/transports/memory.ts', "import { kafka } from './kafka.js';"],
    ['runtime/transports/nats.ts', "import { Kafka } from 'kafkajs';"],
    ['runtime/transports/kafka/replies.ts', "import { createReader } from '../nats/reader.js';"],
    ['generator/plan.ts', "import { writeFileSync } from 'node:fs';"],
    ['generator/names.ts', "import { createBus } from '@declaragent/runtime';"],
    ['generator/names.ts', "export { run } from '../src/program.js';"],
    ['generator/write.ts', "import { generate } from './index.js';"],
    ['generator/names.ts', "import { pick } from './utils.js';"],
    ['generator/emit/client.ts', "import { emitServer } from './server.js';"],
    ['generator/emit/client.ts', "import { Ajv } from 'ajv';"],
    ['generator/emit/types.ts', "const { readFileSync } = await import('node:fs');"],
    ['src/commands/codegen.ts', "import { planOutput } from '../../generator/plan.js';"],
    ['src/program.ts', "import { Ajv } from 'ajv';"],
    ['src/commands/breaking.ts', "import { findGaps } from '../../generator/breaking/subsume.js';"],
    ['generator/normalize.ts', "import { findGaps } from './breaking/subsume.js';"],
    ['generator/breaking/rules.ts', "import { spawnSync } from 'node:child_process';"],
    ['src/agent/loop.ts', "import Anthropic from '@anthropic-ai/sdk';"],
    ['src/agent/loop.ts', "import { openAgent } from '../open-agent.js';"],
    ['src/agent/call-tools.ts', "import { describeFolder } from '../../generator/index.js';"],
    ['src/agent/call-tools.ts', "import { memory } from '@declaragent/runtime/memory';"],
    ['src/agent/call-tools.ts', "import { readFileSync } from 'node:fs';"],
    ['src/open-agent.ts', "import { createJiti } from 'jiti';"],
    ['templates/starters/rpc-server/skills/review-pr.ts.hbs', "import { x } from '../../rpc-client/x.js';"],
    ['templates/starters/rpc-server/test/review-pr.test.ts.hbs', "import { test } from 'vitest';"],
    ['examples/pr-review/demo.ts', "import { createBus } from '../../runtime/bus.js';"],
    ['examples/pr-review/concierge/generated/bus.gen.ts', "import ajv from 'ajv';"],
  ])('catches a breach planted in %s: %s', (file, text) => {
    const [imported] = importsOf(text);
    expect(imported && objectionTo(file, imported)).toEqual(expect.any(String));
  });

  test('tells a type from a value', () => {
    expect(importsOf("import type { Bus } from '@declaragent/runtime';")).toEqual([
      { specifier: '@declaragent/runtime', isTypeOnly: true },
    ]);
    expect(importsOf("import { type Bus } from 'a'; import { type B, c } from 'b';")).toEqual([
      { specifier: 'a', isTypeOnly: true },
      { specifier: 'b', isTypeOnly: false },
    ]);
  });
});

describe('the rooms', () => {
  test('hold no circle of values', () => {
    expect(findCircle(valueGraph())).toBeNull();
  });

  test('a planted circle is found', () => {
    const graph = valueGraph();
    graph.set('runtime/errors.ts', ['runtime/bus.ts']);
    expect(findCircle(graph)).not.toBeNull();
  });

  test('hold every file of the runtime in the order that the documentation shows', () => {
    const text = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');
    const listed = [...text.matchAll(/^\| `runtime\/([\w-]+)\.ts` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual(RUNTIME_ORDER);
    const present = files.flatMap((file) => /^runtime\/([\w-]+)\.ts$/.exec(file)?.[1] ?? []);
    expect(present.sort()).toEqual([...RUNTIME_ORDER].sort());
  });

  test('hold no drawer', () => {
    expect(files.filter((file) => DRAWER.test(file))).toEqual([]);
    expect(DRAWER.test('generator/utils.ts')).toBe(true);
  });

  test('only src/cli.ts and src/io.ts know the process, but for what a lock must ask', () => {
    const knowing = files.filter(
      (file) =>
        /^(?:src|generator)\//.test(file) &&
        /\bprocess\.(?!pid\b|kill\(pid, 0\))\w+/.test(readFileSync(path.join(root, file), 'utf8')),
    );
    expect(knowing).toEqual(['src/cli.ts', 'src/io.ts']);
  });
});

function valueGraph(): Map<string, string[]> {
  return new Map(
    [...importsByFile].map(([file, imports]) => {
      const targets = imports
        .filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
        .map(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, '.ts'));
      return [file, targets] as const;
    }),
  );
}

function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const target of graph.get(file) ?? []) {
      const circle = visit(target, [...trail, file]);
      if (circle !== null) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}
