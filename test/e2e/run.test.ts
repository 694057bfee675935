import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FakeRequest } from '@declaragent/runtime/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAgents, PROMPT_SKILL, startFake } from '../support/agents.js';
import { readAll } from '../support/event-log.js';
import { buildProgram } from '../support/program.js';
import { startRun } from '../support/run-process.js';
import { variablesFor } from '../support/running-agents.js';

const PR = 'https://github.com/acme/app/pull/42';
const LINE = `Please review ${PR}`;
const BOTH = ['--agent', 'client/agent.yaml', '--agent', 'server/agent.yaml'];
const AS_PROMPT = { 'server/skills/review-pr.ts': null, 'server/skills/review-pr.md': PROMPT_SKILL };

let program: string;
beforeAll(() => {
  program = buildProgram();
}, 120_000);

const systemOf = ({ body }: FakeRequest): string => String(body.system);
const isFirst = ({ body }: FakeRequest): boolean => body.messages.length === 1;

/** The client asks the reviewer and tells what it said; the reviewer, where it is asked, approves. */
function script(request: FakeRequest) {
  if (systemOf(request).startsWith('You are agent://pr-reviewer')) {
    return { toolUses: [{ name: 'respond', input: { verdict: 'approve', findings: [], summary: 'Fine by me.' } }] };
  }
  const input = { to: 'agent://pr-reviewer', capability: 'review-pr', payload: { prUrl: PR }, timeoutMs: 60_000 };
  if (isFirst(request)) return { toolUses: [{ name: 'RequestAgent', input }] };
  const told = JSON.stringify(request.body.messages.at(-1));
  const verdict = /verdict\W+(comment|approve)/.exec(told)?.[1] ?? told;
  return { text: `## Review\n\n- verdict: ${verdict}` };
}

describe('declaragent run with two agents in one process', { timeout: 120_000 }, () => {
  it.each([
    ['TypeScript', {}, 'comment'],
    ['Markdown', AS_PROMPT, 'approve'],
  ])(
    'answers a line by the skill of the other agent, which is %s, and logs every hop in both folders',
    async (_, files, verdict) => {
      const folder = await createAgents({ files });
      const fake = await startFake(script);
      const run = startRun(program, folder, [...BOTH, '--verbose'], variablesFor(fake.url));
      run.say(LINE);
      run.end();
      expect({ status: await run.status, stdout: run.stdout() }).toEqual({
        status: 0,
        stdout: `## Review\n\n- verdict: ${verdict}\n`,
      });
      expect(run.stderr()).toContain('claude-haiku-4-5, 10 tokens in, 5 out, $0.0000');
      const [client, server] = await Promise.all(
        ['client', 'server'].map(
          async (name) => (await readAll(path.join(folder, name, '.declaragent/events'))).events,
        ),
      );
      expect(client?.map(({ event }) => event)).toEqual(['sent', 'settled']);
      expect(server?.map(({ event }) => event)).toEqual(['received', 'answered']);
      const ids = new Set([...(client ?? []), ...(server ?? [])].map(({ correlationId }) => correlationId));
      expect(ids.size).toBe(1);
      for (const id of ids) expect(run.stderr()).toContain(`correlation ${id}`);
    },
  );

  it('does so offline, and says so', async () => {
    const folder = await createAgents();
    const run = startRun(program, folder, BOTH);
    run.say(LINE);
    run.end();
    expect(await run.status).toBe(0);
    expect(run.stdout()).toBe(
      [
        '**Offline: no model was asked.** `review-pr` was called with:',
        `- **prUrl**: ${PR}`,
        'It answered:',
        `- **verdict**: comment\n- **findings**: none\n- **summary**: Looked at ${PR}.\n`,
      ].join('\n\n'),
    );
  });

  it('answers line after line, and ends after the last answer', async () => {
    const folder = await createAgents();
    const fake = await startFake(({ index }) => ({ text: `Answer ${index + 1}.`, delayMs: 30 }));
    const run = startRun(program, folder, BOTH, variablesFor(fake.url));
    for (const line of ['One', '', 'Two', 'Three']) run.say(line);
    run.end();
    expect(await run.status).toBe(0);
    expect(run.stdout()).toBe('Answer 1.\nAnswer 2.\nAnswer 3.\n');
  });

  it('draws nothing, since nobody looks', async () => {
    const folder = await createAgents();
    const fake = await startFake([{ text: 'Slow.', delayMs: 100 }]);
    const run = startRun(program, folder, BOTH, variablesFor(fake.url));
    run.say('Hello');
    run.end();
    await run.status;
    expect(run.stdout() + run.stderr()).not.toContain('\u001b');
    expect(run.stderr()).not.toContain('waiting for');
  });
});

