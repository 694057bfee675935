import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { BROKER_KINDS, type Broker, type BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { configOf } from '../brokers/transports.js';
import { createProject, run } from '../support/packages.js';
import { readmeBlocks as blocks, readme } from '../support/readme.js';
import { repository, writeFiles } from '../support/scratch.js';
import { describeWithBroker } from '../transports/real-broker.js';

/** What the README's table says of each broker: the block, and the command that installs its client. */
const rows = Object.fromEntries(
  [...readme.matchAll(/^\| [^|]+ \| `- (\{ kind: (\w+),[^`]*)` \| `(npm install [^`]+)` \|$/gm)].map(
    ([, block = '', kind = '', install = '']) => [kind, { block, install }],
  ),
);

test('the README has a block and a client for each broker', () => {
  expect(Object.keys(rows).sort()).toEqual([...BROKER_KINDS].sort());
});

describe('the README, from one process to two', () => {
  let project: string;
  beforeAll(() => {
    project = createProject({});
    const { 'visitor/rpc-peers.yaml': _, output: __, 'main.ts': ___, ...files } = blocks;
    writeFiles(project, files);
  }, 180_000);

  const command = (...args: string[]): string => run(project, 'npx', '--no-install', 'declaragent', ...args);
  const putBroker = (block: string): void => {
    const contract = blocks['capabilities.yaml']?.replace('- kind: memory', `- ${block}`) ?? '';
    const peers = blocks['visitor/rpc-peers.yaml']?.replace(/- \{ kind: nats.*\}/, `- ${block}`) ?? '';
    expect(contract).toContain(block);
    expect(peers).toContain(block);
    writeFiles(project, { 'capabilities.yaml': contract, 'visitor/rpc-peers.yaml': peers });
    command('codegen', '.', 'visitor');
    // The skeleton of the first run is the README's own skill from then on.
    writeFiles(project, { 'skills/say-hello.ts': blocks['skills/say-hello.ts'] ?? '' });
    const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--types', 'node', '--outDir', 'dist'];
    const types = path.join(repository, 'node_modules/@types');
    const tsc = path.join(repository, 'node_modules/typescript/bin/tsc');
    run(
      project,
      process.execPath,
      tsc,
      ...options,
      '--rootDir',
      '.',
      '--typeRoots',
      types,
      'serve.ts',
      'visitor/call.ts',
    );
  };

  describe.each(BROKER_KINDS)('over %s', (kind: BrokerKind) => {
    describeWithBroker(kind, () => {
      let broker: Broker;
      const ends: (() => unknown)[] = [];
      beforeAll(async () => {
        broker = await brokerPrograms[kind].start();
      });
      afterEach(() => {
        for (const end of ends.splice(0)) end();
      });
      afterAll(() => broker.close());

      test('says how to install the client, and works when it is installed, and ends when it is told to', async () => {
        const { install = '' } = rows[kind] ?? {};
        putBroker(JSON.stringify(configOf(kind, broker.port)));
        expect(() => run(project, process.execPath, 'dist/serve.js')).toThrow(install);

        const [npm = '', ...args] = install.split(' ');
        run(project, npm, ...args, '--no-audit', '--no-fund', '--prefer-offline');
        const server = spawn(process.execPath, ['dist/serve.js'], {
          cwd: project,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        ends.push(() => server.kill('SIGKILL'));
        const [line] = (await once(server.stdout, 'data')) as [Buffer];
        expect(String(line)).toBe('agent://greeter serves.\n');
        expect(run(project, process.execPath, 'dist/visitor/call.js')).toBe("{ greeting: 'Hello, Ada!' }\n");

        const exited = once(server, 'exit');
        server.kill('SIGINT');
        expect(await exited).toEqual([0, null]);
      });
    });
  });
});
