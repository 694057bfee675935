/** What the exit status of the command means. */
export const EXIT = {
  done: 0,
  /** The input was read and found wanting: drift, an invalid file. */
  findings: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The world is not as the command needs it: a folder that cannot be written, a broker or a model that cannot be reached. */
  environment: 3,
  /** What was asked went out, and came back as an error or too late. */
  failed: 4,
  /** A bug in this program. */
  bug: 70,
  /** Ctrl-C. */
  interrupted: 130,
  /** Told to end, by SIGTERM. */
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