describe('declaragent run, told to end', { timeout: 120_000 }, () => {
  /** A skill that says when it begins, and leaves a file when it ends. */
  const slowSkill = (ms: number) => `import { writeFileSync } from 'node:fs';
export const reviewPr = async () => {
  process.stderr.write('the skill runs\\n');
  await new Promise((resolve) => setTimeout(resolve, ${ms}));
  writeFileSync(new URL('../done', import.meta.url), '');
  return { verdict: 'comment', findings: [], summary: 'Slow.' };
};
`;

  it('waits for skills that run', async () => {
    const folder = await createAgents({ files: { 'server/skills/review-pr.ts': slowSkill(600) } });
    const run = startRun(program, folder, BOTH);
    run.say(LINE);
    await run.says('the skill runs');
    run.signal('SIGINT');
    expect(await run.status).toBe(130);
    expect(run.stderr()).toContain('Stopping: 1 still running.');
    expect(existsSync(path.join(folder, 'server/done'))).toBe(true);
  });

  it('twice waits for none', async () => {
    const folder = await createAgents({ files: { 'server/skills/review-pr.ts': slowSkill(60_000) } });
    const run = startRun(program, folder, BOTH);
    run.say(LINE);
    await run.says('the skill runs');
    run.signal('SIGINT');
    await run.says('Stopping');
    const start = performance.now();
    run.signal('SIGINT');
    expect(await run.status).toBe(130);
    expect(performance.now() - start).toBeLessThan(9_500);
    expect(existsSync(path.join(folder, 'server/done'))).toBe(false);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends a service with %i', async (signal, status) => {
    const folder = await createAgents();
    const run = startRun(program, path.join(folder, 'server'), []);
    run.end();
    await run.says('agent://pr-reviewer serves review-pr (skills.ts).');
    // Nothing comes, and nothing else keeps the process alive.
    await sleep(1_000);
    run.signal(signal);
    expect(await run.status).toBe(status);
  });

  it('does not wait for a model that is silent', async () => {
    const folder = await createAgents();
    const fake = await startFake(() => ({ fault: 'hang' }));
    const run = startRun(program, folder, BOTH, variablesFor(fake.url));
    run.say(LINE);
    await expect.poll(() => fake.requests.length, { timeout: 60_000 }).toBe(1);
    run.signal('SIGINT');
    expect(await run.status).toBe(130);
  });
});

describe('declaragent run that cannot', { timeout: 120_000 }, () => {
  it('reach the model ends with 3', async () => {
    const folder = await createAgents();
    const fake = await startFake([]);
    await fake.stop();
    const run = startRun(program, folder, BOTH, variablesFor(fake.url));
    run.say(LINE);
    run.end();
    expect(await run.status).toBe(3);
    expect(run.stderr()).toContain('No answer: The Messages API cannot be reached. (--verbose says more.)');
    expect(run.stdout()).toBe('');
  });

  it('find a key where agent.yaml asks for a model ends with 3', async () => {
    const folder = await createAgents({ files: { 'client/agent.yaml': 'name: concierge\nprovider: anthropic\n' } });
    const run = startRun(program, folder, BOTH);
    run.end();
    expect(await run.status).toBe(3);
    expect(run.stderr()).toContain('ANTHROPIC_API_KEY is not set');
  });

  it('load a skill ends with 1', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'server/skills/review-pr.ts'), 'export const reviewPr = (;\n');
    const run = startRun(program, path.join(folder, 'server'), []);
    run.end();
    expect(await run.status).toBe(1);
    expect(run.stderr()).toMatch(/cannot be loaded/);
  });
});
