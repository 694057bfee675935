import { rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { summarizeSchema } from '../../../src/rpc/schema-summary.js';
import { createAgents, reviewContract } from '../../support/agents.js';
import { command } from '../../support/command.js';

describe('rpc capabilities', () => {
  it('shows what each takes, answers and is implemented by', async () => {
    const errors = [{ code: 'DIFF_TOO_LARGE', description: 'Too large.' }];
    const folder = await createAgents({
      contract: reviewContract({ errors, deprecated: 'use another', since: '1.0.0' }),
    });
    const { status, stdout, stderr } = await command(path.join(folder, 'server'), 'rpc', 'capabilities');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(
      `review-pr
  does        Reviews a pull request.
  idempotent  yes: it may be run again
  timeout     60000 ms
  skill       skills/review-pr.ts
  input       { prUrl: string }
  output      { verdict: "approve" | "request-changes" | "comment", findings: array, summary: string }
  errors      DIFF_TOO_LARGE
  since       1.0.0
  deprecated  use another
`,
    );
  });

  it('says that a skill is missing', async () => {
    const folder = await createAgents();
    for (const name of ['skills', 'skills.ts']) rmSync(path.join(folder, 'server', name), { recursive: true });
    const { stdout } = await command(folder, 'rpc', 'capabilities', '--agent', 'server/agent.yaml');
    expect(stdout).toContain('skill       missing');
    const { stdout: json } = await command(folder, 'rpc', 'capabilities', '--agent', 'server', '--json');
    expect(JSON.parse(json)).toMatchObject({
      version: 1,
      agent: 'agent://pr-reviewer',
      capabilities: [{ skill: null }],
    });
  });

  it('says that an agent serves nothing', async () => {
    const folder = await createAgents();
    const { status, stdout, stderr } = await command(path.join(folder, 'client'), 'rpc', 'capabilities');
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain('agent://concierge serves nothing');
  });
});

describe('a schema in short', () => {
  it.each([
    [true, 'anything'],
    [false, 'nothing'],
    [{}, 'anything'],
    [{ const: 'a' }, '"a"'],
    [{ enum: [1, 2, 3, 4, 5, 6] }, '1 | 2 | 3 | 4 | 5 | …'],
    [{ $ref: '#/$defs/Finding' }, 'Finding'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{ type: 'array', items: { type: 'string' } }, 'string[]'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, '(string | null)[]'],
    [{ oneOf: [{ type: 'string' }, { type: 'integer' }] }, 'string | integer'],
    [
      { type: 'object', properties: { a: { type: 'object', properties: { b: { type: 'object', properties: {} } } } } },
      '{ a?: { b?: object } }',
    ],
    [{ type: 'object', properties: {} }, '{}'],
  ])('%j is %s', (schema, summary) => {
    expect(summarizeSchema(schema)).toBe(summary);
  });
});
