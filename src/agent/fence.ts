import { randomBytes } from 'node:crypto';

/** How much of one value a model is shown, in characters of JSON. */
const MAX_LENGTH = 100_000;

/** How much of one text of another team's contract a model is shown. */
const MAX_QUOTE = 1_000;

/** Puts what came from outside into blocks that it cannot get out of. */
export interface Fence {
  /** The name of its tags, which nobody can know before. */
  readonly tag: string;
  /** A value in a block of its own; `source` says where it came from. */
  block(source: string, value: unknown): string;
  /** A value within a sentence. */
  inline(value: unknown): string;
}

/** A fence with a tag of its own, for one conversation. */
export function createFence(): Fence {
  const tag = `data-${randomBytes(8).toString('hex')}`;
  return {
    tag,
    block: (source, value) => `<${tag} source=${encodeData(source)}>\n${encodeData(value)}\n</${tag}>`,
    inline: (value) => `<${tag}>${encodeData(value)}</${tag}>`,
  };
}

/**
 * A value as JSON that holds no angle bracket and no character that acts: whoever has learnt the tag, from a model that
 * told it, can still not write it.
 */
export function encodeData(value: unknown): string {
  const json = JSON.stringify(value) ?? 'null';
  const shown = json.length <= MAX_LENGTH ? json : JSON.stringify(`${json.slice(0, MAX_LENGTH)}… (cut)`);
  return shown.replace(/[<>]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}

/** What another team has written: a model is told that it is no instruction, and sees where it ends. */
export function quoteData(text: string): string {
  const shown = text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}…` : text;
  return `What its owner says of it, as data: ${encodeData(shown)}`;
}
