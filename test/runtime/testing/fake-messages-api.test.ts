import { afterEach, describe, expect, test } from 'vitest';
import { type FakeMessagesApi, type FakeScript, startFakeMessagesApi } from '../../../runtime/testing/index.js';

let fake: FakeMessagesApi | undefined;
afterEach(() => fake?.stop());

async function post(script: FakeScript, body: unknown = { messages: [] }, path = '/v1/messages'): Promise<Response> {
  fake ??= await startFakeMessagesApi(script);
  return fetch(fake.url + path, { method: 'POST', body: JSON.stringify(body) });
}
afterEach(() => {
  fake = undefined;
});

describe('a fake of the Messages API', () => {
  test('answers turn by turn, and refuses what its script has no turn for', async () => {
    const script = [{ text: 'One.' }, { toolUses: [{ name: 't', input: { a: 1 } }] }];
    expect(await (await post(script)).json()).toMatchObject({
      content: [{ type: 'text', text: 'One.' }],
      stop_reason: 'end_turn',
    });
    expect(await (await post(script)).json()).toMatchObject({
      content: [{ type: 'tool_use', id: 'toolu_1_0', name: 't', input: { a: 1 } }],
      stop_reason: 'tool_use',
    });
    expect((await post(script)).status).toBe(400);
    expect(fake?.requests.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  test('streams where it is asked to: whole characters, piece by piece', async () => {
    const response = await post([{ text: 'a\u{1f600}b', pieceLength: 1 }], { stream: true, messages: [] });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text()).split('\n\n').filter((event) => event !== '');
    const data = events.map((event) => JSON.parse(event.split('\ndata: ')[1] ?? ''));
    expect(data.map(({ type }) => type)).toEqual([
      ...['message_start', 'ping', 'content_block_start'],
      ...['content_block_delta', 'content_block_delta', 'content_block_delta'],
      ...['content_block_stop', 'message_delta', 'message_stop'],
    ]);
    expect(data.flatMap(({ delta }) => delta?.text ?? [])).toEqual(['a', '\u{1f600}', 'b']);
  });

  test('asks a function what to answer', async () => {
    const script: FakeScript = ({ body, index }) => ({ text: `${String(body.model)} ${index}` });
    expect(await (await post(script, { model: 'm', messages: [] })).json()).toMatchObject({
      content: [{ text: 'm 0' }],
    });
  });

  test('has too much to do when it is told to', async () => {
    const response = await post([{ fault: 'overloaded', retryAfterMs: 7 }]);
    expect({ status: response.status, wait: response.headers.get('retry-after-ms') }).toEqual({
      status: 529,
      wait: '7',
    });
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });

  test('breaks off when it is told to', async () => {
    const response = await post([{ fault: 'malformed', how: 'cut' }]);
    await expect(response.text()).rejects.toThrow();
  });

  test('stops with connections that hang', async () => {
    const hanging = post([{ fault: 'hang' }]);
    hanging.catch(() => {});
    await expect.poll(() => fake?.requests.length).toBe(1);
    await fake?.stop();
    await expect(hanging).rejects.toThrow();
  });

  test.each([
    ['/v1/models', { messages: [] }],
    ['/v1/messages', { no: 'messages' }],
  ])('has nothing at %s for %j', async (path, body) => {
    expect((await post([], body, path)).status).toBe(404);
    expect(fake?.requests).toEqual([]);
  });
});
