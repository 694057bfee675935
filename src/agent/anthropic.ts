import Anthropic, {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
} from '@anthropic-ai/sdk';
import {
  type Message,
  type Provider,
  ProviderError,
  type ProviderFault,
  type ToolCall,
  type ToolResult,
  type Turn,
  type TurnRequest,
} from './provider.js';

/** The one file that knows the Messages API. */

export interface AnthropicOptions {
  readonly model: string;
  /** Where keys are looked up: the agent's own, never those of the process. */
  readonly environment: { readonly [name: string]: string | undefined };
}

const PUBLIC_API = 'https://api.anthropic.com';
const MAX_RETRIES = 2;
/** With less than this left, an answer to a second try would come too late. */
const RETRY_NEEDS_MS = 2_000;

export function createAnthropicProvider({ model, environment }: AnthropicOptions): Provider {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_AUTH_TOKEN: authToken, ANTHROPIC_BASE_URL: baseURL } = environment;
  const client = new Anthropic({
    // Everything is said, so that the library takes nothing of the process, of another agent or of the user's profile.
    ...(apiKey || !authToken ? { apiKey: apiKey || 'none' } : { authToken }),
    baseURL: baseURL || PUBLIC_API,
    openTelemetry: false,
    // Its own logger prints to stdout, which is data.
    logLevel: 'off',
    logger: { error: ignore, warn: ignore, info: ignore, debug: ignore },
  });
  return { name: 'anthropic', model, complete: (request) => complete(client, model, request) };
}

function ignore(): void {}

async function complete(client: Anthropic, model: string, request: TurnRequest): Promise<Turn> {
  const { system, messages, tools, maxTokens, leftMs, signal, onText } = request;
  if (leftMs <= 0) throw new ProviderError('timeout', 'There was no time left to ask the model.');
  // The timeout of the library holds for one try, and this for all of them.
  const deadline = AbortSignal.timeout(leftMs);
  try {
    const stream = client.messages.stream(
      {
        model,
        max_tokens: maxTokens,
        system,
        messages: messages.map(toParam),
        ...(tools.length > 0 && {
          tools: tools.map(({ name, description, inputSchema }) => {
            return { name, description, input_schema: inputSchema as Anthropic.Tool.InputSchema };
          }),
        }),
      },
      {
        signal: AbortSignal.any([signal, deadline]),
        timeout: leftMs,
        maxRetries: leftMs > RETRY_NEEDS_MS ? MAX_RETRIES : 0,
      },
    );
    stream.on('text', onText);
    return toTurn(await stream.finalMessage());
  } catch (error) {
    throw toProviderError(error, { isLate: deadline.aborted, isCancelled: signal.aborted });
  }
}

function toParam(message: Message): Anthropic.MessageParam {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: message.text };
    case 'results':
      return { role: 'user', content: message.results.map(toResultParam) };
    case 'assistant': {
      const content = message.turn.raw as Anthropic.ContentBlockParam[];
      // The API takes no message without content, and may send one.
      return { role: 'assistant', content: content.length > 0 ? content : '(nothing)' };
    }
  }
}

function toResultParam({ id, text, isError }: ToolResult): Anthropic.ToolResultBlockParam {
  return { type: 'tool_result', tool_use_id: id, content: text, is_error: isError };
}

/** What the API sends is not believed either: a proxy or a fake may stand in its place. */
function toTurn(message: Anthropic.Message): Turn {
  if (!Array.isArray(message.content)) throw new TypeError('The answer has no content.');
  // A number that is none would make the account of a request one that never ends.
  const { output_tokens: outputTokens } = message.usage;
  if (!Number.isFinite(outputTokens) || outputTokens < 0) {
    throw new TypeError('The answer does not say how many tokens it took.');
  }
  const toolCalls: ToolCall[] = message.content.flatMap((block) =>
    block.type === 'tool_use' ? [{ id: block.id, name: block.name, input: block.input }] : [],
  );
  return {
    text: message.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    toolCalls,
    end: endOf(message.stop_reason, toolCalls),
    usage: { inputTokens: inputTokensOf(message.usage), outputTokens },
    raw: message.content,
  };
}

function endOf(reason: Anthropic.StopReason | null, toolCalls: readonly ToolCall[]): Turn['end'] {
  if (reason === 'max_tokens' || reason === 'model_context_window_exceeded') return 'cut';
  if (reason === 'refusal') return 'refused';
  return toolCalls.length > 0 ? 'tools' : 'done';
}

function inputTokensOf(usage: Anthropic.Usage): number {
  const { input_tokens: fresh, cache_creation_input_tokens: written, cache_read_input_tokens: read } = usage;
  return fresh + (written ?? 0) + (read ?? 0);
}

interface Circumstances {
  readonly isLate: boolean;
  readonly isCancelled: boolean;
}

/** Messages of the library hold addresses and what the API has said; only their kind is told. */
function toProviderError(error: unknown, { isLate, isCancelled }: Circumstances): ProviderError {
  const make = (fault: ProviderFault, message: string): ProviderError => {
    return new ProviderError(fault, message, { cause: error });
  };
  if (isCancelled) return make('aborted', 'The question to the model was cancelled.');
  if (isLate || error instanceof APIConnectionTimeoutError) return make('timeout', 'The model took too long.');
  if (error instanceof APIUserAbortError) return make('aborted', 'The question to the model was cancelled.');
  if (error instanceof APIConnectionError) return make('unreachable', 'The Messages API cannot be reached.');
  if (!(error instanceof APIError)) {
    return make('malformed', 'The Messages API answered with something that is no message.');
  }
  const { status, type } = error;
  const isBusy = status === 529 || status === 429 || type === 'overloaded_error' || type === 'rate_limit_error';
  if (isBusy) return make('overloaded', 'The Messages API has too much to do at present.');
  if (status === 401 || status === 403) return make('unauthorized', 'The Messages API does not take the key.');
  if (status === undefined) return make('failed', 'The Messages API broke its answer off.');
  return make('failed', `The Messages API refused the question (HTTP ${status}).`);
}
