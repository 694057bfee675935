import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { BROKER_KINDS } from './broker.js';
import { describeBroker, USUAL_PORTS } from './usual-port.js';

const read = (file: string): string => readFileSync(path.join(import.meta.dirname, '../..', file), 'utf8');

test.each(BROKER_KINDS)('the usual port of %s is the one in compose.yaml', (kind) => {
  const { services } = parse(read('compose.yaml')) as { services: Record<string, { ports: string[] }> };
  expect(services[kind]?.ports).toEqual([`127.0.0.1:${USUAL_PORTS[kind]}:${USUAL_PORTS[kind]}`]);
});

test.each(BROKER_KINDS.filter((kind) => kind !== 'sqs'))(
  'the block of %s in the README is the one that is printed',
  (kind) => {
    const [, block = ''] = new RegExp(`\`- (\\{ kind: ${kind}, .*?\\})\``).exec(read('README.md')) ?? [];
    const printed = describeBroker({ kind, port: USUAL_PORTS[kind] });
    expect(parse(printed.filter((line) => !line.includes('=')).join('\n'))).toEqual([parse(block)]);
  },
);

test.each(BROKER_KINDS.filter((kind) => kind !== 'sqs'))(
  'the line for .env sets the variable that the starters have for %s',
  (kind) => {
    const [variable = ''] = describeBroker({ kind, port: USUAL_PORTS[kind] }).slice(-1);
    const [name = '', value = ''] = variable.split('=');
    const [, setting = ''] =
      new RegExp(`- kind: ${kind}.*\\n *# +(.*)`).exec(read('templates/starters/rpc-server/capabilities.yaml.hbs')) ??
      [];
    expect(setting).toContain(`\${env:${name}}`);
    expect(value).toMatch(new RegExp(`127\\.0\\.0\\.1:${USUAL_PORTS[kind]}$`));
  },
);

const sqs = (): string[] => describeBroker({ kind: 'sqs', port: USUAL_PORTS.sqs });

test('the block of a local SQS in docs/brokers/sqs.md is the one that is printed, and no line for .env follows it', () => {
  const [, block = ''] = /^```yaml title=local\n(.*?)^```/ms.exec(read('docs/brokers/sqs.md')) ?? [];
  expect(parse(block)).toEqual({ transports: parse(sqs().join('\n')) });
  expect(sqs().at(-1)).toBe('# There is no line for .env: the block says where it is.');
});

test.each(['templates/starters/rpc-server/capabilities.yaml.hbs', 'templates/starters/rpc-client/rpc-peers.yaml.hbs'])(
  'the lines for a local SQS in %s are those that are printed',
  (file) => {
    const lines = [...read(file).matchAll(/^ +# +# (endpoint|credentials): .*$/gm)].map(([line]) =>
      line.replace(/[ #]+/, ''),
    );
    const [{ kind: _, region: _region, ...printed }] = parse(sqs().join('\n'));
    expect(parse(lines.join('\n'))).toEqual(printed);
  },
);

test('the .env.example of a new project has each line that is printed', () => {
  const lines = read('templates/starters/both/.env.example.hbs').split('\n');
  for (const kind of BROKER_KINDS.filter((one) => one !== 'sqs')) {
    expect(lines).toContain(`# ${describeBroker({ kind, port: USUAL_PORTS[kind] }).at(-1)}`);
  }
});

test('who gets another port is told why', () => {
  expect(describeBroker({ kind: 'kafka', port: 40_123 })).toEqual([
    '# Port 9092 is taken, so it is 40123.',
    '- kind: kafka',
    '  brokers: ["127.0.0.1:40123"]',
    '# In .env, for a block that names a variable:',
    'KAFKA_BROKERS=127.0.0.1:40123',
  ]);
});
