import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Clock, systemClock } from '../clock.js';
import { isRecord } from '../record.js';
import { type MessageEvent, messageEvents } from './message-events.js';

/** What a fake model says in one turn: text, calls of tools, or both. */
export interface FakeMessage {
  readonly text?: string;
  readonly toolUses?: readonly FakeToolUse[];
  /** What the turn is said to have cost; 10 in and 5 out unless set. */
  readonly usage?: { readonly inputTokens: number; readonly outputTokens: number };
  /** Why it ended; `tool_use` where there are calls, else `end_turn`, unless set. */
  readonly stopReason?: string;
  /** How long to wait before each piece of the stream, in milliseconds; 0 unless set. */
  readonly delayMs?: number;
  /** How many characters of text or of a tool's input one piece holds; 16 unless set. */
  readonly pieceLength?: number;
}

export interface FakeToolUse {
  readonly name: string;
  readonly input: unknown;
  /** `toolu_<turn>_<index>` unless set. */
  readonly id?: string;
}

/** What a fake model does with one request. */
export type FakeTurn =
  | FakeMessage
  /** 529, as the API answers when it has too much to do. */
  | { readonly fault: 'overloaded'; readonly retryAfterMs?: number }
  /** Any other refusal. */
  | { readonly fault: 'status'; readonly status: number; readonly type?: string; readonly message?: string }
  /** An answer that is not what the API answers: `json` where its events are none, `cut` where it stops in the middle. */
  | { readonly fault: 'malformed'; readonly how: 'json' | 'cut' }
  /** Nothing at all, until the caller gives up. */
  | { readonly fault: 'hang' };

/** A request that the fake got. Nothing of it is checked. */
export interface FakeRequest {
  /** Counts from 0. */
  readonly index: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: FakeRequestBody;
}

/** What a request holds, as far as a script is likely to look. */
export interface FakeRequestBody {
  readonly model?: string;
  readonly max_tokens?: number;
  readonly system?: unknown;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly { readonly name: string; readonly description?: string; readonly input_schema: unknown }[];
  readonly [name: string]: unknown;
}

/** What the fake answers: one turn after another, and 400 when there are no more; or what a function says. */
export type FakeScript = readonly FakeTurn[] | ((request: FakeRequest) => FakeTurn | Promise<FakeTurn>);

/** A fake Messages API at work. */
export interface FakeMessagesApi {
  /** What ANTHROPIC_BASE_URL has to be. */
  readonly url: string;
  /** The requests so far, in the order in which they came. */
  readonly requests: readonly FakeRequest[];
  /** Closes all connections, those that hang included. */
  stop(): Promise<void>;
}

export interface FakeMessagesApiOptions {
  /** The machine's unless set. */
  readonly clock?: Clock;
}

/** How many bytes of a request are read. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024;

/**
 * Starts a server on 127.0.0.1 that answers as the Messages API does: by a stream where the request asks for one, else by
 * one JSON document. It needs no key, and no library of the API.
 */
export async function startFakeMessagesApi(
  script: FakeScript,
  options: FakeMessagesApiOptions = {},
): Promise<FakeMessagesApi> {
  const { clock = systemClock } = options;
  const requests: FakeRequest[] = [];

  const turnFor = async (request: FakeRequest): Promise<FakeTurn> => {
    if (typeof script === 'function') return script(request);
    const missing = { fault: 'status', status: 400, message: 'The script has no turn for this request.' } as const;
    return script[request.index] ?? missing;
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(incoming);
    if (incoming.method !== 'POST' || !incoming.url?.startsWith('/v1/messages') || body === undefined) {
      return refuse(response, 404, 'not_found_error', 'There is only POST /v1/messages.');
    }
    const request = { index: requests.length, headers: incoming.headers, body };
    requests.push(request);
    const turn = await turnFor(request);
    if (!('fault' in turn)) {
      const id = `msg_${request.index}`;
      const events = messageEvents({ id, model: String(body.model), turn: request.index, message: turn });
      if (body['stream'] !== true) return answer(response, events.message);
      return streamTo(response, events.stream, { clock, delayMs: turn.delayMs ?? 0 });
    }
    if (turn.fault === 'overloaded') {
      if (turn.retryAfterMs !== undefined) response.setHeader('retry-after-ms', String(turn.retryAfterMs));
      return refuse(response, 529, 'overloaded_error', 'Overloaded');
    }
    if (turn.fault === 'status') {
      return refuse(response, turn.status, turn.type ?? 'invalid_request_error', turn.message ?? 'Refused.');
    }
    if (turn.fault === 'hang') return;
    const events = messageEvents({ id: 'msg_bad', model: 'bad', turn: 0, message: { text: 'half of a' } }).stream;
    startStream(response);
    response.write(toText(events[0] as MessageEvent));
    if (turn.how === 'cut') {
      response.write(toText(events[1] as MessageEvent));
      // The piece has to be on its way before the connection is closed.
      clock.setTimer(20, () => response.destroy());
    } else response.end('event: content_block_start\ndata: {"type": oh no\n\n');
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'api_error', `The script of the fake failed: ${String(error)}`);
    });
  });
  const url = await listen(server);
  return {
    url,
    requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The fake has no port.'));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

async function readBody(incoming: IncomingMessage): Promise<FakeRequestBody | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) return undefined;
    chunks.push(chunk);
  }
  try {
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return isRecord(body) && Array.isArray(body['messages']) ? (body as unknown as FakeRequestBody) : undefined;
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  response.statusCode = status;
  answer(response, { type: 'error', error: { type, message }, request_id: 'req_fake' });
}

function answer(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.setHeader('request-id', 'req_fake');
  response.end(JSON.stringify(body));
}

function startStream(response: ServerResponse): void {
  response.setHeader('content-type', 'text/event-stream');
  response.setHeader('request-id', 'req_fake');
  response.flushHeaders();
}

async function streamTo(
  response: ServerResponse,
  events: readonly MessageEvent[],
  { clock, delayMs }: { readonly clock: Clock; readonly delayMs: number },
): Promise<void> {
  startStream(response);
  for (const event of events) {
    if (delayMs > 0) await new Promise<void>((resolve) => clock.setTimer(delayMs, resolve));
    if (response.destroyed) return;
    response.write(toText(event));
  }
  response.end();
}

function toText(event: MessageEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
