import { escapeControls } from '../../generator/escape.js';

/** Something that is waited for. */
export interface Waiting {
  /** What: `pr-reviewer: review-pr`. */
  readonly what: string;
  /** Until when, in milliseconds since the epoch. */
  readonly deadline: number;
}

/** Shows on a terminal what is waited for, and nothing off one. */
export interface Spinner {
  /** Shows it until the returned function is called. */
  wait(waiting: Waiting): () => void;
  /** Takes the spinner off the screen, while something else is written. */
  pause(): void;
  resume(): void;
  stop(): void;
}

const FRAMES = ['|', '/', '-', '\\'];
const FRAME_MS = 120;
const DEFAULT_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[2K';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[22m';

export interface SpinnerOptions {
  /** Draws on the terminal; undefined off one. */
  readonly draw: ((text: string) => void) | undefined;
  readonly columns: number | undefined;
  /** Whether it may be coloured. */
  readonly isColoured: boolean;
}

export function createSpinner({ draw, columns, isColoured }: SpinnerOptions): Spinner {
  if (draw === undefined) return { wait: () => () => {}, pause() {}, resume() {}, stop() {} };
  // Some terminals say that they have no column.
  const width = columns || DEFAULT_COLUMNS;
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;
  let isShown = false;
  let isPaused = false;

  const hide = (): void => {
    if (isShown) draw(CLEAR_LINE);
    isShown = false;
  };
  const show = (): void => {
    // The last that was begun is what everything else waits for.
    const latest = [...waiting].at(-1);
    if (latest === undefined || isPaused) {
      hide();
      return;
    }
    const text = waitingText(latest, waiting.size - 1);
    const line = `${FRAMES[frame++ % FRAMES.length]} ${escapeControls(text)}`.slice(0, width - 1);
    draw(`${CLEAR_LINE}${isColoured ? `${DIM}${line}${PLAIN}` : line}`);
    isShown = true;
  };
  const stopTimer = (): void => {
    clearInterval(timer);
    timer = undefined;
    hide();
  };

  return {
    wait(one) {
      waiting.add(one);
      // Not at once: what takes no time needs no word.
      timer ??= setInterval(show, FRAME_MS).unref();
      return () => {
        waiting.delete(one);
        if (waiting.size === 0) stopTimer();
        else if (isShown) show();
      };
    },
    pause() {
      isPaused = true;
      hide();
    },
    resume() {
      isPaused = false;
    },
    stop() {
      waiting.clear();
      stopTimer();
    },
  };
}

function waitingText({ what, deadline }: Waiting, others: number): string {
  const seconds = Math.max(0, Math.ceil((deadline - Date.now()) / 1000));
  const more = others > 0 ? `, and ${others} more` : '';
  return `waiting for ${what}, ${seconds} s left${more}`;
}
