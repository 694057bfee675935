import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Broker } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { command } from '../support/command.js';
import { buildProgram } from '../support/program.js';
import { cookbookBlocks } from '../support/readme.js';
import { startShell } from '../support/run-process.js';
import { createScratch, writeFiles } from '../support/scratch.js';
import { swapBlock } from '../support/starter-blocks.js';
import { describeWithBroker } from '../transports/real-broker.js';

const { scaffold = '', env = '', server: serverLine = '', client: clientLine = '', line = '' } = cookbookBlocks;
const PR = 'https://github.com/acme/app/pull/42';

describeWithBroker('kafka', () => {
  let broker: Broker;
  let bin: string;
  let folder: string;
  beforeAll(async () => {
    broker = await brokerPrograms.kafka.start();
    const cli = path.join(buildProgram(), 'src/cli.js');
    bin = createScratch({ declaragent: `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n` });
    chmodSync(path.join(bin, 'declaragent'), 0o755);
    folder = createScratch();
    const shell = startShell(bin, folder, scaffold.replaceAll('--provider anthropic', '--provider offline'));
    expect(await shell.status, shell.stderr()).toBe(0);
    const variables = env.replace('127.0.0.1:9092', `127.0.0.1:${broker.port}`);
    writeFiles(folder, { 'rpc-client/.env': variables, 'rpc-server/.env': variables });
    for (const file of ['rpc-client/rpc-peers.yaml', 'rpc-server/capabilities.yaml']) {
      writeFiles(folder, { [file]: swapBlock(readFileSync(path.join(folder, file), 'utf8'), 'kafka') });
    }
  }, 180_000);
  afterAll(() => broker.close());

  const ask = async () => {
    const client = startShell(bin, folder, clientLine);
    client.say(line.trimEnd());
    client.end();
    return { status: await client.status, stdout: client.stdout(), stderr: client.stderr() };
  };

  it('the cookbook, in two processes: with the generated code as it was, and again after codegen', async () => {
    for (const isStale of [true, false]) {
      const server = startShell(bin, folder, serverLine);
      await server.says('agent://pr-reviewer serves review-pr');
      const { status, stdout, stderr } = await ask();
      expect({ status, stdout }, stderr).toEqual({
        status: 0,
        stdout: expect.stringContaining(`A stub answered for ${PR}; nobody has reviewed it.`),
      });
      for (const said of [stderr, server.stderr()]) expect(said.includes('this run goes by the YAML')).toBe(isStale);
      server.signal('SIGINT');
      expect(await server.status).toBe(130);
      await command(folder, 'codegen', 'rpc-client', 'rpc-server');
    }
  }, 180_000);
});
