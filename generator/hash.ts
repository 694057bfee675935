import { hash } from 'node:crypto';

/** SHA-256 in hexadecimal, of the text with plain line feeds, so that a checkout with CRLF hashes the same. */
export function hashOf(text: string): string {
  return hash('sha256', text.includes('\r') ? text.replaceAll('\r\n', '\n') : text, 'hex');
}
