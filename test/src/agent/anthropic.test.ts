import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAnthropicProvider } from '../../../src/agent/anthropic.js';
import { ProviderError, type TurnRequest } from '../../../src/agent/provider.js';
import { startFake } from '../../support/agents.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const tool = {
  name: 'review-pr',
  description: 'Reviews.',
  inputSchema: { type: 'object', properties: { prUrl: { type: 'string' } } },
  accepts: () => true,
} as const;

function request(more: Partial<TurnRequest> = {}): TurnRequest {
  return {
    system: 'You are agent://concierge.',
    messages: [{ role: 'user', text: 'Review it.' }],
    tools: [tool],
    maxTokens: 100,
    leftMs: 20_000,
    signal: new AbortController().signal,
    onText: () => {},
    ...more,
  };
}

function provider(url: string) {
  return createAnthropicProvider({
    model: 'claude-haiku-4-5',
    environment: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'of-this-agent' },
  });
}

/** The fault of a question that fails. */
async function faultOf(url: string, more: Partial<TurnRequest> = {}): Promise<ProviderError> {
  return provider(url)
    .complete(request(more))
    .then(
      () => Promise.reject(new Error('It was answered.')),
      (error: unknown) => {
        if (error instanceof ProviderError) return error;
        throw error;
      },
    );
}

describe('the Messages API', () => {
  it('is asked with the prompt, the tools and the key of the agent, and its text comes piece by piece', async () => {
    const text = 'A review of three findings, in several pieces.';
    const fake = await startFake([{ text, usage: { inputTokens: 812, outputTokens: 96 } }]);
    const pieces: string[] = [];
    const turn = await provider(fake.url).complete(request({ onText: (piece) => pieces.push(piece) }));
    expect(turn).toMatchObject({ text, toolCalls: [], end: 'done', usage: { inputTokens: 812, outputTokens: 96 } });
    expect(pieces.join('')).toBe(text);
    expect(pieces.length).toBeGreaterThan(1);
    const [got] = fake.requests;
    expect(got?.headers.authorization).toBe('Bearer of-this-agent');
    expect(got?.body).toMatchObject({
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      system: 'You are agent://concierge.',
      messages: [{ role: 'user', content: 'Review it.' }],
      tools: [{ name: 'review-pr', description: 'Reviews.', input_schema: tool.inputSchema }],
    });
    expect(got?.body).not.toHaveProperty('thread');
  });

  it('has not answered where the tokens of an answer are no number, which no budget could bound', async () => {
    for (const outputTokens of [Number.NaN, -1, undefined]) {
      const fake = await startFake([{ text: 'Yes.', usage: { inputTokens: 1, outputTokens: outputTokens as number } }]);
      expect(await faultOf(fake.url)).toMatchObject({ fault: 'malformed' });
    }
  });

  it('gets its own words and the results of tools back in the next turn', async () => {
    const fake = await startFake([
      { text: 'I ask.', toolUses: [{ name: 'review-pr', input: { prUrl: 'u' } }] },
      { text: 'Done.' },
    ]);
    const model = provider(fake.url);
    const turn = await model.complete(request());
    expect(turn).toMatchObject({ end: 'tools', toolCalls: [{ name: 'review-pr', input: { prUrl: 'u' } }] });
    const results = [{ id: turn.toolCalls[0]?.id ?? '', text: 'ok', data: null, isError: false }];
    await model.complete(
      request({
        messages: [
          { role: 'user', text: 'Review it.' },
          { role: 'assistant', turn },
          { role: 'results', results },
        ],
      }),
    );
    expect(fake.requests[1]?.body.messages).toEqual([
      { role: 'user', content: 'Review it.' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I ask.' },
          expect.objectContaining({ type: 'tool_use', id: 'toolu_0_0', input: { prUrl: 'u' } }),
        ],
      },
      {
        role: 'user',
        content: [expect.objectContaining({ type: 'tool_result', tool_use_id: 'toolu_0_0', content: 'ok' })],
      },
    ]);
  });

  it('is asked again while it has too much to do, and answers then', async () => {
    const fake = await startFake([{ fault: 'overloaded', retryAfterMs: 1 }, { text: 'Now.' }]);
    expect(await provider(fake.url).complete(request())).toMatchObject({ text: 'Now.' });
    expect(fake.requests).toHaveLength(2);
  });

  it('is given up after two more tries', async () => {
    const fake = await startFake(() => ({ fault: 'overloaded', retryAfterMs: 1 }));
    expect(await faultOf(fake.url)).toMatchObject({ fault: 'overloaded' });
    expect(fake.requests).toHaveLength(3);
  });

  it('is asked once where there is hardly any time', async () => {
    const fake = await startFake(() => ({ fault: 'overloaded', retryAfterMs: 1 }));
    expect(await faultOf(fake.url, { leftMs: 1_500 })).toMatchObject({ fault: 'overloaded' });
    expect(fake.requests).toHaveLength(1);
  });

  it('is waited for no longer than there is time, all tries together', async () => {
    const fake = await startFake(() => ({ fault: 'hang' }));
    const start = performance.now();
    expect(await faultOf(fake.url, { leftMs: 2_100 })).toMatchObject({ fault: 'timeout' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('is waited for no longer when the question is cancelled', async () => {
    const fake = await startFake(() => ({ fault: 'hang' }));
    const cancel = new AbortController();
    const fault = faultOf(fake.url, { signal: cancel.signal });
    await vi.waitFor(() => expect(fake.requests).toHaveLength(1));
    cancel.abort();
    expect(await fault).toMatchObject({ fault: 'aborted' });
  });

  it.each([
    ['events that are no JSON', { fault: 'malformed', how: 'json' }, 'malformed'],
    ['an answer that is cut off', { fault: 'malformed', how: 'cut' }, 'malformed'],
    ['a key that is refused', { fault: 'status', status: 401, type: 'authentication_error' }, 'unauthorized'],
    ['a question that is refused', { fault: 'status', status: 400, message: 'secret detail' }, 'failed'],
  ] as const)('that gives %s has not answered', async (_, turn, fault) => {
    const fake = await startFake(() => turn);
    const error = await faultOf(fake.url, { leftMs: 1_900 });
    expect(error.fault).toBe(fault);
    expect(error.message).not.toContain('secret detail');
  });

  it('that is not there has not answered', async () => {
    const fake = await startFake([]);
    await fake.stop();
    expect(await faultOf(fake.url, { leftMs: 1_900 })).toMatchObject({ fault: 'unreachable' });
  });

  it('is told nothing of the environment of the process, and nothing is printed', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', 'of-another-agent');
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-of-another-agent');
    vi.stubEnv('ANTHROPIC_LOG', 'debug');
    const written = vi.spyOn(process.stdout, 'write');
    const logged = ['log', 'info', 'debug', 'warn'].map((name) => vi.spyOn(console, name as 'log'));
    const fake = await startFake([{ text: 'Hello.' }]);
    const model = createAnthropicProvider({ model: 'm', environment: { ANTHROPIC_BASE_URL: fake.url } });
    await model.complete(request());
    expect(JSON.stringify(fake.requests[0]?.headers)).not.toContain('of-another-agent');
    expect(written).not.toHaveBeenCalled();
    for (const log of logged) expect(log).not.toHaveBeenCalled();
  });
});
