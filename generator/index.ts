import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

export { escapeControls } from './escape.js';
export { formatProblem } from './format-problem.js';

import { compareOutput, type Difference } from './compare.js';
import { compileAgentFolder } from './compile.js';
import { type AgentFolder, loadAgentFolder } from './load.js';
import { type Plan, planOutput } from './plan.js';
import { ContractError, type Problem } from './problem.js';
import { discardStaging, leftStagings, takeStaging } from './staging.js';
import { summarize, type Written, writeOutput } from './write.js';

export type { Difference } from './compare.js';
export { OutputError } from './output-error.js';
export { ContractError, type Place, PROBLEMS, type Problem, type ProblemCode } from './problem.js';
export type { Written } from './write.js';

/** Thrown for options that make no sense together with the folder. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

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
 * @throws {OptionsError} when `out` is not a folder below the agent's.
 * @throws {ContractError} with every problem of the folder's files; nothing has been written then.
 * @throws {OutputError} when the output cannot be written.
 */
export async function generate(options: CodegenOptions): Promise<Generated> {
  const { directory } = options;
  const planned = await planFolder(options);
  const { plan, out } = planned;
  const differences = compareOutput(directory, plan, out);
  const isDone = !differences.some(({ fixedByCodegen }) => fixedByCodegen) && leftStagings(directory).length === 0;
  return isDone ? reportOn(plan, differences) : writeAlone(options, planned);
}

/** Writes while no other run does; plans again if what the plan was made from has changed by then. */
async function writeAlone(options: CodegenOptions, planned: PlannedFolder): Promise<Generated> {
  const { directory } = options;
  const staging = await takeStaging(directory);
  try {
    const isCurrent = isDeepStrictEqual(inputsOf(loadAgentFolder(directory)), inputsOf(planned.folder));
    const { plan, out } = isCurrent ? planned : await planFolder(options);
    const differences = compareOutput(directory, plan, out);
    writeOutput(directory, staging, plan, differences);
    return reportOn(plan, differences);
  } finally {
    discardStaging(directory, staging);
  }
}

function inputsOf({ sources, skillFiles }: AgentFolder): unknown {
  return [sources, skillFiles];
}

function reportOn(plan: Plan, differences: readonly Difference[]): Generated {
  return { ...summarize(differences), notices: plan.notices, total: countFiles(plan) };
}

/**
 * Says how the disk differs from what {@link generate} would leave; writes nothing.
 *
 * @throws {OptionsError} when `out` is not a folder below the agent's.
 * @throws {ContractError} with every problem of the folder's files.
 */
export async function check(options: CodegenOptions): Promise<Checked> {
  const { plan, out } = await planFolder(options);
  const differences = compareOutput(options.directory, plan, out);
  return { differences, notices: plan.notices, total: countFiles(plan) };
}

interface PlannedFolder {
  readonly folder: AgentFolder;
  readonly plan: Plan;
  readonly out: string;
}

async function planFolder(options: CodegenOptions): Promise<PlannedFolder> {
  const { directory, skills = true } = options;
  const out = innerFolder(options.out ?? 'generated');
  const folder = loadAgentFolder(directory);
  try {
    const { model, problems } = compileAgentFolder(folder);
    if (model === null) throw new ContractError(problems, folder.sources);
    return { folder, plan: await planOutput(model, folder.skillFiles, { out, skills }), out };
  } catch (error) {
    // The only RangeError of the phases is a full stack: every one of them follows schemas by recursion, as ajv does.
    throw error instanceof RangeError ? new ContractError([tooDeep(folder)], folder.sources) : error;
  }
}

function tooDeep({ capabilities, peers }: AgentFolder): Problem {
  const document = capabilities?.main ?? peers;
  return {
    code: 'too-deep',
    place: document?.place(['capabilities'], 'key') ?? { file: '', line: 1, column: 1 },
    message: 'A schema nests, or refers from definition to definition, more deeply than can be compiled.',
    fix: 'Shorten chains of references, and split unions of thousands of branches.',
  };
}

/** What is written stays below the agent's folder, and out of folders that belong to others. */
function innerFolder(out: string): string {
  const folder = path.posix.normalize(out.split(path.sep).join('/')).replace(/\/+$/, '');
  const parts = folder.split('/');
  const isForeign = ['..', 'node_modules', '.git'].some((name) => parts.includes(name)) || parts[0] === 'skills';
  if (folder === '' || folder === '.' || path.isAbsolute(out) || path.posix.isAbsolute(folder) || isForeign) {
    throw new OptionsError(`The output folder "${out}" is not a folder of its own below the agent's folder.`);
  }
  return folder;
}

function countFiles(plan: Plan): number {
  return plan.folders.reduce((sum, { files }) => sum + files.size, 0);
}
