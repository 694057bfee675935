import type { LoggedEvent } from '@declaragent/runtime/event-log';

/** Sees every hop of the logs and knows how long what each ends has taken. */
export interface Stopwatch {
  see(event: LoggedEvent): void;
  /** Milliseconds since it was sent for `settled`, since it was received for `answered`; undefined for all else. */
  tookMs(event: LoggedEvent): number | undefined;
}

/** How many beginnings are remembered, for logs that never end. */
const MOST_REMEMBERED = 100_000;

export function createStopwatch(): Stopwatch {
  const begun = new Map<string, number>();
  return {
    see({ event, agent, messageId = '', at }) {
      if (event !== 'sent' && event !== 'received') return;
      const key = `${event} ${agent} ${messageId}`;
      // What is sent again has taken since it was sent first.
      if (!begun.has(key)) begun.set(key, at);
      const [oldest] = begun.keys();
      if (begun.size > MOST_REMEMBERED && oldest !== undefined) begun.delete(oldest);
    },
    tookMs({ event, agent, messageId = '', causedBy = '', at }) {
      const start =
        event === 'settled'
          ? begun.get(`sent ${agent} ${messageId}`)
          : event === 'answered'
            ? begun.get(`received ${agent} ${causedBy}`)
            : undefined;
      return start === undefined ? undefined : at - start;
    },
  };
}
