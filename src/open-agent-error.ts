import type { ContractError } from '../generator/index.js';
import { EXIT } from './exit.js';

/** Why an agent cannot be opened or connected: a sentence that says what to do. */
export class OpenAgentError extends Error {
  override readonly name = 'OpenAgentError';
  /** 1 where the agent's files are wrong, 3 where what they need is not there. */
  readonly exitCode: typeof EXIT.findings | typeof EXIT.environment;

  constructor(message: string, options: ErrorOptions & { readonly exitCode?: typeof EXIT.environment } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? EXIT.findings;
  }
}

/** The contract files of a folder have problems. */
export class InvalidFolderError extends Error {
  override readonly name = 'InvalidFolderError';
  /** Absolute. */
  readonly folder: string;
  readonly problems: ContractError;

  constructor(folder: string, problems: ContractError) {
    super(problems.message, { cause: problems });
    this.folder = folder;
    this.problems = problems;
  }
}
