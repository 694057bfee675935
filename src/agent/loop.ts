import { setMaxListeners } from 'node:events';
import { type Clock, systemClock } from '@declaragent/runtime';
import { createBudget, type Limits } from './budget.js';
import { type Message, type Provider, ProviderError, type ProviderFault, type Turn, type Usage } from './provider.js';
import { runTools, type Tool } from './tool.js';

/** What is told while a loop runs. Nothing of it can fail. */
export interface LoopObserver {
  /** A piece of the model's text. */
  readonly onText?: (piece: string) => void;
  /** The model is asked; what is returned is called when it has answered, with what that took, or failed. */
  readonly onAsk?: (model: string, deadline: number) => (usage: Usage | undefined) => void;
}

export interface LoopOptions {
  readonly provider: Provider;
  readonly system: string;
  /** What was said so far; the last is what is asked. */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly observer?: LoopObserver;
  /** What to say to a model that ends with a text which cannot be the answer; undefined to take it. */
  readonly objectTo?: (text: string) => string | undefined;
  readonly clock?: Clock;
}

export type LoopFailure = ProviderFault | 'budget' | 'refused';

export type LoopEnd = LoopAnswer & {
  /** All that was said, for the next question. */
  readonly messages: readonly Message[];
};

export type LoopAnswer =
  | { readonly status: 'text'; readonly text: string }
  /** A tool has ended it. */
  | { readonly status: 'tool'; readonly data: unknown }
  | {
      readonly status: 'failed';
      readonly why: LoopFailure;
      readonly message: string;
      /** What led to it, for whoever runs this process and nobody else. */
      readonly cause?: unknown;
    };

/** Asks a model, runs the tools that it asks for and asks again, until it ends or something is used up. Never rejects. */
export async function runLoop(options: LoopOptions): Promise<LoopEnd> {
  const { provider, system, tools, limits, signal, observer = {}, objectTo, clock = systemClock } = options;
  const messages: Message[] = [...options.messages];
  // Each call that runs at the same time listens to it.
  setMaxListeners(0, signal);
  const budget = createBudget(limits, clock);
  const specs = tools.map(({ spec }) => spec);
  const later: Promise<string>[] = [];
  const fail = (why: LoopFailure, message: string, cause?: unknown): LoopEnd => {
    return { status: 'failed', why, message, messages, ...(cause === undefined ? {} : { cause }) };
  };

  const ask = async (): Promise<Turn> => {
    const end = observer.onAsk?.(provider.model, limits.deadline);
    let turn: Turn | undefined;
    try {
      turn = await provider.complete({
        system,
        messages,
        tools: specs,
        maxTokens: Math.min(budget.leftTokens(), MAX_TOKENS_A_TURN),
        leftMs: budget.leftMs(),
        signal,
        onText: (piece) => observer.onText?.(piece),
      });
      return turn;
    } finally {
      end?.(turn?.usage);
    }
  };

  for (;;) {
    if (signal.aborted) return fail('aborted', 'The request was cancelled.');
    const exhausted = budget.exhausted();
    if (exhausted !== undefined) return fail(budget.leftMs() <= 0 ? 'timeout' : 'budget', exhausted);
    let turn: Turn;
    try {
      turn = await ask();
    } catch (error) {
      if (error instanceof ProviderError) return fail(error.fault, error.message, error.cause);
      return fail('failed', 'The model could not be asked.', error);
    }
    budget.spend(turn.usage);
    if (turn.end === 'refused') return fail('refused', 'The model would not answer.');
    // What was cut may be half of a call, so none of it is run.
    if (turn.end === 'cut')
      return fail('budget', 'The answer of the model was cut off, since its tokens were used up.');
    messages.push({ role: 'assistant', turn });
    if (turn.toolCalls.length > 0) {
      const ran = await runTools(turn.toolCalls, tools);
      messages.push({ role: 'results', results: ran.map(({ result }) => result) });
      later.push(...ran.flatMap((tool) => tool.later ?? []));
      const ending = ran.find(({ ends }) => ends === true);
      if (ending !== undefined) return { status: 'tool', data: ending.data, messages };
    } else if (later.length > 0) {
      const texts = await Promise.all(later.splice(0));
      messages.push({ role: 'user', text: texts.join('\n') });
    } else {
      const objection = objectTo?.(turn.text);
      if (objection === undefined) return { status: 'text', text: turn.text, messages };
      messages.push({ role: 'user', text: objection });
    }
  }
}

/** More than any model needs for one step, and little enough for one that has lost its way. */
const MAX_TOKENS_A_TURN = 8_192;
