import { createHash } from 'node:crypto';

/** SHA-256 in hexadecimal, of the text with plain line feeds, so that a checkout with CRLF hashes the same. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
}
