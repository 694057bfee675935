import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAgent } from '../../../src/open-agent.js';
import { run } from '../../../src/program.js';
import { memoryHints } from '../../../src/run/memory-hint.js';
import { createAgents, reviewContract, startFake } from '../../support/agents.js';
import { command, commandIn, linesOf } from '../../support/command.js';
import { variablesFor } from '../../support/running-agents.js';

const LINE = 'Please review https://github.com/acme/app/pull/42';

describe('run', () => {
  it('gives lines to the first agent that has somebody to ask, in whatever order agents are named', async () => {
    const folder = await createAgents();
    for (const agents of [
      ['client', 'server'],
      ['server', 'client'],
    ]) {
      const { status, stdout, stderr } = await commandIn(
        { lines: [LINE] },
        folder,
        'run',
        ...agents.flatMap((name) => ['--agent', name]),
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Looked at https://') });
      expect(stderr).toContain('agent://concierge (offline) answers here, and may ask agent://pr-reviewer.\n');
      expect(stderr).toContain('agent://pr-reviewer serves review-pr (skills.ts).\n');
    }
  });

  it('says which agent is to be named too where memory joins one process only', async () => {
    const folder = await createAgents();
    const hint = (stderr: string) => stderr.split('\n').filter((line) => line.includes('joins agents of one process'));
    const note = 'Note: agent://pr-reviewer is reached by memory, which joins agents of one process only: ';
    const alone = await commandIn({ lines: [] }, path.join(folder, 'client'), 'run');
    expect(hint(alone.stderr)).toEqual([`${note}add --agent . --agent ../server/agent.yaml, or use a broker.`]);
    const both = await commandIn({ lines: [] }, folder, 'run', '--agent', 'client', '--agent', 'server');
    expect(hint(both.stderr)).toEqual([]);
    const server = await openAgent(path.join(folder, 'server'), {});
    expect(memoryHints([server], folder)).toEqual([
      `${note.replace('Note: ', '')}name its callers too, each by --agent, or use a broker.`,
    ]);
  });

  it('says what a line lacks, offline', async () => {
    const folder = await createAgents();
    const { status, stdout } = await commandIn({ lines: ['Please review it'] }, folder, 'run', '--agent', 'client');
    expect(status).toBe(0);
    expect(stdout).toContain('**Offline: no model was asked.**');
    expect(stdout).toContain('- `review-pr` needs prUrl');
  });

  it('takes JSON for an input of any form, offline', async () => {
    const inputSchema = {
      oneOf: [{ type: 'object', properties: { a: { const: 1 } }, required: ['a'] }, { type: 'null' }],
    };
    const folder = await createAgents({ contract: reviewContract({ inputSchema }) });
    const agents = ['--agent', 'client', '--agent', 'server'];
    const { stdout } = await commandIn({ lines: ['with {"a":1}'] }, folder, 'run', ...agents);
    expect(stdout).toContain('It answered:');
  });

  it('says more of a model that fails to who asks for it', async () => {
    const folder = await createAgents();
    const fake = await startFake(() => ({ fault: 'status', status: 404, message: 'no model of that name' }));
    const surroundings = { lines: [LINE], environment: variablesFor(fake.url) };
    const quiet = await commandIn(surroundings, folder, 'run', '--agent', 'client');
    expect(quiet).toMatchObject({ status: 4, stdout: '' });
    expect(quiet.stderr).toContain('refused the question (HTTP 404). (--verbose says more.)');
    expect(quiet.stderr).not.toContain('no model of that name');
    const { stderr } = await commandIn(surroundings, folder, 'run', '--agent', 'client', '--verbose');
    expect(stderr).toContain('no model of that name');
  });

  it('tells an outcome that is none, offline, and ends with 0: the line was answered', async () => {
    const folder = await createAgents();
    const { status, stdout } = await commandIn({ lines: [LINE] }, folder, 'run', '--agent', 'client');
    expect(status).toBe(0);
    expect(stdout).toContain('It ended with error:');
    expect(stdout).toContain('EAGENTRPC_NO_RESPONDER');
  });

  it('warns of generated code that its contract has left behind, and runs it', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'server/capabilities.yaml'), reviewContract({ description: 'Another one.' }));
    const agents = ['--agent', 'client', '--agent', 'server'];
    const { status, stderr, stdout } = await commandIn({ lines: [LINE] }, folder, 'run', ...agents);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('Looked at') });
    expect(stderr.match(/^Warning: .* run declaragent codegen --check to see them\.$/gm)).toHaveLength(2);
  });

  it('connects by the YAML as it is now, and says of the generated code that it is behind', async () => {
    const folder = await createAgents();
    for (const file of ['server/capabilities.yaml', 'client/rpc-peers.yaml']) {
      const text = readFileSync(path.join(folder, file), 'utf8');
      writeFileSync(path.join(folder, file), text.replace('agents.pr-reviewer.requests', 'elsewhere.requests'));
    }
    const agents = ['--agent', 'client', '--agent', 'server'];
    const { stdout, stderr } = await commandIn({ lines: [LINE] }, folder, 'run', ...agents);
    expect(stdout).toContain('Looked at');
    expect(stderr.match(/^Warning: generated\/bus\.gen\.ts in .* this run goes by the YAML\./gm)).toHaveLength(2);
    const alone = await commandIn({ lines: [LINE] }, folder, 'run', '--agent', 'client');
    expect(alone.stdout).toContain('Nobody listens on elsewhere.requests.');
  });

  it('needs no contract of a peer, since what was generated from it is there', async () => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server'), { recursive: true });
    const { status, stdout, stderr } = await commandIn({ lines: [LINE] }, folder, 'run', '--agent', 'client');
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('EAGENTRPC_NO_RESPONDER') });
    expect(stderr).toMatch(
      /^Warning: nobody knows whether .* up to date: The file .*capabilities\.yaml does not exist\.$/m,
    );
  });

  it('serves only with --no-prompt, until a signal', async () => {
    const folder = await createAgents();
    let stderr = '';
    let signal = (): void => {};
    const status = await run(['run', '--no-prompt', '--agent', 'client', '--agent', 'server', '--verbose'], {
      stdout: () => {},
      stderr: (text) => {
        stderr += text;
        if (text.includes('agent://pr-reviewer serves')) setTimeout(() => signal(), 20);
      },
      columns: undefined,
      cwd: folder,
      environment: {},
      draw: undefined,
      readLines: () => linesOf([LINE]),
      onSignal: (handle) => {
        signal = () => handle('SIGTERM');
        return () => {};
      },
    });
    expect(status).toBe(143);
    expect(stderr).toContain('agent://concierge is connected.');
  });

  it('tells what a skill has thrown, to whoever runs it and to nobody else', async () => {
    const skill = 'export const reviewPr = async () => { throw new Error("the secret \\u001b[2J"); };\n';
    const folder = await createAgents({ files: { 'server/skills/review-pr.ts': skill } });
    const agents = ['--agent', 'client', '--agent', 'server'];
    const { stdout, stderr } = await commandIn({ lines: [LINE] }, folder, 'run', ...agents);
    expect(stdout).toContain('EAGENTRPC_HANDLER_ERROR');
    expect(stdout).not.toContain('the secret');
    expect(stderr).toContain('agent://pr-reviewer: review-pr failed: the secret \\u001b[2J');
  });

  it('says of a peer without a contract that it cannot be asked', async () => {
    const peers = [{ agent: 'agent://stranger', transports: [{ kind: 'memory' }] }];
    const folder = await createAgents({
      files: { 'client/rpc-peers.yaml': JSON.stringify({ version: 1, peers }), 'client/skills/delegate.md': null },
    });
    const { stdout, stderr } = await commandIn({ lines: [LINE] }, folder, 'run', '--agent', 'client');
    expect(stderr).toContain('Warning: agent://stranger has no contract in rpc-peers.yaml and cannot be asked');
    expect(stdout).toContain('There is nothing to call');
  });

  it('refuses a folder that is not there', async () => {
    const folder = await createAgents();
    for (const args of [
      ['run', '--agent', 'nowhere/agent.yaml'],
      ['run', '--agent', 'nowhere'],
      ['rpc', 'peers', '--agent', 'nowhere'],
      ['call', 'agent://a', 'b', '--agent', 'nowhere'],
    ]) {
      const { status, stderr } = await command(folder, ...args);
      expect(status).toBe(1);
      expect(stderr).toContain('nowhere/capabilities.yaml:1:1');
      expect(stderr).toContain('The folder does not exist.');
    }
  });
});
