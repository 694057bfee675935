import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT } from '../exit.js';
import { InvalidFolderError } from '../open-agent-error.js';
import type { ProviderName, Template } from './choices.js';
import { InitError } from './init-error.js';
import { packageSpecs } from './package-specs.js';
import { createStaging, filesIn, moveInto } from './staging.js';
import { fillStarter, PEER_CONTRACT, peerContract } from './starters.js';
import { assertPlaces, type Target } from './target.js';

export interface ProjectOptions {
  readonly target: Target;
  readonly template: Template;
  readonly provider: ProviderName;
  /** Whether it is only to be said what would be written. */
  readonly isDryRun: boolean;
}

/**
 * Begins a project: its files, and the code that is generated from them. It is prepared in a folder of its own and then
 * moved, so that there is all of it or nothing. Returns its files, relative to the folder.
 *
 * @throws {InitError} where it cannot be written; {InvalidFolderError} where the contract of the peer, which is there
 * already, has problems
 */
export async function createProject(options: ProjectOptions): Promise<string[]> {
  const { target, isDryRun } = options;
  let staging: string | undefined;
  try {
    staging = createStaging(target);
    const project = await prepare(staging, options);
    const files = filesIn(project);
    if (target.exists) assertPlaces(target, files);
    if (!isDryRun) moveInto(target, project, files);
    return files;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (error instanceof InitError || error instanceof InvalidFolderError || typeof code !== 'string') throw error;
    throw new InitError(`${target.name} cannot be written (${code}).`, EXIT.environment, { cause: error });
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true });
  }
}

/** Writes the project's files and generates its code; returns the folder that has become the project. */
async function prepare(staging: string, { target, template, provider }: ProjectOptions): Promise<string> {
  const { ContractError, generate, OutputError } = await import('../../generator/index.js');
  // The peer's contract as it is; beside a client that is made before its server, the one that the server will begin with.
  const isPeerThere = existsSync(path.join(target.folder, PEER_CONTRACT));
  const project = isPeerThere ? staging : path.join(staging, 'project');
  if (template === 'rpc-client' && !isPeerThere) writeFile(path.join(project, PEER_CONTRACT), peerContract());
  for (const [name, text] of fillStarter(template, { provider, packages: packageSpecs(target.folder) })) {
    writeFile(path.join(project, name), text);
  }
  try {
    await generate({ directory: project });
  } catch (error) {
    if (error instanceof ContractError) throw new InvalidFolderError(target.folder, error);
    if (error instanceof OutputError) throw new InitError(error.message, EXIT.environment, { cause: error });
    throw error;
  }
  return project;
}

function writeFile(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
