import type { Command, Option } from 'commander';

/** The forms in which a checking command can say what it found. */
export const FORMATS = ['pretty', 'json', 'github', 'sarif'] as const;

export type Format = (typeof FORMATS)[number];

/** The option `--format` of a checking command; other words than the four end the program with a usage error. */
export function formatOption(command: Command): Option {
  return command
    .createOption('--format <format>', 'how findings are printed (default: pretty; on GitHub Actions: github)')
    .choices(FORMATS);
}

/** The format that was asked for, or the one that the surroundings ask for. */
export function resolveFormat(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Format {
  const asked = FORMATS.find((format) => format === flag);
  return asked ?? (environment['GITHUB_ACTIONS'] === 'true' ? 'github' : 'pretty');
}
