import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Broker } from '../brokers/broker.js';
import { brokerPrograms } from '../brokers/programs.js';
import { createAgents, reviewContract, reviewerAsPeer } from '../support/agents.js';
import { buildProgram } from '../support/program.js';
import { type RunProcess, startRun } from '../support/run-process.js';
import { describeWithBroker } from '../transports/real-broker.js';

const PR = 'https://github.com/acme/app/pull/42';
const LINE = `Please review ${PR}`;
const SERVES = 'agent://pr-reviewer serves review-pr';

/** Answers at once, but for what is slow; says when it begins. */
const SKILL = `export const reviewPr = async ({ prUrl }) => {
  process.stderr.write('the skill runs\\n');
  if (prUrl.includes('slow')) await new Promise((resolve) => setTimeout(resolve, 4_000));
  return { verdict: 'comment', findings: [], summary: \`Looked at \${prUrl}.\` };
};
`;

const TRANSPORTS = {
  kafka: { kind: 'kafka', brokers: ['${env:BROKER}'] },
  nats: { kind: 'nats', servers: ['${env:BROKER}'] },
} as const;

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

describe.each(['kafka', 'nats'] as const)('two terminals over %s', { timeout: 180_000 }, (kind) => {
  describeWithBroker(kind, () => {
    let broker: Broker;
    let folder: string;
    beforeAll(async () => {
      broker = await brokerPrograms[kind].start();
      const variables = `BROKER=${kind === 'nats' ? 'nats://' : ''}127.0.0.1:${broker.port}\n`;
      folder = await createAgents({
        contract: reviewContract({ timeoutMs: 20_000 }, [], TRANSPORTS[kind]),
        files: {
          'client/rpc-peers.yaml': reviewerAsPeer(TRANSPORTS[kind]),
          'client/.env': variables,
          'server/.env': variables,
          'server/skills/review-pr.ts': SKILL,
        },
      });
    });
    afterAll(() => broker.close());

    const start = (name: string): RunProcess => startRun(program, path.join(folder, name), []);
    const ask = (line: string): RunProcess => {
      const client = start('client');
      client.say(line);
      client.end();
      return client;
    };

    it('one asks, the other answers, and serves on when the first is killed in the middle', async () => {
      const server = start('server');
      await server.says(SERVES);
      const client = ask(LINE);
      expect(await client.status).toBe(0);
      expect(client.stdout()).toContain(`Looked at ${PR}.`);

      const killed = ask('Please review https://slow.example');
      await server.says('the skill runs\nthe skill runs');
      killed.signal('SIGKILL');
      await killed.status;
      const next = ask(LINE);
      expect(await next.status).toBe(0);
      expect(next.stdout()).toContain(`Looked at ${PR}.`);
      server.signal('SIGINT');
      expect(await server.status).toBe(130);
    });

    it('the one that asks ends with an outcome when the other is killed in the middle', async () => {
      const server = start('server');
      await server.says(SERVES);
      const client = ask('Please review https://slow.example');
      await server.says('the skill runs');
      server.signal('SIGKILL');
      expect(await client.status).toBe(0);
      expect(client.stdout()).toMatch(/It ended with (timeout|error):/);
      expect(client.stdout()).toContain('**executed**: maybe');
    });
  });
});
