import type { Validator, ViolationReport } from '@declaragent/runtime';
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

/** Says how an input breaks its schema; true where it does not. */
export function assertInput({ findViolations }: Validator<unknown>, value: unknown, name: string, io: Io): boolean {
  const report = findViolations(value);
  if (report === null) return true;
  io.stderr(violationsText(report, name));
  return false;
}

function violationsText({ violations, total }: ViolationReport, name: string): string {
  const lines = violations.map(({ path, message }) => `  ${path === '' ? '(the input itself)' : path} ${message}\n`);
  const more = total > violations.length ? `  and ${total - violations.length} more\n` : '';
  return `The input breaks the schema of ${name}; nothing was sent.\n${lines.join('')}${more}`;
}
