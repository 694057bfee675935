/** Thrown when what a contract shall be compared with cannot be had: its message is one sentence, and what to do. */
export class AgainstError extends Error {
  override readonly name = 'AgainstError';
}
