import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run demo -- [--patch FILE | --commits RANGE]

Asks the agent pr-reviewer to review a change, and prints what it finds and every hop of the call.
Without an option, the change is the sample, changes/add-login.patch.

  --patch FILE      a patch file, below the folder that you stand in
  --commits RANGE   commits of the git repository that you stand in, such as HEAD~1..HEAD
  -h, --help        print this
`;

export type DemoArguments =
  | { readonly kind: 'sample' }
  | { readonly kind: 'patch'; readonly path: string }
  | { readonly kind: 'commits'; readonly range: string }
  | { readonly kind: 'help' }
  | Mistake;

/** What is wrong with the arguments, in one sentence. */
export interface Mistake {
  readonly kind: 'mistake';
  readonly message: string;
}

const OPTIONS = {
  patch: { type: 'string' },
  commits: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function readDemoArguments(args: readonly string[]): DemoArguments {
  // Not strict, because the sentences of node are for those who write the program.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true });
  if (tokens.some((token) => token.kind === 'option' && token.name === 'help')) return { kind: 'help' };
  let change: DemoArguments = { kind: 'sample' };
  for (const token of tokens) {
    if (token.kind === 'positional') return mistake(`The demo takes no argument ${token.value} without an option.`);
    if (token.kind === 'option-terminator') continue;
    const { name, rawName, value, inlineValue } = token;
    if (name !== 'patch' && name !== 'commits') return mistake(`The demo has no option ${rawName}.`);
    // A dash begins the next option, unless an equals sign says that it is the value.
    if (!value || (value.startsWith('-') && !inlineValue)) {
      return mistake(`${rawName} needs a ${name === 'patch' ? 'patch file' : 'range of commits'} behind it.`);
    }
    if (change.kind === name) return mistake(`${rawName} is given twice.`);
    if (change.kind !== 'sample') return mistake('The demo reviews one change: give --patch or --commits, not both.');
    change = name === 'patch' ? { kind: name, path: value } : { kind: name, range: value };
  }
  return change;
}

export function mistake(message: string): Mistake {
  return { kind: 'mistake', message };
}
