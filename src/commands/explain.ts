import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit.js';
import type { Explanation } from '../explanations.js';
import type { Io } from '../io.js';

interface Flags {
  readonly json?: boolean;
}

export function addExplainCommand(program: Command, io: Io, exit: (code: ExitCode) => void): void {
  program
    .command('explain')
    .summary('say what a code means and what to do')
    .description('Says what a code means that a report, an error of a call or a rule bears, and what to do about it.')
    .argument('[code]', 'the code, in upper or lower case (default: list all)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (code: string | undefined, flags: Flags) => exit(await explain(code, flags, io)));
}

const EXAMPLES = `
Exit status: 0 done, 2 there is no such code, 70 a bug in declaragent.

Try:
  declaragent explain                       every code
  declaragent explain unresolved-ref        a problem of a contract
  declaragent explain EAGENTRPC_TIMEOUT     an error of a call`;

async function explain(asked: string | undefined, { json = false }: Flags, io: Io): Promise<ExitCode> {
  const { explanations } = await import('../explanations.js');
  const all = explanations();
  const found = all.filter(({ code }) => asked === undefined || code.toLowerCase() === asked.toLowerCase());
  if (asked !== undefined && found.length === 0) {
    const near = await nearCodes(asked, all);
    io.stderr(`There is no code "${asked}".${near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`}\n`);
    io.stderr('Run declaragent explain to list every code.\n');
    return EXIT.usage;
  }
  if (json) {
    const { jsonText } = await import('../report/json.js');
    io.stdout(jsonText({ version: 1, explanations: found }));
  } else if (asked === undefined) io.stdout(listText(found));
  else io.stdout(found.map(pageText).join('\n'));
  return EXIT.done;
}

const MOST_NEAR = 5;

/** Codes that are spelt almost like the word, or that it is a part of. */
async function nearCodes(asked: string, all: readonly Explanation[]): Promise<string[]> {
  const { nearest } = await import('../../generator/index.js');
  const codes = all.map(({ code }) => code);
  const near = nearest(asked, codes);
  const word = asked.toLowerCase().replaceAll('_', '-');
  const holding = codes.filter((code) => code.toLowerCase().replaceAll('_', '-').includes(word));
  return [...new Set([...(near === undefined ? [] : [near]), ...holding])].slice(0, MOST_NEAR);
}

function pageText({ code, kind, meaning, why, fix, facts = {} }: Explanation): string {
  const lines = [`${code}: ${kind}`, '', `  ${meaning}`];
  if (why !== undefined) lines.push(`  Why: ${why}`);
  lines.push(`  What to do: ${fix}`);
  const names = Object.entries(facts);
  if (names.length > 0) lines.push('', ...names.map(([name, value]) => `  ${name}: ${value}`));
  return `${lines.join('\n')}\n`;
}

function listText(all: readonly Explanation[]): string {
  const width = Math.max(...all.map(({ code }) => code.length));
  const kinds = [...new Set(all.map(({ kind }) => kind))];
  const blocks = kinds.map((kind) => {
    const rows = all.filter((row) => row.kind === kind);
    const lines = rows.map(({ code, meaning }) => `  ${code.padEnd(width)}  ${meaning}`);
    return [`${kind.charAt(0).toUpperCase()}${kind.slice(1)}:`, ...lines, ''].join('\n');
  });
  return blocks.join('\n');
}
