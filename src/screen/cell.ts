import { escapeCharacter } from '../../generator/escape.js';

/** How a word is shown: by what it says of an outcome. */
export type Colour = 'good' | 'bad' | 'warn' | 'dim' | 'plain';

/** Colours a text that holds no control character; leaves it as it is where there are no colours. */
export type Ink = (text: string, colour: Colour) => string;

export const noInk: Ink = (text) => text;

const CODES: Readonly<Record<Exclude<Colour, 'plain'>, readonly [number, number]>> = {
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  dim: [2, 22],
};

/** For a terminal. */
export const terminalInk: Ink = (text, colour) => {
  if (colour === 'plain' || text === '') return text;
  const [on, off] = CODES[colour];
  return `\u001b[${on}m${text}\u001b[${off}m`;
};

/**
 * A word of a log as it stands in a column. The names that contracts can have are plain ASCII, so that whatever else is
 * there came from somebody who means harm or has no columns in mind: it is shown as escapes, each of known width.
 */
export function cell(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, escapeCharacter);
}

/** The same, no longer than the column. */
export function fit(text: string, width: number): string {
  const whole = cell(text);
  return whole.length <= width ? whole : `${whole.slice(0, Math.max(0, width - 1))}…`;
}

/** An agent without its scheme. */
export function agentName(address: string | undefined): string {
  return (address ?? '').replace(/^agent:\/\//, '');
}

/** A length of time for people: `512 ms`, `1.2 s`, `2 min 3 s`. */
export function durationText(ms: number): string {
  const rounded = Math.round(ms);
  if (Math.abs(rounded) < 1000) return `${rounded} ms`;
  const seconds = rounded / 1000;
  if (Math.abs(seconds) < 60) return `${Number(seconds.toFixed(2))} s`;
  const whole = Math.round(seconds);
  const rest = whole % 60;
  return rest === 0 ? `${Math.trunc(whole / 60)} min` : `${Math.trunc(whole / 60)} min ${rest} s`;
}

/** `2026-11-29`. */
export function dayText(at: number): string {
  return dateText(at).slice(0, 10);
}

/** `20:31:02.123`. */
export function timeText(at: number): string {
  return dateText(at).slice(11, 23);
}

const LATEST_DATE = 8.64e15;

/** A log may hold any number, and not every number is a day. */
function dateText(at: number): string {
  if (Math.abs(at) > LATEST_DATE) return '????-??-??T??:??:??.???';
  const text = new Date(at).toISOString();
  return text.length > 24 ? text.slice(-24) : text;
}
