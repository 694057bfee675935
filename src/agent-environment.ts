import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What one agent sees of the environment: the variables of the process, and those of the `.env` in its folder that the
 * process does not have. Nothing is set in the process, so that two agents in one do not see each other's files.
 *
 * @throws what reading the file throws, but for its not being there
 */
export function readAgentEnvironment(folder: string, ofProcess: Environment): Environment {
  return { ...parseEnv(textOf(path.join(folder, '.env'))), ...ofProcess };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
