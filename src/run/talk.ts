import type { Io } from '../io.js';
import { createSpinner, type Waiting } from './spinner.js';

/** What a run says: answers on stdout, everything else on stderr, and neither in the middle of the other. */
export interface Talk {
  /** A piece of an answer. */
  readonly piece: (text: string) => void;
  /** Ends the line that an answer has begun, if it has. */
  readonly endAnswer: () => void;
  /** A line of talk. */
  readonly line: (text: string) => void;
  readonly wait: (waiting: Waiting) => () => void;
  readonly close: () => void;
}

const TAB = '    ';
const ENDS_IN_HALF = /[\ud800-\udbff]$/;

export function createTalk(io: Io): Talk {
  const { environment, draw, columns } = io;
  const isColoured = !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  const spinner = createSpinner({ draw, columns, isColoured });
  let isMidLine = false;
  /** The first half of a character whose second half comes with the next piece: apart they would not be escaped. */
  let half = '';

  const write = (to: (text: string) => void, text: string): void => {
    spinner.pause();
    to(text);
    // What stands on an unfinished line of an answer must not be drawn over.
    if (!isMidLine) spinner.resume();
  };
  const endAnswer = (): void => {
    if (half !== '') write(io.stdout, half);
    half = '';
    if (!isMidLine) return;
    isMidLine = false;
    write(io.stdout, '\n');
  };

  return {
    piece(text) {
      const whole = half + text;
      half = ENDS_IN_HALF.exec(whole)?.[0] ?? '';
      const shown = half === '' ? whole : whole.slice(0, -1);
      if (shown === '') return;
      isMidLine = !shown.endsWith('\n');
      write(io.stdout, shown.replaceAll('\t', TAB));
    },
    endAnswer,
    line(text) {
      // Off a terminal the two go to places of their own, and an answer stays in one piece.
      if (draw !== undefined) endAnswer();
      write(io.stderr, `${text}\n`);
    },
    wait: (waiting) => spinner.wait(waiting),
    close: () => spinner.stop(),
  };
}
