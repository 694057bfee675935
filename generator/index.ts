import path from 'node:path';

export { formatProblem } from './format-problem.js';

import { compareOutput, type Difference } from './compare.js';
import { compileAgentFolder } from './compile.js';
import { loadAgentFolder } from './load.js';
import { type Plan, planOutput } from './plan.js';
import { ContractError } from './problem.js';
import { type Written, writeOutput } from './write.js';

export { type Difference, OutputError } from './compare.js';
export { ContractError, type Place, PROBLEMS, type Problem, type ProblemCode } from './problem.js';
export type { Written } from './write.js';

export interface CodegenOptions {
  /** The agent's folder: the one that holds capabilities.yaml or rpc-peers.yaml. */
  readonly directory: string;
  /** Where generated folders go, relative to `directory`; `generated` unless set. */
  readonly out?: string;
  /** Whether skill files are started and added to; true unless set. */
  readonly skills?: boolean;
}

export interface Generated extends Written {
  /** Sentences about what was left as it is. */
  readonly notices: readonly string[];
  /** How many files the folder should hold. */
  readonly total: number;
}

export interface Checked {
  readonly differences: readonly Difference[];
  readonly notices: readonly string[];
  /** How many files were compared. */
  readonly total: number;
}

/**
 * Writes the generated code of one agent's folder: only files that differ are touched.
 *
 * @throws {RangeError} when `out` is not a folder below the agent's.
 * @throws {ContractError} with every problem of the folder's files; nothing has been written then.
 * @throws {OutputError} when the output cannot be written.
 */
export async function generate(options: CodegenOptions): Promise<Generated> {
  const { plan, out } = await planFolder(options);
  const differences = compareOutput(options.directory, plan, out);
  const written = writeOutput(options.directory, plan, differences);
  return { ...written, notices: plan.notices, total: countFiles(plan) };
}

/**
 * Says how the disk differs from what {@link generate} would leave; writes nothing.
 *
 * @throws {RangeError} when `out` is not a folder below the agent's.
 * @throws {ContractError} with every problem of the folder's files.
 */
export async function check(options: CodegenOptions): Promise<Checked> {
  const { plan, out } = await planFolder(options);
  const differences = compareOutput(options.directory, plan, out);
  return { differences, notices: plan.notices, total: countFiles(plan) };
}

async function planFolder(options: CodegenOptions): Promise<{ plan: Plan; out: string }> {
  const { directory, skills = true } = options;
  const out = innerFolder(options.out ?? 'generated');
  const folder = loadAgentFolder(directory);
  const { model, problems } = compileAgentFolder(folder);
  if (model === null) throw new ContractError(problems, folder.sources);
  return { plan: await planOutput(model, folder.skillFiles, { out, skills }), out };
}

/** What is written stays below the agent's folder, and out of folders that belong to others. */
function innerFolder(out: string): string {
  const folder = path.posix.normalize(out.split(path.sep).join('/')).replace(/\/+$/, '');
  const parts = folder.split('/');
  const isForeign = ['..', 'node_modules', '.git'].some((name) => parts.includes(name)) || parts[0] === 'skills';
  if (folder === '' || folder === '.' || path.isAbsolute(out) || path.posix.isAbsolute(folder) || isForeign) {
    throw new RangeError(`The output folder "${out}" is not a folder of its own below the agent's folder.`);
  }
  return folder;
}

function countFiles(plan: Plan): number {
  return plan.folders.reduce((sum, { files }) => sum + files.size, 0);
}
