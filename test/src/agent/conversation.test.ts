import { createBus, createCall, implement, serve } from '@declaragent/runtime';
import { memory } from '@declaragent/runtime/memory';
import type { FakeRequest, FakeTurn } from '@declaragent/runtime/testing';
import { describe, expect, it } from 'vitest';
import { createAgents, reviewContract, startFake } from '../../support/agents.js';
import { startClient, startServer, variablesFor } from '../../support/running-agents.js';

const PR = 'https://github.com/acme/app/pull/42';
const LINE = `Please review ${PR}`;
const review = { to: 'agent://pr-reviewer', capability: 'review-pr', payload: { prUrl: PR } };

/** The client with a model that says these turns, and the server with its skill in TypeScript. */
async function startPair(turns: readonly FakeTurn[], options: Parameters<typeof createAgents>[0] = {}) {
  const folder = await createAgents(options);
  const fake = await startFake(turns);
  const server = await startServer(folder);
  const client = await startClient(folder, variablesFor(fake.url));
  return { ...client, ...fake, server, requests: fake.requests };
}

/** A skill's answer that comes when it is let go. */
function createHeld(): { readonly promise: Promise<unknown>; readonly release: () => void } {
  let release = (): void => {};
  const promise = new Promise<unknown>((resolve) => {
    release = () => resolve({ verdict: 'comment', findings: [], summary: '' });
  });
  return { promise, release };
}

/** The results that the model was given in its last request. */
function resultsIn(request: FakeRequest | undefined): string[] {
  const content = request?.body.messages.at(-1)?.content;
  if (!Array.isArray(content)) throw new Error('There are no results.');
  return content.map((block: { content: string }) => block.content);
}

