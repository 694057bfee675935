import type { EXIT } from '../exit.js';

/** Why no project was begun: a sentence that says what to do. */
export class InitError extends Error {
  override readonly name = 'InitError';
  /** 2 where something is in the way, 3 where the disk does not let it be written. */
  readonly exitCode: typeof EXIT.usage | typeof EXIT.environment;

  constructor(message: string, exitCode: InitError['exitCode'], options: ErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
