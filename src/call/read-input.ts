import type { ViolationReport } from '@declaragent/runtime';
import { failureReport } from '../agent/outcome-report.js';
import type { Io } from '../io.js';

/** The text of an input: what the command line says, or what comes on stdin. */
export async function readInputText(word: string | undefined, io: Io): Promise<string> {
  if (word === undefined) return '{}';
  if (word !== '-') return word;
  const lines = io.readLines();
  const all: string[] = [];
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) all.push(line);
  return all.join('\n');
}

/** A text as JSON; undefined, with a sentence, where it is none. */
export function parseInput(text: string, io: Io): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    io.stderr(`The input is no JSON: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

/** How a call ended that was not made, as one that was is reported. */
export function invalidInputReport({ violations, total }: ViolationReport, name: string): object {
  const message = `The input breaks the schema of ${name}; nothing was sent.`;
  const failure = { status: 'error', code: 'EAGENTRPC_SCHEMA_VIOLATION', message, executed: 'no' } as const;
  return { ...failureReport(failure, false), details: { side: 'input', violations, total } };
}

/** Says how an input breaks its schema. */
export function tellViolations({ violations, total }: ViolationReport, name: string, io: Io): void {
  const lines = violations.map(({ path, message }) => `  ${path === '' ? '(the input itself)' : path} ${message}\n`);
  const more = total > violations.length ? `  and ${total - violations.length} more\n` : '';
  io.stderr(`The input breaks the schema of ${name}; nothing was sent.\n${lines.join('')}${more}`);
}
