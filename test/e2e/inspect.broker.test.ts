import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker, BrokerKind } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { configOf } from '../brokers/transports.js';
import { createAgents, reviewContract } from '../support/agents.js';
import { declaragent } from '../support/declaragent.js';
import { buildProgram } from '../support/program.js';
import { startRun } from '../support/run-process.js';
import { describeWithBroker } from '../transports/real-broker.js';

const KINDS: readonly BrokerKind[] = ['kafka', 'nats'];
const REVIEW = ['call', 'agent://pr-reviewer', 'review-pr', '--input', '{"prUrl":"https://example.com/1"}'];

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

describe.each(KINDS)('two processes over %s', (kind) => {
  describeWithBroker(kind, () => {
    let broker: Broker;
    let folder: string;
    beforeAll(async () => {
      broker = await brokerPrograms[kind].start();
      const transports = [configOf(kind, broker.port)];
      const peers = [{ agent: 'agent://pr-reviewer', contract: '../server/capabilities.yaml', transports }];
      const { transports: _, ...contract } = JSON.parse(reviewContract());
      folder = await createAgents({
        contract: JSON.stringify({ ...contract, transports }),
        files: { 'client/rpc-peers.yaml': JSON.stringify({ version: 1, peers }) },
      });
    });
    afterAll(() => broker.close());

    it('can be called, verified and followed as the guide has it, and are missed when they are gone', async () => {
      const client = path.join(folder, 'client');
      const run = startRun(program, path.join(folder, 'server'), []);
      run.end();
      await run.says('agent://pr-reviewer serves review-pr');

      const called = await declaragent(program, client, ...REVIEW);
      expect({ status: called.status, output: JSON.parse(called.stdout) }).toMatchObject({
        status: 0,
        output: { summary: 'Looked at https://example.com/1.' },
      });
      const correlation = /^correlation (.+)$/m.exec(called.stderr)?.[1] ?? 'none';

      const verified = await declaragent(program, client, 'rpc', 'peers', '--verify', '--json');
      expect(verified.status).toBe(0);
      expect(JSON.parse(verified.stdout).peers).toMatchObject([
        { agent: 'agent://pr-reviewer', transport: kind, verified: { status: 'reachable', contractMatch: 'equal' } },
      ]);
      expect((await declaragent(program, client, 'doctor', '--json')).status).toBe(0);

      // The agent itself, from its own folder, answered by the other process.
      const own = await declaragent(program, path.join(folder, 'server'), ...REVIEW, '--json');
      expect(JSON.parse(own.stdout)).toMatchObject({ status: 'ok' });

      for (const each of ['client', 'server']) {
        const listed = await declaragent(
          program,
          path.join(folder, each),
          'events',
          'list',
          '--correlation',
          correlation,
        );
        expect(listed.stdout).toContain('1 call, ');
        expect(listed.stdout).toContain('by the logs of concierge, pr-reviewer');
        expect(listed.stdout).toMatch(/concierge > pr-reviewer review-pr {2}ok/);
        expect(listed.stdout).toMatch(/in the queue, .+ at pr-reviewer, .+ on the way back/);
      }

      run.signal('SIGKILL');
      await run.status;
      const missed = await declaragent(program, client, ...REVIEW, '--timeout', '1500');
      expect(missed).toMatchObject({ status: 4, stdout: '' });
      const gone = await declaragent(program, client, 'rpc', 'peers', '--verify', '--timeout', '3000');
      expect(gone.status).toBe(3);
      expect(gone.stdout).toContain('no responder');
      const failed = await declaragent(program, client, 'events', 'list', '--failed', '--json');
      expect(JSON.parse(failed.stdout).events.length).toBeGreaterThan(0);
    });

    it('are unreachable without their broker', async () => {
      await broker.close();
      const client = path.join(folder, 'client');
      expect((await declaragent(program, client, ...REVIEW)).status).toBe(3);
      const verified = await declaragent(program, client, 'rpc', 'peers', '--verify', '--timeout', '4000');
      expect({ status: verified.status, stdout: verified.stdout }).toMatchObject({
        status: 3,
        stdout: expect.stringContaining('unreachable'),
      });
      const doctor = await declaragent(program, client, 'doctor', '--timeout', '4000');
      expect(doctor.status).toBe(3);
      expect(doctor.stdout).toMatch(new RegExp(`^fail {2}broker ${kind} `, 'm'));
    });
  });
});
