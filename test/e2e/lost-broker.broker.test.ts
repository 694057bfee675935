import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { brokerPrograms } from '../brokers/programs.js';
import { configOf } from '../brokers/transports.js';
import { createAgents, reviewContract, reviewerAsPeer } from '../support/agents.js';
import { buildProgram } from '../support/program.js';
import { startRun } from '../support/run-process.js';
import { describeWithBroker } from '../transports/real-broker.js';

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

describe.each(['nats', 'mqtt'] as const)('run, over %s', { timeout: 60_000 }, (kind) => {
  describeWithBroker(kind, () => {
    it('says once that its broker is lost, and once that it is back', async () => {
      const broker = await brokerPrograms[kind].start();
      try {
        const transport = configOf(kind, broker.port);
        const folder = await createAgents({
          contract: reviewContract({}, [], transport),
          files: { 'client/rpc-peers.yaml': reviewerAsPeer(transport) },
        });
        const server = startRun(program, path.join(folder, 'server'), []);
        await server.says('agent://pr-reviewer serves review-pr');
        const connection = `agent://pr-reviewer: the connection to ${kind} at 127.0.0.1:${broker.port} is`;
        await broker.kill();
        await server.says(`${connection} lost, and reconnects by itself.\n`);
        await broker.restart();
        await server.says(`${connection} back.\n`);
        expect(server.stderr().split(connection)).toHaveLength(3);
        server.signal('SIGINT');
        expect(await server.status).toBe(130);
        expect(server.stderr().split(connection)).toHaveLength(3);
      } finally {
        await broker.close();
      }
    });
  });
});
