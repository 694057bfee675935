import type { ToolCall, ToolResult, ToolSpec } from './provider.js';

/** What a tool says of one call. */
export interface ToolAnswer {
  /** What the model reads; what came from outside is in a fence. */
  readonly text: string;
  readonly data: unknown;
  readonly isError?: boolean;
  /** Ends the loop with what the tool was given. */
  readonly ends?: boolean;
  /** What will be known later, and is told to the model before it ends. Never rejects. */
  readonly later?: Promise<string>;
}

export interface Tool {
  readonly spec: ToolSpec;
  /** Never rejects, whatever the input is. */
  run(input: unknown): Promise<ToolAnswer>;
}

/** How many calls of one turn are made: a model that asks for more is told so. */
const MAX_CALLS_A_TURN = 16;

export interface RanTool extends ToolAnswer {
  readonly result: ToolResult;
}

/** Runs the tools that a model asks for, all at once, and answers each of its calls. */
export function runTools(calls: readonly ToolCall[], tools: readonly Tool[]): Promise<RanTool[]> {
  const byName = new Map(tools.map((tool) => [tool.spec.name, tool] as const));
  return Promise.all(
    calls.map(async (call, index) => {
      const tool = byName.get(call.name);
      const answer = await answerTo(call, index < MAX_CALLS_A_TURN ? tool : 'too-many', [...byName.keys()]);
      const { text, data, isError = false } = answer;
      return { ...answer, result: { id: call.id, text, data, isError } };
    }),
  );
}

async function answerTo(
  { input }: ToolCall,
  tool: Tool | undefined | 'too-many',
  names: readonly string[],
): Promise<ToolAnswer> {
  if (tool === 'too-many') return refusal(`Not run: at most ${MAX_CALLS_A_TURN} tools are run in one turn.`);
  if (tool === undefined) {
    const known = names.length === 0 ? 'there are none' : `there are ${names.join(', ')}`;
    return refusal(`Not run: there is no such tool here; ${known}.`);
  }
  try {
    return await tool.run(input);
  } catch {
    // What was thrown may hold paths and worse, and a model tells what it knows.
    return refusal('The tool failed.');
  }
}

function refusal(text: string): ToolAnswer {
  return { text, data: { status: 'error', message: text }, isError: true };
}
