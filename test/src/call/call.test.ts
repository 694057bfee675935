import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeExplanations } from '../../../runtime/codes.js';
import { createAgents, reviewContract } from '../../support/agents.js';
import { command, commandIn } from '../../support/command.js';
import { readAll } from '../../support/event-log.js';

const REVIEW = ['call', 'agent://pr-reviewer', 'review-pr'];
const INPUT = ['--input', '{"prUrl":"https://example.com/1"}'];
const ANSWER = { verdict: 'comment', findings: [], summary: 'Looked at https://example.com/1.' };

describe('call', () => {
  it('serves a peer in memory from its folder, prints its output and logs the hops of both', async () => {
    const folder = await createAgents();
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), ...REVIEW, ...INPUT);
    expect({ status, output: JSON.parse(stdout) }).toEqual({ status: 0, output: ANSWER });
    expect(stderr).toContain(`is served in this process from ${folder}/server, since memory joins one process only.`);
    const correlation = /^correlation (.+)$/m.exec(stderr)?.[1];
    for (const [name, events] of [
      ['client', ['sent', 'settled']],
      ['server', ['received', 'answered']],
    ] as const) {
      const log = await readAll(path.join(folder, name, '.declaragent/events'), { correlationId: correlation ?? '' });
      expect(log.events.map(({ event }) => event)).toEqual(events);
    }
  });

  it('calls the agent of the folder itself', async () => {
    const folder = await createAgents();
    const { status, stdout } = await command(path.join(folder, 'server'), ...REVIEW, ...INPUT);
    expect({ status, output: JSON.parse(stdout) }).toEqual({ status: 0, output: ANSWER });
  });

  it('takes the input from stdin, and the caller from --agent', async () => {
    const folder = await createAgents();
    const args = [...REVIEW, '--input', '-', '--agent', 'client/agent.yaml'];
    const { status, stdout } = await commandIn({ lines: ['{', '"prUrl": "https://example.com/1" }'] }, folder, ...args);
    expect({ status, output: JSON.parse(stdout) }).toEqual({ status: 0, output: ANSWER });
  });

  it('sends nothing that breaks the schema, and says every violation', async () => {
    const inputSchema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'object', properties: { c: { type: 'integer' } } } },
      required: ['a'],
    };
    const folder = await createAgents({
      contract: reviewContract({ inputSchema }),
      files: { 'client/skills/delegate.md': null },
    });
    const input = '{"b":{"c":"\\u001b[2J"}}';
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), ...REVIEW, '--input', input);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain("(the input itself) must have required property 'a'");
    expect(stderr).toContain('/b/c must be integer');
    expect(existsSync(path.join(folder, 'client/.declaragent'))).toBe(false);
    const asJson = await command(path.join(folder, 'client'), ...REVIEW, '--input', input, '--json');
    expect(asJson.status).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({
      version: 1,
      status: 'error',
      code: 'EAGENTRPC_SCHEMA_VIOLATION',
      executed: 'no',
      details: { side: 'input', total: 2, violations: [{ path: '' }, { path: '/b/c', message: 'must be integer' }] },
    });
  });

  it('ends with 4 for an error, with its code, whether it ran and what to do', async () => {
    const skill = 'export const reviewPr = async () => { throw new Error("the secret"); };\n';
    const folder = await createAgents({ files: { 'server/skills/review-pr.ts': skill } });
    const cwd = path.join(folder, 'client');
    const { status, stdout, stderr } = await command(cwd, ...REVIEW, ...INPUT);
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(stderr).toContain('error: EAGENTRPC_HANDLER_ERROR: ');
    expect(stderr).toContain('executed: yes');
    expect(stderr).toContain(`  ${codeExplanations.EAGENTRPC_HANDLER_ERROR.fix}\n`);
    const { stdout: json } = await command(cwd, ...REVIEW, ...INPUT, '--json');
    expect(JSON.parse(json)).toMatchObject({ version: 1, status: 'error', code: 'EAGENTRPC_HANDLER_ERROR' });
    expect(json).not.toContain('the secret');
  });

  it.each([
    [
      true,
      { description: 'There is no such pull request.' },
      'The contract says of it: There is no such pull request.',
    ],
    [true, {}, 'The contract declares this error.'],
    [
      false,
      { description: 'There is no such pull request.' },
      'The contract says of it: There is no such pull request. Some of it may have been done, and review-pr is not idempotent: look before you call again.',
    ],
  ])('says of a declared error what the contract says (idempotent: %j, %j)', async (idempotent, more, advice) => {
    const skill = 'export const reviewPr = async (_, ctx) => ctx.fail("NOT_FOUND", "Not here.");\n';
    const errors = [{ code: 'NOT_FOUND', ...more }];
    const folder = await createAgents({
      contract: reviewContract({ idempotent, errors }),
      files: { 'server/skills/review-pr.ts': skill },
    });
    const { status, stderr } = await command(path.join(folder, 'client'), ...REVIEW, ...INPUT);
    expect(status).toBe(4);
    expect(stderr).toContain(`error: NOT_FOUND: Not here.\n  executed: yes\n  ${advice}\n`);
  });

  it('ends with 4 when the time is up', async () => {
    const skill =
      'export const reviewPr = async (_, { signal }) => new Promise((end) => signal.addEventListener("abort", end));\n';
    const folder = await createAgents({ files: { 'server/skills/review-pr.ts': skill } });
    const { status, stderr } = await command(path.join(folder, 'client'), ...REVIEW, ...INPUT, '--timeout', '50');
    expect(status).toBe(4);
    expect(stderr).toContain('timeout: EAGENTRPC_TIMEOUT: agent://pr-reviewer did not answer review-pr within 50 ms.');
  });

  it('says that memory joins one process only where the folder of a peer is not known', async () => {
    const peers = [{ agent: 'agent://pr-reviewer', contract: 'copy.yaml', transports: [{ kind: 'memory' }] }];
    const folder = await createAgents({
      files: { 'client/rpc-peers.yaml': JSON.stringify({ version: 1, peers }), 'client/copy.yaml': reviewContract() },
    });
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), ...REVIEW, ...INPUT);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr).toContain('is reached by memory, which joins agents of one process only');
  });

  it('ends with 3 where the broker cannot be reached', async () => {
    const transports = [{ kind: 'nats', servers: ['127.0.0.1:1'] }];
    const peers = [{ agent: 'agent://pr-reviewer', contract: '../server/capabilities.yaml', transports }];
    const folder = await createAgents({ files: { 'client/rpc-peers.yaml': JSON.stringify({ version: 1, peers }) } });
    const { status, stderr } = await command(path.join(folder, 'client'), ...REVIEW, ...INPUT);
    expect(status).toBe(3);
    expect(stderr).toContain('agent://concierge cannot be connected: ');
    expect(stderr).toMatch(/start it, or correct its address and credentials in the YAML or the environment\.$/m);
  });

  it.each([
    [['call', 'agent://pr-reviewr', 'review-pr'], 'did you mean agent://pr-reviewer?'],
    [['call', 'pr-reviewer', 'review-pr'], 'did you mean agent://pr-reviewer?'],
    [['call', 'agent://pr-reviewer', 'reviwe-pr'], 'did you mean review-pr?'],
    [[...REVIEW, '--input', '{'], 'The input is no JSON: '],
    [[...REVIEW, '--timeout', '0'], '--timeout takes milliseconds'],
    [['call', 'agent://pr-reviewer'], "missing required argument 'capability'"],
  ])('refuses %j', async (args, sentence) => {
    const folder = await createAgents();
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), ...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(sentence);
  });

  it('ends with 1 in a folder that is no agent, and with generated code that is missing', async () => {
    const folder = await createAgents();
    expect((await command(folder, ...REVIEW)).status).toBe(1);
    expect((await command(folder, ...REVIEW, '--agent', 'nowhere/agent.yaml')).status).toBe(1);
  });
});
