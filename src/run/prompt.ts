import type { Conversation } from '../agent/conversation.js';
import type { LoopAnswer } from '../agent/loop.js';
import type { ModelObserver } from '../agent/model-setup.js';
import { EXIT, type ExitCode } from '../exit.js';
import { firstLine } from '../generated-code.js';
import type { LineReader } from '../line-reader.js';
import type { Shutdown } from './shutdown.js';
import { untilAborted } from './shutdown.js';
import type { Talk } from './talk.js';

export interface PromptOptions {
  readonly conversation: Conversation;
  readonly lines: LineReader;
  readonly talk: Talk;
  readonly observer: ModelObserver;
  readonly shutdown: Shutdown;
  readonly isVerbose: boolean;
}

/** Answers line after line until there are no more, or a signal comes. Says the worst that became of one. */
export async function runPrompt(options: PromptOptions): Promise<ExitCode> {
  const { conversation, lines, talk, observer, shutdown, isVerbose } = options;
  void untilAborted(shutdown.asked).then(() => lines.close());
  let worst: ExitCode = EXIT.done;
  for (;;) {
    const line = await lines.next();
    if (line === undefined || shutdown.asked.aborted) break;
    if (line.trim() === '') continue;
    const answered = await conversation.ask(line, { signal: shutdown.asked, observer });
    talk.endAnswer();
    if (isVerbose) talk.line(`correlation ${answered.correlationId}`);
    if (answered.status !== 'failed') continue;
    if (shutdown.asked.aborted) break;
    talk.line(`No answer: ${answered.message}${whyText(answered.cause, isVerbose)}`);
    const code = exitCodeOf(answered);
    if (!lines.isTerminal && code > worst) worst = code;
  }
  return worst;
}

/** What the API has said, for who asks for it. */
function whyText(cause: unknown, isVerbose: boolean): string {
  if (!(cause instanceof Error)) return '';
  return isVerbose ? ` ${firstLine(cause)}` : ' (--verbose says more.)';
}

function exitCodeOf(answer: LoopAnswer & { readonly status: 'failed' }): ExitCode {
  const isOutside = ['overloaded', 'unreachable', 'unauthorized', 'timeout'].includes(answer.why);
  return isOutside ? EXIT.environment : EXIT.failed;
}
