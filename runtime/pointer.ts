/** A key as one token of a JSON Pointer (RFC 6901). */
export function encodeToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The keys that a JSON Pointer leads through; none for the pointer to the value itself. */
export function decodePointer(pointer: string): string[] {
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}
