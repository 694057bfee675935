import { createLineReader, type LineReader } from './line-reader.js';

/** The outside of the program: what a test replaces instead of touching the process. */
export interface Io {
  /** Data: what a pipe should carry on. */
  readonly stdout: (text: string) => void;
  /** Talk: what a person should read. */
  readonly stderr: (text: string) => void;
  /**
   * Data on the terminal that stdout is, with colours: for text of which every part has been escaped. Absent where stdout is
   * no terminal.
   */
  readonly paint?: (text: string) => void;
  /** Columns of the terminal, or undefined where there is none. */
  readonly columns: number | undefined;
  /** The working folder, absolute. */
  readonly cwd: string;
  /** The version of Node.js, such as `22.1.0`; absent where it makes no difference. */
  readonly nodeVersion?: string;
  /** The environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /**
   * Draws on the terminal that stderr is, with control sequences: for text of this program alone. Undefined where stderr
   * is no terminal.
   */
  readonly draw: ((text: string) => void) | undefined;
  /** Starts to read what somebody types, or what a pipe brings. */
  readonly readLines: () => LineReader;
  /** Calls for each Ctrl-C and each request to end, in place of ending the process; the returned function ends that. */
  readonly onSignal: (handle: (signal: Signal) => void) => () => void;
}

export type Signal = 'SIGINT' | 'SIGTERM';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM'];

export function processIo(): Io {
  const handlers = new Set<(signal: Signal) => void>();
  const tell = (signal: Signal): void => {
    for (const handle of [...handlers]) handle(signal);
  };
  return {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    ...(process.stdout.isTTY === true ? { paint: (text: string) => process.stdout.write(text) } : {}),
    columns: process.stdout.columns,
    cwd: process.cwd(),
    nodeVersion: process.versions.node,
    environment: process.env,
    draw: process.stderr.isTTY === true ? (text) => process.stderr.write(text) : undefined,
    readLines: () => {
      const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
      return createLineReader({
        input: process.stdin,
        output: isTerminal ? process.stdout : undefined,
        onInterrupt: () => tell('SIGINT'),
      });
    },
    onSignal(handle) {
      if (handlers.size === 0) for (const signal of SIGNALS) process.on(signal, tell);
      handlers.add(handle);
      return () => {
        handlers.delete(handle);
        if (handlers.size === 0) for (const signal of SIGNALS) process.off(signal, tell);
      };
    },
  };
}
