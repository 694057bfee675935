import { createInterface } from 'node:readline';

/** Lines, one after another. */
export interface LineReader {
  /** Whether somebody types them, at a prompt. */
  readonly isTerminal: boolean;
  /** The next line; undefined when there are no more. A prompt is shown while it waits. */
  next(): Promise<string | undefined>;
  /** Ends it: who waits for a line gets none. */
  close(): void;
}

export interface LineReaderOptions {
  readonly input: NodeJS.ReadableStream;
  /** The terminal that the prompt is shown on; undefined where nobody types. */
  readonly output: NodeJS.WritableStream | undefined;
  /** Ctrl-C, which is no signal while the terminal is read key by key. */
  readonly onInterrupt: () => void;
}

export const PROMPT = '> ';

/** What comes before it is asked for waits: it is never stopped, or Ctrl-C would not be heard while an answer is made. */
export function createLineReader({ input, output, onInterrupt }: LineReaderOptions): LineReader {
  const reader = createInterface({ input, ...(output && { output, terminal: true, prompt: PROMPT }) });
  const waiting: string[] = [];
  let isOver = false;
  let hand: ((line: string | undefined) => void) | undefined;
  const give = (line: string | undefined): void => {
    const taker = hand;
    hand = undefined;
    taker?.(line);
  };
  reader.on('line', (line) => {
    if (hand === undefined) waiting.push(line);
    else give(line);
  });
  reader.on('close', () => {
    isOver = true;
    // What is said next does not stand beside the prompt.
    if (hand !== undefined) output?.write('\n');
    give(undefined);
  });
  reader.on('SIGINT', onInterrupt);
  return {
    isTerminal: output !== undefined,
    next() {
      const line = waiting.shift();
      if (line !== undefined || isOver) return Promise.resolve(line);
      if (output !== undefined) reader.prompt();
      return new Promise((resolve) => {
        hand = resolve;
      });
    },
    close() {
      reader.close();
    },
  };
}
