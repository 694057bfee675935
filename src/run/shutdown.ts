import { EXIT } from '../exit.js';
import type { Io, Signal } from '../io.js';

/** The way that a run is told to end. */
export interface Shutdown {
  /** Aborted by the first signal: nothing new is begun. */
  readonly asked: AbortSignal;
  /** Aborted by the second: nothing is waited for any more. */
  readonly forced: AbortSignal;
  /** What the exit status is; undefined as long as there was no signal. */
  exitCode(): typeof EXIT.interrupted | typeof EXIT.terminated | undefined;
  /** Listens no more. */
  close(): void;
}

export function watchSignals(io: Io): Shutdown {
  const asked = new AbortController();
  const forced = new AbortController();
  let first: Signal | undefined;
  const close = io.onSignal((signal) => {
    if (first !== undefined) return forced.abort();
    first = signal;
    asked.abort();
  });
  return {
    asked: asked.signal,
    forced: forced.signal,
    exitCode() {
      if (first === undefined) return undefined;
      return first === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    },
    close,
  };
}

/** Resolves when a signal is aborted; at once if it is. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
