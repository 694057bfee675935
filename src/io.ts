/** The outside of the program: what a test replaces instead of touching the process. */
export interface Io {
  /** Data: what a pipe should carry on. */
  readonly stdout: (text: string) => void;
  /** Talk: what a person should read. */
  readonly stderr: (text: string) => void;
  /** Columns of the terminal, or undefined where there is none. */
  readonly columns: number | undefined;
  /** The working folder, absolute. */
  readonly cwd: string;
  /** The environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function processIo(): Io {
  return {
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
    columns: process.stdout.columns,
    cwd: process.cwd(),
    environment: process.env,
  };
}
