import { RESPOND } from './call-tools.js';
import { fillInput } from './fill-input.js';
import type { Provider, ToolResult, ToolSpec, Turn, TurnRequest } from './provider.js';
import { smallestValue } from './smallest-value.js';
import { toMarkdown } from './to-markdown.js';
import { NO_USAGE } from './usage.js';

const OFFLINE = 'offline';
/** What every answer starts with: nobody is to take it for that of a model. */
export const OFFLINE_NOTICE = '**Offline: no model was asked.**';
const OFFLINE_SENTENCE = 'Offline: no model was asked.';

/**
 * Stands in for a model where there is none: it calls the first tool whose input it finds in the line, and shows what came
 * of it. The same line leads to the same call.
 */
export function createOfflineProvider(): Provider {
  return {
    name: OFFLINE,
    model: OFFLINE,
    async complete(request) {
      const { turn, said } = respond(request) ?? report(request) ?? choose(request);
      if (said !== undefined) request.onText(said);
      return turn;
    },
  };
}

interface Said {
  readonly turn: Turn;
  /** What is shown. */
  readonly said?: string;
}

function say(text: string): Said {
  return { turn: { text, toolCalls: [], end: 'done', usage: NO_USAGE, raw: null }, said: text };
}

function call(name: string, input: unknown): Said {
  const toolCalls = [{ id: OFFLINE, name, input }];
  return { turn: { text: '', toolCalls, end: 'tools', usage: NO_USAGE, raw: null } };
}

/** A skill has to answer by a schema: with the smallest value of it, which says that it is made up. */
function respond({ tools }: TurnRequest): Said | undefined {
  const tool = tools.find(({ name }) => name === RESPOND);
  if (tool === undefined) return undefined;
  const value = smallestValue(tool.inputSchema, OFFLINE_SENTENCE);
  if (tool.accepts(value)) return call(RESPOND, value);
  // The text is refused where the schema asks for more, and the caller learns that the skill failed.
  return say(OFFLINE_SENTENCE);
}

/** What came of the call. */
function report({ messages }: TurnRequest): Said | undefined {
  const last = messages.at(-1);
  const before = messages.at(-2);
  if (last?.role !== 'results' || before?.role !== 'assistant') return undefined;
  const [made] = before.turn.toolCalls;
  const [result] = last.results;
  if (made === undefined || result === undefined) return undefined;
  return say(
    [`${OFFLINE_NOTICE} \`${made.name}\` was called with:`, toMarkdown(made.input), resultText(result)].join('\n\n'),
  );
}

function resultText({ data }: ToolResult): string {
  if (typeof data !== 'object' || data === null) return toMarkdown(data);
  const { status, data: answer, ...rest } = data as Record<string, unknown>;
  return status === 'ok'
    ? `It answered:\n\n${toMarkdown(answer)}`
    : `It ended with ${String(status)}:\n\n${toMarkdown(rest)}`;
}

function choose({ messages, tools }: TurnRequest): Said {
  const last = messages.at(-1);
  const line = last?.role === 'user' ? last.text : '';
  // The tool for all capabilities comes last, and takes an address, which no line of plain words has.
  for (const tool of tools) {
    const found = fillInput(tool.inputSchema, line);
    // The tool may have put what it takes into a member of that name.
    const input = [found, { input: found }].find((candidate) => found !== undefined && tool.accepts(candidate));
    if (input !== undefined) return call(tool.name, input);
  }
  return say(`${OFFLINE_NOTICE} ${wantedText(tools)}`);
}

function wantedText(tools: readonly ToolSpec[]): string {
  if (tools.length === 0) return 'There is nothing to call: this agent has no peer with a contract that it may call.';
  const rows = tools.map(({ name, inputSchema }) => {
    const required: unknown = inputSchema['required'];
    const names = Array.isArray(required) && required.length > 0 ? required.join(', ') : 'nothing';
    return `- \`${name}\` needs ${names}`;
  });
  return [
    'The line holds what no tool needs. Write an address, a number, a word that the schema names, text in quotes, or JSON:',
    '',
    ...rows,
  ].join('\n');
}
