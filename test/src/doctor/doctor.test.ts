import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkNode } from '../../../src/doctor/check-files.js';
import { versionOfThisPackage } from '../../../src/version.js';
import { createAgents } from '../../support/agents.js';
import { command, commandWith } from '../../support/command.js';
import { createScratch } from '../../support/scratch.js';

/** The checks of the one folder that was looked at. */
function checksOf(stdout: string): { name: string; status: string; message: string; remedy?: string }[] {
  return JSON.parse(stdout).folders[0].checks;
}

const statusOf = (stdout: string, name: string): string | undefined =>
  checksOf(stdout).find((check) => check.name === name)?.status;

/** An agent that reaches a peer by the given transport. */
const clientWith = (transport: object) =>
  createAgents({
    files: {
      'client/rpc-peers.yaml': JSON.stringify({
        version: 1,
        peers: [{ agent: 'agent://pr-reviewer', contract: '../server/capabilities.yaml', transports: [transport] }],
      }),
    },
  });

const RUNTIME = '@declaragent/runtime';
const VERSION = versionOfThisPackage();
const BY_VERSION = `run npm install declaragent@${VERSION} ${RUNTIME}@${VERSION}`;

describe('doctor', () => {
  it('finds nothing wrong with agents that can run, a line for each thing', async () => {
    const folder = await createAgents();
    const { status, stdout, stderr } = await command(folder, 'doctor', 'client', 'server');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^client:\n(?:(?:ok {2}|warn) {2}.+\n)+\nserver:\n(?:(?:ok {2}|warn) {2}.+\n)+$/);
    expect(stdout).toContain('ok    broker memory   joins agents of one process\n');
    expect(stderr).toContain('0 failures');
  });

  it('warns where the contract of a peer is not there, since what was generated from it runs', async () => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server'), { recursive: true });
    const { status, stdout } = await command(folder, 'doctor', 'client');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^warn {2}generated code +cannot be compared: The file .*capabilities\.yaml does not exist\./m,
    );
  });

  it('finds generated code that the contract has left behind', async () => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server/generated/bus.gen.ts'));
    const { status, stdout } = await command(folder, 'doctor', 'server');
    expect(status).toBe(1);
    expect(stdout).toMatch(/^fail {2}generated code +1 file differs; run declaragent codegen; --check lists them$/m);
  });

  it('finds contract files that are wrong', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'server/capabilities.yaml'), 'version: 2\n');
    const { status, stdout } = await command(folder, 'doctor', '--agent', 'server/agent.yaml', '--json');
    expect(status).toBe(1);
    expect(checksOf(stdout).at(-1)).toMatchObject({ name: 'contract files', status: 'fail' });
    expect((await command(folder, 'doctor', 'nowhere')).status).toBe(1);
  });

  it("says that a folder is no agent's, and how one is named", async () => {
    const { status, stdout } = await command(createScratch(), 'doctor');
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}folder +this is no agent's: it has no .*; name one with --agent, or begin one with /m,
    );
    expect(stdout).not.toContain('npm install');
  });

  it.each([
    ['a new project', 'client/package.json', 'file:../checkout/runtime', undefined, 'run npm install'],
    ['a project around the agent', 'package.json', '^0.1.0', undefined, 'run npm install'],
    ['another build', 'package.json', 'file:runtime.tgz', '0.0.1', 'run npm install'],
    ['a range that leads elsewhere', 'package.json', '0.0.1', '0.0.1', BY_VERSION],
    ['a project that does not name it', 'package.json', undefined, undefined, BY_VERSION],
  ])('says how the runtime is installed in %s', async (_, file, spec, installed, remedy) => {
    const folder = await createAgents({
      files: {
        [file]: JSON.stringify({ dependencies: spec === undefined ? {} : { [RUNTIME]: spec } }),
        ...(installed === undefined
          ? {}
          : { [`node_modules/${RUNTIME}/package.json`]: JSON.stringify({ name: RUNTIME, version: installed }) }),
      },
    });
    const { stdout } = await command(folder, 'doctor', 'client', '--json');
    expect(checksOf(stdout).find(({ name, status }) => name === 'packages' && status === 'warn')?.remedy).toBe(remedy);
  });

  it('names variables that are missing, and shows the value of none', async () => {
    const folder = await clientWith({
      kind: 'nats',
      servers: ['${env:NATS_SERVERS}'],
      token: '${env:NATS_TOKEN:-none}',
    });
    const { status, stdout } = await command(folder, 'doctor', 'client', '--json');
    expect(status).toBe(3);
    expect(statusOf(stdout, 'variable NATS_SERVERS')).toBe('fail');
    expect(statusOf(stdout, 'variable NATS_TOKEN')).toBe('ok');
    expect(statusOf(stdout, 'broker nats')).toBe('warn');
    const secret = 'the-secret-token';
    const set = await commandWith(
      { NATS_SERVERS: '127.0.0.1:1', NATS_TOKEN: secret },
      folder,
      'doctor',
      'client',
      '--json',
    );
    expect(statusOf(set.stdout, 'variable NATS_SERVERS')).toBe('ok');
    expect(set.stdout + set.stderr).not.toContain(secret);
  });

  it('looks for a file that a setting names in the folder of the agent, and says where that is', async () => {
    const folder = await clientWith({ kind: 'amqp', url: 'amqps://127.0.0.1:1', tls: { ca: 'ca.pem' } });
    const brokerOf = async () => {
      const { stdout } = await command(folder, 'doctor', 'client', '--timeout', '4000', '--json');
      return checksOf(stdout).find(({ name }) => name === 'broker amqp');
    };
    const file = path.join(folder, 'client/ca.pem');
    expect(await brokerOf()).toMatchObject({
      status: 'fail',
      message: expect.stringContaining(`tls.ca names ${file}, `),
    });
    writeFileSync(file, 'any');
    expect(await brokerOf()).toMatchObject({ status: 'fail', message: expect.stringContaining('ECONNREFUSED') });
  });

  it.each([
    ['nats', { servers: ['127.0.0.1:1'] }],
    ['amqp', { url: 'amqp://127.0.0.1:1' }],
    ['mqtt', { url: 'mqtt://127.0.0.1:1' }],
    ['kafka', { brokers: ['127.0.0.1:1'] }],
  ])('finds that %s is not there, and that its driver is', async (kind, settings) => {
    const folder = await clientWith({ kind, ...settings });
    const { status, stdout } = await command(folder, 'doctor', 'client', '--timeout', '4000', '--json');
    expect(status).toBe(3);
    expect(statusOf(stdout, `driver ${kind}`)).toBe('ok');
    expect(checksOf(stdout).find(({ name }) => name === `broker ${kind}`)).toMatchObject({
      status: 'fail',
      remedy: expect.stringMatching(/^start it, or /),
    });
  });

  it('finds a key of the model that is missing, or there', async () => {
    const folder = await createAgents({ files: { 'client/agent.yaml': 'name: concierge\nprovider: anthropic\n' } });
    const { status, stdout } = await command(folder, 'doctor', 'client', '--json');
    expect({ status, model: statusOf(stdout, 'model') }).toEqual({ status: 3, model: 'fail' });
    const key = 'sk-the-secret-key';
    const set = await commandWith({ ANTHROPIC_API_KEY: key }, folder, 'doctor', 'client', '--json');
    expect({ status: set.status, model: statusOf(set.stdout, 'model') }).toEqual({ status: 0, model: 'ok' });
    expect(set.stdout).not.toContain(key);
  });

  it('finds that no event log can be written', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'client/.declaragent'), 'a file');
    const { status, stdout } = await command(folder, 'doctor', 'client');
    expect(status).toBe(3);
    expect(stdout).toMatch(/^fail {2}event log +.*\.declaragent is no folder; make /m);
  });

  it('finds a Node.js that is too old', () => {
    const of = (nodeVersion: string) => checkNode({ nodeVersion } as never).map(({ status }) => status);
    expect([of('20.18.9'), of('18.20.0'), of('20.19.0'), of('24.0.0')]).toEqual([['fail'], ['fail'], ['ok'], ['ok']]);
  });

  it('refuses a timeout that is none', async () => {
    expect((await command(createScratch(), 'doctor', '--timeout', 'soon')).status).toBe(2);
  });
});
