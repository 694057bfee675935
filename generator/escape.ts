/**
 * Shows what would otherwise move the cursor, colour the terminal, reorder the text or hide in it. The two joiners that
 * scripts and emoji are written with stay.
 */
export function escapeControls(text: string): string {
  return text.replace(/(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeCharacter);
}

/** `\u202e`, or `\u{e0041}` where four digits are too few. */
export function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
