import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import type { LineReader } from '../line-reader.js';

/** Somebody was asked, and went away. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super('Nothing was chosen.');
    this.exitCode = exitCode;
  }
}

/** Asks at the terminal, as often as there is something to ask. */
export interface Asker {
  /** One of the choices; the first for an empty line. Undefined where there is no terminal. */
  choose<Choice extends string>(
    question: string,
    choices: readonly Choice[],
    texts: Readonly<Record<Choice, string>>,
  ): Promise<Choice | undefined>;
  close(): void;
}

export function createAsker(io: Io): Asker {
  let lines: LineReader | undefined;
  let exitCode: ExitCode = EXIT.usage;
  const endSignals = io.onSignal((signal) => {
    exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    lines?.close();
  });
  return {
    async choose(question, choices, texts) {
      lines ??= io.readLines();
      if (!lines.isTerminal) return undefined;
      const rows = choices.map((choice, index) => `  ${index + 1}  ${choice.padEnd(12)}${texts[choice]}\n`);
      io.stderr(`${question}\n${rows.join('')}`);
      for (;;) {
        io.stderr(`A number or a name; Enter takes ${choices[0]}.\n`);
        const line = await lines.next();
        if (line === undefined) throw new NoAnswerError(exitCode);
        const answer = line.trim().toLowerCase();
        const chosen =
          answer === '' ? choices[0] : choices.find((choice, index) => [choice, `${index + 1}`].includes(answer));
        if (chosen !== undefined) return chosen;
      }
    },
    close() {
      endSignals();
      lines?.close();
    },
  };
}
