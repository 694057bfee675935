/** How one thing is. */
export interface Check {
  /** What was looked at, such as `broker nats`. */
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** A sentence part. */
  readonly message: string;
  /** What to do about it; present unless all is well. */
  readonly remedy?: string;
  /** Whose fault a failure is: that of the agent's files, or of what is around them. */
  readonly concerns: 'files' | 'environment';
}

type Concern = Check['concerns'];

export function ok(name: string, message: string, concerns: Concern): Check {
  return { name, status: 'ok', message, concerns };
}

export function warn(name: string, message: string, remedy: string, concerns: Concern): Check {
  return { name, status: 'warn', message, remedy, concerns };
}

export function fail(name: string, message: string, remedy: string, concerns: Concern): Check {
  return { name, status: 'fail', message, remedy, concerns };
}
