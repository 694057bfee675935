import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { errorCode, OutputError } from './output-error.js';

/** What the user's skills look like now. */
export interface SkillFiles {
  /** skills.ts; null where there is none. */
  readonly skillsText: string | null;
  /** The files in skills/ that are TypeScript, without their ending. */
  readonly names: ReadonlySet<string>;
  /** Those that are Markdown: a prompt is the skill, and no code is written for it. */
  readonly prompts: ReadonlySet<string>;
}

/** Looks at what an agent's folder holds of the user's code. */
export function readSkillFiles(directory: string): SkillFiles {
  const skillsText = readOrRefuse(directory, 'skills.ts', (file, stats) =>
    stats.isFile() ? readFileSync(file, 'utf8') : null,
  );
  const entries = readOrRefuse(directory, 'skills', (folder, stats) =>
    stats.isDirectory() ? readdirSync(folder) : null,
  );
  const namesOf = (ending: string): Set<string> =>
    new Set((entries ?? []).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)));
  const names = [...namesOf('.ts')].filter((name) => !name.endsWith('.test'));
  return { skillsText, names: new Set(names), prompts: namesOf('.md') };
}

/** What `read` finds of the user's; null where there is nothing. */
function readOrRefuse<T>(directory: string, name: string, read: (file: string, stats: Stats) => T | null): T | null {
  const file = path.join(directory, name);
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? null : read(file, stats);
  } catch (error) {
    throw new OutputError(
      `${name} cannot be read (${errorCode(error)}), and codegen would add to it. Nothing was written.`,
    );
  }
}
