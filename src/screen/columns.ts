import { cell, type Ink } from './cell.js';

/** A table: its titles, and a line for each row. Cells are shown as `cell` does, whole: nothing is cut. */
export function columnsText(titles: readonly string[], rows: readonly (readonly string[])[], ink: Ink): string {
  const shown = rows.map((row) => row.map(cell));
  const widths = titles.map((title, column) =>
    shown.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), title.length),
  );
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [ink(lineOf(titles), 'dim'), ...shown.map(lineOf)].map((line) => `${line}\n`).join('');
}
