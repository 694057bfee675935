import type { FakeMessage } from './fake-messages-api.js';

/** One event of a stream of the Messages API. */
export interface MessageEvent {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface MessageEventsOptions {
  readonly id: string;
  readonly model: string;
  /** Counts from 0; part of the ids of tool calls. */
  readonly turn: number;
  readonly message: FakeMessage;
}

const DEFAULT_USAGE = { inputTokens: 10, outputTokens: 5 };
const DEFAULT_PIECE_LENGTH = 16;

/** One message in the two forms in which the API answers it. */
export function messageEvents({ id, model, turn, message }: MessageEventsOptions): {
  readonly message: unknown;
  readonly stream: readonly MessageEvent[];
} {
  const { text, toolUses = [], usage = DEFAULT_USAGE, pieceLength = DEFAULT_PIECE_LENGTH } = message;
  const content: Block[] = [
    ...(text === undefined ? [] : [{ type: 'text', text } as const]),
    ...toolUses.map(({ id: given, name, input }, index) => {
      return { type: 'tool_use', id: given ?? `toolu_${turn}_${index}`, name, input } as const;
    }),
  ];
  const stopReason = message.stopReason ?? (toolUses.length > 0 ? 'tool_use' : 'end_turn');
  const head = { id, type: 'message', role: 'assistant', model, stop_sequence: null };
  const counts = { input_tokens: usage.inputTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
  const whole = { ...head, content, stop_reason: stopReason, usage: { ...counts, output_tokens: usage.outputTokens } };
  const stream: MessageEvent[] = [
    {
      type: 'message_start',
      message: { ...head, content: [], stop_reason: null, usage: { ...counts, output_tokens: 1 } },
    },
    { type: 'ping' },
    ...content.flatMap((block, index) => blockEvents(block, index, pieceLength)),
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason, stop_sequence: null },
      usage: { output_tokens: usage.outputTokens },
    },
    { type: 'message_stop' },
  ];
  return { message: whole, stream };
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

function blockEvents(block: Block, index: number, pieceLength: number): MessageEvent[] {
  const isText = block.type === 'text';
  const pieces = cut(isText ? block.text : JSON.stringify(block.input), pieceLength);
  return [
    { type: 'content_block_start', index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } },
    ...pieces.map((piece) => ({
      type: 'content_block_delta',
      index,
      delta: isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece },
    })),
    { type: 'content_block_stop', index },
  ];
}

/** By characters and not by code units: no piece ends in half of one. */
function cut(text: string, length: number): string[] {
  const characters = [...text];
  const pieces: string[] = [];
  for (let start = 0; start < characters.length; start += length) {
    pieces.push(characters.slice(start, start + length).join(''));
  }
  return pieces;
}
