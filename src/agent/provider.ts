/** A tool as a model is told of it. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly inputSchema: { readonly type: 'object'; readonly [keyword: string]: unknown };
  /** Whether the tool would take the input; what is no input at all is left to the tool to say. */
  readonly accepts: (input: unknown) => boolean;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model has it: anything. */
  readonly input: unknown;
}

export interface ToolResult {
  readonly id: string;
  /** What the model reads. */
  readonly text: string;
  /** The same as a value, for a provider that reads no text. */
  readonly data: unknown;
  readonly isError: boolean;
}

export type Message =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'results'; readonly results: readonly ToolResult[] }
  | { readonly role: 'assistant'; readonly turn: Turn };

/** What a model is asked. */
export interface TurnRequest {
  readonly system: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  /** How many tokens it may answer with. */
  readonly maxTokens: number;
  /** How long it may take, all retries together, in milliseconds. */
  readonly leftMs: number;
  readonly signal: AbortSignal;
  /** Gets the text of the answer piece by piece. */
  readonly onText: (piece: string) => void;
}

/** What a model answers. */
export interface Turn {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** `cut`: the tokens were used up. `refused`: the provider would not answer. */
  readonly end: 'done' | 'tools' | 'cut' | 'refused';
  readonly usage: Usage;
  /** What the provider wants to have back in the next turn. */
  readonly raw: unknown;
}

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Provider {
  readonly name: 'anthropic' | 'offline';
  readonly model: string;
  /** @throws {ProviderError} for whatever keeps it from answering */
  complete(request: TurnRequest): Promise<Turn>;
}

/** Why a model has not answered. */
export type ProviderFault =
  | 'overloaded'
  | 'unreachable'
  | 'unauthorized'
  | 'malformed'
  | 'timeout'
  | 'aborted'
  | 'failed';

/** A model has not answered. The message is a sentence without keys, addresses or payloads. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly fault: ProviderFault;

  constructor(fault: ProviderFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }
}