describe('somebody who talks to an agent', () => {
  it('has it ask another one, and gets the answer of the model', async () => {
    const { ask, requests } = await startPair([
      { text: 'I ask the reviewer.', toolUses: [{ name: 'RequestAgent', input: { ...review, timeoutMs: 60_000 } }] },
      { text: '## Review\n\nIt looked.' },
    ]);
    const pieces: string[] = [];
    const answer = await ask(LINE, { onText: (piece) => pieces.push(piece) });
    expect(answer).toMatchObject({ status: 'text', text: '## Review\n\nIt looked.' });
    expect(pieces.join('')).toBe('I ask the reviewer.## Review\n\nIt looked.');
    const [result] = resultsIn(requests[1]);
    expect(result).toContain('"status":"ok"');
    expect(result).toContain(`Looked at ${PR}.`);
  });

  it('has one tool for each capability as well, from the generated definitions', async () => {
    const { ask, requests } = await startPair([
      { toolUses: [{ name: 'review-pr', input: { prUrl: PR } }] },
      { text: 'Done.' },
    ]);
    await ask(LINE);
    expect(requests[0]?.body.tools?.map(({ name }) => name)).toEqual(['review-pr', 'RequestAgent']);
    expect(requests[0]?.body.tools?.[0]).toMatchObject({ input_schema: { type: 'object', required: ['prUrl'] } });
    expect(resultsIn(requests[1])[0]).toContain(`Looked at ${PR}.`);
  });

  it('is told how to do things by the skills that implement no capability', async () => {
    const { ask, requests } = await startPair([{ text: 'Hello.' }]);
    await ask('Hello');
    expect(requests[0]?.body.system).toContain('## Skill: delegate');
    expect(requests[0]?.body.system).toContain('payload: { prUrl: "{{prUrl}}" }');
  });

  it('may refer to what was said before', async () => {
    const { ask, requests } = await startPair([{ text: 'Hello.' }, { text: 'As I said.' }]);
    await ask('Good morning');
    await ask('What did you say?');
    expect(requests[1]?.body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('has several tools run at the same time', async () => {
    const slow = `export const reviewPr = async ({ prUrl }) => {
      globalThis.atOnce = (globalThis.atOnce ?? 0) + 1;
      globalThis.mostAtOnce = Math.max(globalThis.mostAtOnce ?? 0, globalThis.atOnce);
      await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.atOnce--;
      return { verdict: 'comment', findings: [], summary: prUrl };
    };\n`;
    const toolUses = ['a', 'b', 'c'].map((prUrl) => ({ name: 'review-pr', input: { prUrl } }));
    const { ask, requests } = await startPair([{ toolUses }, { text: 'Done.' }], {
      files: { 'server/skills/review-pr.ts': slow },
    });
    await ask('Review a, b and c');
    expect(resultsIn(requests[1]).map((text) => /"summary":"(\w)"/.exec(text)?.[1])).toEqual(['a', 'b', 'c']);
    expect(Reflect.get(globalThis, 'mostAtOnce')).toBe(3);
  });

  it('has one id for all that is called for a line', async () => {
    const echo = `export const reviewPr = async (_input, ctx) => ({ verdict: 'comment', findings: [], summary: ctx.correlationId });\n`;
    const toolUses = [1, 2].map(() => ({ name: 'review-pr', input: { prUrl: PR } }));
    const { ask, requests } = await startPair([{ toolUses }, { text: 'Done.' }], {
      files: { 'server/skills/review-pr.ts': echo },
    });
    const { correlationId } = await ask(LINE);
    for (const text of resultsIn(requests[1])) expect(text).toContain(correlationId);
  });

  it('is told the outcome of a call that it has only started, before the answer is the last', async () => {
    const { ask, requests } = await startPair([
      { toolUses: [{ name: 'RequestAgent', input: { ...review, mode: 'async' } }] },
      { text: 'Meanwhile.' },
      { text: 'It looked.' },
    ]);
    expect(await ask(LINE)).toMatchObject({ status: 'text', text: 'It looked.' });
    expect(resultsIn(requests[1])[0]).toContain('"status":"started"');
    expect(requests[2]?.body.messages.at(-1)?.content).toContain(`Looked at ${PR}.`);
  });

  it('means nothing by a payload that it leaves out', async () => {
    const echo = 'export const reviewPr = async (input) => ({ verdict: "comment", findings: [input], summary: "" });\n';
    const { to, capability } = review;
    const { ask, requests } = await startPair(
      [{ toolUses: [{ name: 'RequestAgent', input: { to, capability } }] }, { text: 'Done.' }],
      { contract: reviewContract({ inputSchema: true }), files: { 'server/skills/review-pr.ts': echo } },
    );
    await ask('Do it.');
    expect(resultsIn(requests[1])[0]).toContain('"findings":[null]');
  });

  it('may send what nobody answers', async () => {
    const { ask, requests } = await startPair([
      { toolUses: [{ name: 'RequestAgent', input: { ...review, mode: 'fire-and-forget' } }] },
      { text: 'Sent.' },
    ]);
    await ask(LINE);
    expect(resultsIn(requests[1])[0]).toContain('"status":"sent"');
  });
});

describe('how a call ends', () => {
  const errors = [{ code: 'NOT_FOUND', description: 'No such pull request.' }];
  const contract = reviewContract({ errors });
  const failing = (body: string) => ({
    contract,
    files: { 'server/skills/review-pr.ts': `export const reviewPr = async (input, ctx) => { ${body} };\n` },
  });
  const hang = 'await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve)); return null;';

  it.each([
    [
      'a declared error',
      failing('return ctx.fail("NOT_FOUND", "It is not there.");'),
      {},
      ['"status":"error"', '"code":"NOT_FOUND"', '"executed":"yes"'],
    ],
    [
      'an error of the skill',
      failing('throw new Error("secret path");'),
      {},
      ['"status":"error"', '"code":"EAGENTRPC_HANDLER_ERROR"'],
    ],
    ['no answer in time', failing(hang), { timeoutMs: 100 }, ['"status":"timeout"', '"executed":"maybe"']],
    [
      'a payload that breaks the schema',
      failing('return null;'),
      { payload: { prUrl: 7 } },
      ['"code":"EAGENTRPC_SCHEMA_VIOLATION"', '"executed":"no"', '/prUrl'],
    ],
  ] as const)('%s reaches the model as data with advice', async (_, options, more, parts) => {
    const { ask, requests } = await startPair(
      [{ toolUses: [{ name: 'RequestAgent', input: { ...review, ...more } }] }, { text: 'Sorry.' }],
      options,
    );
    expect(await ask(LINE)).toMatchObject({ status: 'text' });
    const [result] = resultsIn(requests[1]);
    for (const part of [...parts, '"advice":"']) expect(result).toContain(part);
    expect(result).not.toContain('secret path');
  });

  it('busy reaches the model as what was not done', async () => {
    const folder = await createAgents();
    const fake = await startFake([{ toolUses: [{ name: 'RequestAgent', input: review }] }, { text: 'Busy.' }]);
    const { ask, agent } = await startClient(folder, variablesFor(fake.url));
    const [peer] = agent.opened.peers;
    if (peer === undefined) throw new Error('There is no peer.');
    const bus = await createBus({ agent: peer.contract.agent, transports: [memory()] });
    const held = createHeld();
    const implementation = implement(peer.capability, () => held.promise);
    await serve(bus, peer.contract, [implementation], { concurrency: 1, queue: 0 });
    const first = createCall(agent.bus, peer.contract, peer.capability).outcome(review.payload);
    await ask(LINE);
    held.release();
    await first;
    await bus.stop();
    const [result] = resultsIn(fake.requests[1]);
    for (const part of ['"status":"busy"', '"executed":"no"', '"advice":"']) expect(result).toContain(part);
  });

  it('abandoned, where the agent stops meanwhile, ends the conversation', async () => {
    const { conversation, agent } = await startPair(
      [{ toolUses: [{ name: 'RequestAgent', input: review }] }, { text: 'Given up.' }],
      failing(hang),
    );
    const answer = conversation.ask(LINE, {
      signal: new AbortController().signal,
      observer: {
        onCall: () => {
          setTimeout(() => void agent.stop({ graceMs: 0 }), 20);
          return () => {};
        },
      },
    });
    expect(await answer).toMatchObject({ status: 'text', text: 'Given up.' });
  });
});

describe('a model that fails', () => {
  it.each([
    [{ fault: 'status', status: 401 }, 'unauthorized'],
    [{ fault: 'malformed', how: 'json' }, 'malformed'],
    [{ text: 'I will not.', stopReason: 'refusal' }, 'refused'],
    [{ text: 'A long', stopReason: 'max_tokens' }, 'budget'],
  ] as const)('by %j has given no answer, and the line is forgotten', async (turn, why) => {
    const { ask, requests } = await startPair([turn, { text: 'Again.' }]);
    expect(await ask(LINE)).toMatchObject({ status: 'failed', why });
    expect(await ask('Again')).toMatchObject({ status: 'text' });
    expect(requests[1]?.body.messages).toHaveLength(1);
  });

  it('to be cancelled in time is asked no more', async () => {
    const { conversation, requests } = await startPair([{ fault: 'hang' }]);
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 50);
    expect(await conversation.ask(LINE, { signal: cancel.signal })).toMatchObject({ status: 'failed', why: 'aborted' });
    expect(requests.length).toBeLessThan(2);
  });
});
