import { createBus, createCall, type Outcome } from '@declaragent/runtime';
import { memory } from '@declaragent/runtime/memory';
import type { FakeMessagesApi, FakeScript } from '@declaragent/runtime/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createAgents, PROMPT_SKILL, reviewContract, startFake } from '../../support/agents.js';
import { type Server, startServer, variablesFor } from '../../support/running-agents.js';

const PR = 'https://github.com/acme/app/pull/42';
const review = { verdict: 'approve', findings: [], summary: 'Fine.' };
const AS_PROMPT = { 'server/skills/review-pr.ts': null, 'server/skills/review-pr.md': PROMPT_SKILL };

const stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

interface Reviewed {
  readonly outcome: Outcome<unknown>;
  readonly fake: FakeMessagesApi;
  readonly server: Server;
}

/** Calls review-pr of a server whose skill is a prompt, and whose model says these turns. */
async function reviewed(
  script: FakeScript,
  {
    contract,
    files = {},
    timeoutMs = 20_000,
    input = { prUrl: PR },
  }: { contract?: string; files?: Readonly<Record<string, string | null>>; timeoutMs?: number; input?: unknown } = {},
): Promise<Reviewed> {
  const folder = await createAgents({
    files: { ...AS_PROMPT, ...files },
    ...(contract === undefined ? {} : { contract }),
  });
  const fake = await startFake(script);
  const server = await startServer(folder, variablesFor(fake.url));
  const own = server.opened.own;
  const capability = own?.capabilities['review-pr'];
  if (own === undefined || capability === undefined) throw new Error('There is no contract.');
  const bus = await createBus({ agent: 'agent://caller', transports: [memory()] });
  stopping.push(() => bus.stop({ graceMs: 0 }));
  return { outcome: await createCall(bus, own, capability).outcome(input, { timeoutMs }), fake, server };
}

const respond = (input: unknown) => ({ toolUses: [{ name: 'respond', input }] });

describe('a capability whose skill is a prompt', () => {
  it('is answered by the tool whose schema is that of the output', async () => {
    const { outcome, fake } = await reviewed([respond(review)]);
    expect(outcome).toMatchObject({ status: 'ok', data: review });
    expect(fake.requests).toHaveLength(1);
    const [tool] = fake.requests[0]?.body.tools ?? [];
    expect(tool).toMatchObject({ name: 'respond', input_schema: { required: ['verdict', 'findings', 'summary'] } });
  });

  it('gets the input as data, in its prompt and beside it', async () => {
    const { fake } = await reviewed([respond(review)]);
    const text = String(fake.requests[0]?.body.messages[0]?.content);
    expect(text).toMatch(new RegExp(`^Review the pull request at <(data-\\w+)>"${PR}"</\\1>\\.`));
    expect(text).toContain(`{"prUrl":"${PR}"}`);
    expect(JSON.stringify(fake.requests[0]?.body.system)).not.toContain(PR);
  });

  it('has an answer mended that breaks the schema, by what is wrong with it', async () => {
    const { outcome, fake } = await reviewed([respond({ ...review, verdict: 'maybe' }), respond(review)]);
    expect(outcome).toMatchObject({ status: 'ok', data: review });
    const content = fake.requests[1]?.body.messages.at(-1)?.content;
    expect(content).toMatchObject([
      { type: 'tool_result', is_error: true, content: expect.stringContaining('/verdict') },
    ]);
  });

  it('fails when the answer still breaks the schema after two repairs', async () => {
    const { outcome, fake } = await reviewed(() => respond({ verdict: 'maybe' }));
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'EAGENTRPC_SCHEMA_VIOLATION' }, executed: 'yes' });
    expect(fake.requests).toHaveLength(3);
  });

  it('is reminded of the tool when a text cannot be the answer', async () => {
    const { outcome, fake } = await reviewed([{ text: 'I approve.' }, respond(review)]);
    expect(outcome).toMatchObject({ status: 'ok' });
    expect(fake.requests[1]?.body.messages.at(-1)?.content).toContain('respond');
  });

  it('fails when there is only ever text', async () => {
    const { outcome } = await reviewed(() => ({ text: 'I approve.' }));
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'EAGENTRPC_SCHEMA_VIOLATION' } });
  });

  it.each([
    ['anything', true],
    ['text', { type: 'string' }],
  ])('is answered by its last text where the schema takes %s', async (_, outputSchema) => {
    const { outcome } = await reviewed([{ text: 'I approve.' }], { contract: reviewContract({ outputSchema }) });
    expect(outcome).toMatchObject({ status: 'ok', data: 'I approve.' });
  });

  it('answers what is no object by the member of one', async () => {
    const contract = reviewContract({ outputSchema: { type: 'array', items: { type: 'integer' } } });
    const { outcome, fake } = await reviewed([respond({ output: [1, 2] })], { contract });
    expect(outcome).toMatchObject({ status: 'ok', data: [1, 2] });
    expect(fake.requests[0]?.body.tools?.[0]?.input_schema).toMatchObject({ type: 'object', required: ['output'] });
  });
});

describe('a model that fails within a skill', () => {
  const overloaded = () => ({ fault: 'overloaded', retryAfterMs: 1 }) as const;

  it('is an error without a word of why, which stays here', async () => {
    const { outcome, server } = await reviewed(overloaded);
    expect(outcome).toMatchObject({
      status: 'error',
      error: { code: 'EAGENTRPC_HANDLER_ERROR', message: 'The skill of review-pr failed.' },
    });
    expect(server.errors).toMatchObject([{ name: 'ModelError', code: 'MODEL_OVERLOADED' }]);
  });

  it('is the error that the contract declares for it', async () => {
    const { outcome } = await reviewed(overloaded, {
      contract: reviewContract({ errors: [{ code: 'MODEL_OVERLOADED' }] }),
    });
    expect(outcome).toMatchObject({ status: 'error', error: { code: 'MODEL_OVERLOADED' } });
  });

  it('ends no later than the deadline of the caller', async () => {
    const start = performance.now();
    const { outcome } = await reviewed(() => ({ fault: 'hang' }), { timeoutMs: 1_000 });
    expect(outcome).toMatchObject({ status: 'timeout' });
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('offline', () => {
  it('a prompt is answered by the smallest output, which says so', async () => {
    const folder = await createAgents({
      files: { ...AS_PROMPT, 'server/agent.yaml': 'name: pr-reviewer\nprovider: offline\n' },
    });
    const { opened } = await startServer(folder);
    const bus = await createBus({ agent: 'agent://caller', transports: [memory()] });
    stopping.push(() => bus.stop({ graceMs: 0 }));
    const capability = opened.own?.capabilities['review-pr'];
    if (opened.own === undefined || capability === undefined) throw new Error('There is no contract.');
    const outcome = await createCall(bus, opened.own, capability).outcome({ prUrl: PR });
    expect(outcome).toMatchObject({
      status: 'ok',
      data: { verdict: 'approve', findings: [], summary: 'Offline: no model was asked.' },
    });
  });
});
