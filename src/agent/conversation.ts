import type { Caller } from '@declaragent/runtime';
import { DEFAULT_WALL_MS } from './budget.js';
import { createCallTools } from './call-tools.js';
import { createFence } from './fence.js';
import { type LoopAnswer, runLoop } from './loop.js';
import type { MarkdownSkill } from './markdown-skill.js';
import { limitsOf, type ModelObserver, type ModelSetup, permissionsOf } from './model-setup.js';
import { createSystemPrompt } from './prompt.js';
import type { Message } from './provider.js';

/** What somebody says to an agent, line by line, and what it answers. */
export interface Conversation {
  /** Resolves with the answer to a line; never rejects. A line that failed is forgotten. */
  ask(line: string, options: AskOptions): Promise<Answered>;
}

export type Answered = LoopAnswer & {
  /** Of every call that was made for the line. */
  readonly correlationId: string;
};

export interface AskOptions {
  readonly signal: AbortSignal;
  readonly observer?: ModelObserver;
}

export interface ConversationOptions {
  readonly setup: ModelSetup;
  readonly caller: Caller;
  /** The skills that implement no capability: they are part of what the agent knows, and bring their tools. */
  readonly skills: readonly MarkdownSkill[];
}

/** How many messages are remembered; older lines are forgotten whole. */
const MAX_MESSAGES = 60;

export function createConversation({ setup, caller, skills }: ConversationOptions): Conversation {
  const fence = createFence();
  const system = createSystemPrompt(setup, fence, skills);
  const granted = skills.flatMap(({ tools }) => tools ?? []);
  const permissions = permissionsOf(setup, [...setup.defaultTools, ...granted]);
  let messages: readonly Message[] = [];
  return {
    async ask(line, { signal, observer = {} }) {
      const { correlationId } = caller.createIds();
      const deadline = caller.clock.now() + DEFAULT_WALL_MS;
      const scope = { caller, correlationId, signal, deadline, permissions, fence, observer };
      const { messages: said, ...end } = await runLoop({
        provider: setup.provider,
        system,
        messages: [...messages, { role: 'user', text: line }],
        tools: createCallTools(setup.peers, scope),
        limits: limitsOf(setup, deadline),
        signal,
        observer,
        clock: caller.clock,
      });
      if (end.status !== 'failed') messages = recent(said);
      return { ...end, correlationId };
    },
  };
}

/** The last messages, from the start of a line on: an answer without its question, or a result without its call, is none. */
function recent(messages: readonly Message[]): readonly Message[] {
  if (messages.length <= MAX_MESSAGES) return messages;
  const start = messages.findIndex(({ role }, index) => role === 'user' && index >= messages.length - MAX_MESSAGES);
  return start < 0 ? [] : messages.slice(start);
}
