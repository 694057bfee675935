/** Thrown when the output cannot be written as planned; nothing has been written then unless the message says so. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/** What the system calls an error of the disk, such as `ENOSPC`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
