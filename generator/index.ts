import { compileAgentFolder } from './compile.js';
import { loadAgentFolder } from './load.js';
import { type Plan, planOutput } from './plan.js';
import { ContractError } from './problem.js';
import { compareOutput, type Difference, type Written, writeOutput } from './write.js';

export { ContractError, formatProblem, type Place, PROBLEMS, type Problem, type ProblemCode } from './problem.js';
export { type Difference, OutputError, type Written } from './write.js';

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
 * @throws {ContractError} with every problem of the folder's files.
 */
export async function check(options: CodegenOptions): Promise<Checked> {
  const { plan, out } = await planFolder(options);
  const differences = compareOutput(options.directory, plan, out);
  return { differences, notices: plan.notices, total: countFiles(plan) };
}

async function planFolder({
  directory,
  out = 'generated',
  skills = true,
}: CodegenOptions): Promise<{ plan: Plan; out: string }> {
  const folder = loadAgentFolder(directory);
  const { model, problems } = compileAgentFolder(folder);
  if (model === null) throw new ContractError(problems, folder.sources);
  return { plan: await planOutput(model, folder.skillFiles, { out, skills }), out };
}

function countFiles(plan: Plan): number {
  return plan.folders.reduce((sum, { files }) => sum + files.size, 0);
}
