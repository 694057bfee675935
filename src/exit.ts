/** What the exit status of the command means. */
export const EXIT = {
  done: 0,
  /** The input was read and found wanting: drift, an invalid file. */
  findings: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The world is not as the command needs it, such as a folder that cannot be written. */
  environment: 3,
  /** A bug in this program. */
  bug: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
