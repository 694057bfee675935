import type { Io } from '../io.js';
import { type Ink, noInk, terminalInk } from './cell.js';

/** The ink for what goes to stdout: colours on a terminal that wants them. */
export function inkOf({ paint, environment }: Io): Ink {
  return paint !== undefined && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb' ? terminalInk : noInk;
}

/** Writes data that may be coloured: every cell of it has been escaped. */
export function writeInked(text: string, io: Io): void {
  (io.paint ?? io.stdout)(text);
}
