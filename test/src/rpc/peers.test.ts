import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Contract } from '@declaragent/runtime';
import { createBus, implement, serve } from '@declaragent/runtime';
import { memory } from '@declaragent/runtime/memory';
import { afterEach, describe, expect, it } from 'vitest';
import { openAgent } from '../../../src/open-agent.js';
import { hashContract, ping } from '../../../src/ping.js';
import { createAgents, reviewContract } from '../../support/agents.js';
import { command } from '../../support/command.js';
import { readAll } from '../../support/event-log.js';

const peersOf = (stdout: string) => JSON.parse(stdout).peers;

/** An rpc-peers.yaml with one more peer than the reviewer. */
const withPeer = (peer: object) =>
  JSON.stringify({
    version: 1,
    peers: [
      { agent: 'agent://pr-reviewer', contract: '../server/capabilities.yaml', transports: [{ kind: 'memory' }] },
      peer,
    ],
  });

describe('rpc peers', () => {
  it('shows how each peer is reached, its contract and what a model may call', async () => {
    const other = {
      agent: 'agent://archive',
      transports: [{ kind: 'nats', servers: ['${env:NATS}'], subjects: { requests: 'in' } }],
    };
    const folder = await createAgents({
      contract: reviewContract({}, [{ name: 'merge-pr', inputSchema: {}, outputSchema: {} }]),
      files: {
        'client/rpc-peers.yaml': withPeer(other),
        'client/agent.yaml': 'name: concierge\npermissions:\n  deny: ["RequestAgent:*/merge-pr"]\n',
        'client/skills/delegate.md': null,
      },
    });
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), 'rpc', 'peers');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      `AGENT                TRANSPORT  REQUESTS                     CONTRACT                     CAPABILITIES  PERMISSION
agent://pr-reviewer  memory     agents.pr-reviewer.requests  ../server/capabilities.yaml  2             1 of 2 allowed
agent://archive      nats       in                           -                            -             -
`,
    );
  });

  it('does not know what a peer can do whose contract is not there', async () => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server'), { recursive: true });
    const { status, stdout } = await command(path.join(folder, 'client'), 'rpc', 'peers', '--json');
    expect(status).toBe(0);
    expect(peersOf(stdout)).toMatchObject([
      { agent: 'agent://pr-reviewer', contract: '../server/capabilities.yaml', capabilities: null, allowed: null },
    ]);
  });

  it('needs no generated code', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'client/generated/bus.gen.ts'), 'no code');
    expect((await command(folder, 'rpc', 'peers', '--agent', 'client')).status).toBe(0);
  });

  it('says so where there is none', async () => {
    const folder = await createAgents();
    const { status, stdout, stderr } = await command(path.join(folder, 'server'), 'rpc', 'peers');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain('There is no peer');
  });
});

describe('rpc peers --verify', () => {
  it('serves a peer in memory, and finds that it serves the contract it should', async () => {
    const folder = await createAgents();
    const { status, stdout } = await command(path.join(folder, 'client'), 'rpc', 'peers', '--verify', '--json');
    expect(status).toBe(0);
    expect(peersOf(stdout)).toMatchObject([{ verified: { status: 'reachable', contractMatch: 'equal' } }]);
    const { events } = await readAll(path.join(folder, 'server/.declaragent/events'));
    expect(events.map(({ event, capability }) => [event, capability])).toEqual([
      ['received', 'declaragent.ping'],
      ['answered', 'declaragent.ping'],
    ]);
  });

  it('ends with 1 where a peer serves another contract', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'server/capabilities.yaml'), reviewContract({ timeoutMs: 59_000 }));
    await command(folder, 'codegen', 'server');
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), 'rpc', 'peers', '--verify');
    expect(status).toBe(1);
    expect(stdout).toContain('another contract');
    expect(stderr).toContain(
      'serves another contract than the one that generated/ was made from; see that ../server/capabilities.yaml is what it serves, and run declaragent codegen.',
    );
  });

  it('ends with 3 where a broker or whoever should be behind it is not there', async () => {
    const other = { agent: 'agent://archive', transports: [{ kind: 'nats', servers: ['127.0.0.1:1'] }] };
    const folder = await createAgents({ files: { 'client/rpc-peers.yaml': withPeer(other) } });
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), 'rpc', 'peers', '--verify', '--json');
    expect(status).toBe(3);
    expect(peersOf(stdout)).toMatchObject([
      { verified: { status: 'reachable' } },
      { verified: { status: 'unreachable', contractMatch: 'none' } },
    ]);
    const text = await command(path.join(folder, 'client'), 'rpc', 'peers', '--verify');
    expect(text.stderr).toContain('agent://archive: ');
    expect(stderr).not.toContain('agent://archive: ');
  });

  it('names a variable that is missing', async () => {
    const other = { agent: 'agent://archive', transports: [{ kind: 'nats', servers: ['${env:NATS_SERVERS}'] }] };
    const folder = await createAgents({ files: { 'client/rpc-peers.yaml': withPeer(other) } });
    const { status, stderr } = await command(path.join(folder, 'client'), 'rpc', 'peers', '--verify');
    expect(status).toBe(3);
    expect(stderr).toContain('rpc-peers.yaml:');
    expect(stderr).toContain('The environment variable NATS_SERVERS is not set');
  });

  it('refuses a timeout that is none', async () => {
    const folder = await createAgents();
    expect((await command(folder, 'rpc', 'peers', '--agent', 'client', '--timeout', 'soon')).status).toBe(2);
  });
});

describe('a ping', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  const busOf = async (agent: `agent://${string}`) => {
    const bus = await createBus({ agent, transports: [memory()] });
    stops.push(() => bus.stop({ graceMs: 0 }));
    return bus;
  };

  async function contractOf(contract: string): Promise<Contract> {
    const folder = await createAgents({ contract });
    const { own } = await openAgent(path.join(folder, 'server'), {});
    if (own === undefined) throw new Error('There is no contract.');
    return own;
  }

  it('reaches a service that knows nothing of it', async () => {
    const own = await contractOf(reviewContract());
    const capability = Object.values(own.capabilities)[0];
    if (capability === undefined) throw new Error('There is no capability.');
    await serve(await busOf('agent://pr-reviewer'), own, [implement(capability, async () => ({}))]);
    const pong = await ping(await busOf('agent://asker'), 'agent://pr-reviewer', 5_000);
    expect(pong).toEqual({ status: 'reachable', code: 'EAGENTRPC_NO_CAPABILITY' });
  });

  it('finds nobody where nobody is', async () => {
    const pong = await ping(await busOf('agent://asker'), 'agent://nobody', 5_000);
    expect(pong).toEqual({
      status: 'no responder',
      reason: expect.stringMatching(/^Nobody listens .*\. Start the agent, and compare/),
    });
  });

  it('compares contracts by all that they say, and not by the order of their keys', async () => {
    const own = await contractOf(reviewContract());
    const entries = Object.entries(own).reverse();
    expect(hashContract(Object.fromEntries(entries) as unknown as Contract)).toBe(hashContract(own));
    const other = await contractOf(reviewContract({ outputSchema: { type: 'object' } }));
    expect(hashContract(other)).not.toBe(hashContract(own));
  });
});
