import type { LoggedEvent } from '@declaragent/runtime/event-log';
import { agentName, type Colour, cell, dayText, durationText, fit, type Ink, timeText } from '../screen/cell.js';
import { isFailure } from './chain.js';
import type { Stopwatch } from './stopwatch.js';

/** A hop as the cells of one line. */
interface Row {
  readonly cells: readonly string[];
  readonly colour: Colour;
}

const TITLES = ['TIME', 'AGENT', 'EVENT', 'CAPABILITY', 'PEER', 'STATUS', 'TOOK', 'CORRELATION'];
/** How wide a column gets at most, and how wide it is where lines come one by one. */
const MOST = [12, 20, 10, 24, 22, 34, 11, 36];
const STREAMED = [12, 14, 10, 16, 16, 26, 9, 36];

/** Prints hops, one a line, a heading for each day. */
export interface EventTable {
  /** Lines for some hops, which follow those that it was given before. */
  lines(events: readonly LoggedEvent[]): string;
}

export interface TableOptions {
  readonly ink: Ink;
  /** How long what a hop ends has taken. */
  readonly tookMs: Stopwatch['tookMs'];
  /** How much of a correlation is shown; whole unless set. */
  readonly idLength?: number | undefined;
  /** Whether lines come one by one, so that columns have the width they have. */
  readonly isStreamed?: boolean;
}

/** A table of hops. */
export function createEventTable({ ink, tookMs, idLength, isStreamed = false }: TableOptions): EventTable {
  let day = '';
  let hasTitle = false;
  return {
    lines(events) {
      const rows = events.map((event) => toRow(event, tookMs(event), idLength));
      const widths = isStreamed ? STREAMED : widthsOf(rows);
      const lines: string[] = [];
      for (const [index, row] of rows.entries()) {
        if (!hasTitle) lines.push(ink(lineOf(TITLES, widths), 'dim'));
        hasTitle = true;
        const today = dayText(events[index]?.at ?? 0);
        if (today !== day) lines.push(ink(`${today} UTC`, 'dim'));
        day = today;
        lines.push(ink(lineOf(row.cells, widths), row.colour));
      }
      return lines.map((line) => `${line}\n`).join('');
    },
  };
}

/** How many characters tell correlations apart; never few. */
export function shortIdLength(correlations: Iterable<string>): number {
  const ids = [...new Set(correlations)].sort();
  let length = 8;
  for (const [index, id] of ids.entries()) {
    const next = ids[index + 1] ?? '';
    while (length < id.length && id.slice(0, length) === next.slice(0, length)) length++;
  }
  return length;
}

function toRow(event: LoggedEvent, tookMs: number | undefined, idLength: number | undefined): Row {
  const { at, agent, capability = '', from, to, correlationId = '', count } = event;
  const outgoing = from === agent || from === undefined;
  const other = agentName(outgoing ? to : from);
  const peer = other === '' ? '' : `${outgoing ? 'to' : 'from'} ${other}`;
  const status = event.event === 'dropped' ? `${count ?? 0} hops not written` : statusOf(event);
  const took = tookMs === undefined ? '' : durationText(tookMs);
  const id = idLength === undefined ? correlationId : correlationId.slice(0, idLength);
  const cells = [timeText(at), agentName(agent), event.event, capability, peer, status, took, id].map(cell);
  return { cells, colour: colourOf(event) };
}

function statusOf({ status, code, omitted }: LoggedEvent): string {
  const words = [status === 'ok' || code === undefined ? status : code];
  if (omitted !== undefined && omitted > 0) words.push(`(and ${omitted} like it)`);
  return words.filter((word) => word !== undefined).join(' ');
}

function colourOf(event: LoggedEvent): Colour {
  const { event: name, status } = event;
  if (status === 'busy' || status === 'abandoned' || name === 'duplicate' || name === 'late') return 'warn';
  if (isFailure(event)) return 'bad';
  return name === 'settled' ? 'good' : 'plain';
}

function widthsOf(rows: readonly Row[]): number[] {
  return TITLES.map((title, column) => {
    const longest = rows.reduce((most, { cells }) => Math.max(most, cells[column]?.length ?? 0), title.length);
    return Math.min(longest, MOST[column] ?? longest);
  });
}

function lineOf(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((text, column) => fit(text, widths[column] ?? 0).padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
