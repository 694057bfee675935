import process from 'node:process';
import { inspect } from 'node:util';
import type { AgentAddress } from './address.js';

/** The call whose skill went wrong. */
export interface FailedCall {
  readonly capability: string;
  readonly messageId: string;
  readonly correlationId: string;
  readonly from: AgentAddress;
}

/** Tells whoever runs the process, on stderr, what a skill has thrown. */
export function warn(error: unknown, { capability, messageId }: FailedCall): void {
  const text = `The skill of ${capability} failed for message ${messageId}: ${show(error)}`;
  process.emitWarning(escapeControls(text), { type: 'AgentRpcWarning', code: 'EAGENTRPC_HANDLER_ERROR' });
}

function show(error: unknown): string {
  try {
    return inspect(error);
  } catch {
    return 'what has no text';
  }
}

/** Ids and messages come from outside: a terminal must not obey them. */
function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
    character === '\n' ? character : `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
