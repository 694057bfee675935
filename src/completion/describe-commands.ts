import type { Command, Option } from 'commander';

/** A word that may come next, and what it is for. */
export interface CompletedWord {
  readonly word: string;
  readonly summary: string;
}

/** What may follow a command. */
export interface CompletedCommand {
  /** The words before it, such as `rpc peers`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly CompletedWord[];
  readonly options: readonly CompletedWord[];
  /** What its first argument can be. */
  readonly argument: readonly string[];
  /** The options that are followed by a value. */
  readonly valued: readonly string[];
  /** What the options that have a choice can be. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

/** Every command of the program, as it says itself. */
export function describeCommands(program: Command): CompletedCommand[] {
  const describe = (command: Command, path: string): CompletedCommand[] => {
    const help = command.createHelp();
    const commands = help.visibleCommands(command);
    const options = help.visibleOptions(command);
    const own: CompletedCommand = {
      path,
      commands: commands.map((sub) => ({ word: sub.name(), summary: sub.summary() || sub.description() })),
      options: options.map((option) => ({ word: nameOf(option), summary: option.description })),
      argument: command.registeredArguments[0]?.argChoices ?? [],
      valued: options.filter(({ required, optional }) => required || optional).map(nameOf),
      choices: Object.fromEntries(
        options.flatMap((option) => (option.argChoices ? [[nameOf(option), option.argChoices] as const] : [])),
      ),
    };
    return [own, ...command.commands.flatMap((sub) => describe(sub, `${path} ${sub.name()}`.trim()))];
  };
  return describe(program, '');
}

function nameOf({ long, short }: Option): string {
  return long ?? short ?? '';
}
