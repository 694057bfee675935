import path from 'node:path';

export { escapeControls } from './escape.js';
export { formatProblem } from './format-problem.js';
export { nearest } from './spelling.js';

import { openCache, recallPlan, toRemembered } from './cache.js';
import { areManifestsCurrent, compareOutput, type Difference, textOnDisk } from './compare.js';
import type { FolderDescription } from './describe.js';
import { sizeOf } from './files.js';
import { areSame, type Input, surroundingsOf } from './inputs.js';
import type { AgentFolder, LoadOptions, Memory } from './load.js';
import type { AgentFolderModel } from './model.js';
import type { Plan } from './plan.js';
import { ContractError } from './problem.js';
import { readSkillFiles } from './skill-files.js';
import { discardStaging, leftStagings, takeStaging } from './staging.js';
import { endThreads, startThreadForFew, startThreads } from './threads.js';
import { tooDeep } from './too-deep.js';
import { summarize, type Written, writeOutput } from './write.js';

export type { Difference } from './compare.js';
export type {
  AgentSettings,
  BusDescription,
  CapabilityDescription,
  ContractDescription,
  FolderDescription,
} from './describe.js';
export { OutputError } from './output-error.js';
export {
  ContractError,
  type Diagnostic,
  type Place,
  PROBLEMS,
  type Problem,
  type ProblemCode,
  type ProblemKind,
} from './problem.js';
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
  /** The folder in which runs remember what they made, so that the next one has less to do; nothing unless set. */
  readonly cache?: string;
}

export interface CheckOptions extends CodegenOptions {
  /** Whether the texts of files that differ are wanted; they are not unless set. */
  readonly texts?: boolean;
}

export interface Generated extends Written {
  /** The files that decide the output, relative to the agent's folder. */
  readonly inputs: readonly string[];
  /** Sentences about what was left as it is. */
  readonly notices: readonly string[];
  /** How many files the folder should hold. */
  readonly total: number;
}

export interface Checked {
  readonly differences: readonly Difference[];
  /** What each file that differs is and should be, if it was asked for. */
  readonly texts: ReadonlyMap<string, Texts>;
  readonly notices: readonly string[];
  /** How many files were compared. */
  readonly total: number;
}

/** A file as it is and as it should be, with plain line feeds; null where there is none. */
export interface Texts {
  readonly found: string | null;
  readonly planned: string | null;
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
  // What surely differs is compared once, where no other run can write.
  if (!areManifestsCurrent(directory, planned.plan)) return writeAlone(options, planned);
  const differences = compareOutput(directory, planned.plan, planned.out);
  const isDone = !differences.some(({ fixedByCodegen }) => fixedByCodegen) && leftStagings(directory).length === 0;
  return isDone ? reportOn(planned, differences) : writeAlone(options, planned);
}

/** Writes while no other run does; plans again if what the plan was made from has changed by then. */
async function writeAlone(options: CodegenOptions, planned: PlannedFolder): Promise<Generated> {
  const { directory } = options;
  const staging = await takeStaging(directory);
  try {
    const isCurrent =
      areSame(directory, planned.inputs) &&
      surroundingsOf(directory, readSkillFiles(directory)) === planned.surroundings;
    const { plan, inputs, differences } = await withWhatDiffers(
      options,
      isCurrent ? planned : await planFolder(options),
    );
    writeOutput(directory, staging, plan, differences);
    return reportOn({ plan, inputs }, differences);
  } finally {
    discardStaging(directory, staging);
  }
}

interface ComparedFolder extends Pick<PlannedFolder, 'plan' | 'inputs'> {
  readonly differences: readonly Difference[];
}

/** How the disk differs from a plan, and the plan with the text of every file that does. */
async function withWhatDiffers(options: CodegenOptions, planned: PlannedFolder): Promise<ComparedFolder> {
  const { plan, out, inputs, isRecalled } = planned;
  const differences = compareOutput(options.directory, plan, out);
  const paths = new Set(differences.map(({ path: file }) => file));
  const { withTexts } = await import('./plan.js');
  const full = isRecalled && paths.size > 0 ? null : await withTexts(plan, paths);
  if (full !== null) return { plan: full, inputs, differences };
  // A plan that is remembered whole has no texts, and one that is remembered wrongly is made without what is remembered.
  return withWhatDiffers(options, await planFolder(options, isRecalled ? 'parts' : 'nothing'));
}

function reportOn(
  { plan, inputs }: Pick<PlannedFolder, 'plan' | 'inputs'>,
  differences: readonly Difference[],
): Generated {
  return {
    ...summarize(differences),
    inputs: inputs.map(({ name }) => name),
    notices: plan.notices,
    total: countFiles(plan),
  };
}

/**
 * Says how the disk differs from what {@link generate} would leave; writes nothing.
 *
 * @throws {OptionsError} when `out` is not a folder below the agent's.
 * @throws {ContractError} with every problem of the folder's files.
 */
export async function check(options: CheckOptions): Promise<Checked> {
  const { directory, texts: areTextsAsked = false } = options;
  const planned = await planFolder(options);
  const { plan, differences } = areTextsAsked
    ? await withWhatDiffers(options, planned)
    : { plan: planned.plan, differences: compareOutput(directory, planned.plan, planned.out) };
  const texts = areTextsAsked ? textsOf(directory, plan, differences) : new Map();
  return { differences, texts, notices: plan.notices, total: countFiles(plan) };
}

function textsOf(directory: string, { folders, skills }: Plan, differences: readonly Difference[]): Map<string, Texts> {
  const planned = new Map([
    ...folders.flatMap(({ path: folder, files }) =>
      [...files].map(([name, { text }]) => [path.posix.join(folder, name), text] as const),
    ),
    ...skills.map(({ path: file, content }) => [file, content] as const),
  ]);
  return new Map(
    differences.map(({ path: file }) => {
      return [file, { found: textOnDisk(path.join(directory, file)), planned: planned.get(file) ?? null }];
    }),
  );
}

/**
 * Says what an agent's folder holds, for those who run what is generated for it; reads and writes nothing generated. A peer's
 * contract that is not there, as where an agent is deployed alone, is no problem.
 *
 * @throws {ContractError} with every problem of the folder's files.
 */
export async function describeFolder(directory: string): Promise<FolderDescription> {
  const { describe } = await import('./describe.js');
  const { folder, model } = await compileFolder(directory, { areContractsOptional: true });
  return describe(folder, model);
}

interface PlannedFolder {
  readonly plan: Plan;
  readonly out: string;
  /** The files it was made from. */
  readonly inputs: readonly Input[];
  /** A hash of what else it was made from. */
  readonly surroundings: string;
  /** Whether it is the plan of an earlier run, which has hashes only. */
  readonly isRecalled: boolean;
}

/** What may be used of earlier runs: a whole plan, what single capabilities led to, or nothing. */
type Recall = 'all' | 'parts' | 'nothing';

async function planFolder(options: CodegenOptions, recall: Recall = 'all'): Promise<PlannedFolder> {
  const { directory, skills = true } = options;
  const out = innerFolder(options.out ?? 'generated');
  const cache = openCache(options.cache, directory, recall === 'nothing');
  const chosen = JSON.stringify([out, skills]);
  if (recall === 'all' && cache.run !== null) {
    const { inputs, shape } = cache.run;
    const surroundings = surroundingsOf(directory, readSkillFiles(directory));
    if (shape === surroundings + chosen && areSame(directory, inputs)) {
      return { plan: recallPlan(cache.run), out, inputs, surroundings, isRecalled: true };
    }
  }
  const files = sizeOf(directory) / BYTES_A_FILE;
  if (cache.run === null) startThreads(files);
  else startThreadForFew(files);
  const { folder, model, memory } = await compileFolder(directory, { memory: cache.memory }).catch(async (error) => {
    await endThreads();
    throw error;
  });
  const plan = await orTooDeep(folder, async () => {
    const { planOutput } = await import('./plan.js');
    return planOutput(model, folder.skillFiles, { out, skills, known: cache.known });
  });
  const { inputs } = folder;
  const surroundings = surroundingsOf(directory, folder.skillFiles);
  cache.save(toRemembered(plan, surroundings + chosen, inputs), memory);
  return { plan, out, inputs, surroundings, isRecalled: false };
}

/** How long a capability is, more or less. */
const BYTES_A_FILE = 2048;

interface CompiledFolder {
  readonly folder: AgentFolder;
  readonly model: AgentFolderModel;
  readonly memory: Memory;
}

async function compileFolder(directory: string, options: LoadOptions): Promise<CompiledFolder> {
  const [{ loadAgentFolder }, { compileAgentFolder, hasExamples }] = await Promise.all([
    import('./load.js'),
    import('./compile.js'),
  ]);
  const folder = loadAgentFolder(directory, options);
  // What checks them stands on ajv, which takes longer to load than an edit of a long contract takes here.
  const check = hasExamples(folder) ? (await import('./examples.js')).checkExamples : () => [];
  const compilation = compileAgentFolder(folder, check);
  if (compilation.model !== null) return { folder, model: compilation.model, memory: compilation.memory };
  // What is wrong is said of the whole.
  const { memory, ...rest } = options;
  if (memory !== undefined && memory.size > 0) return compileFolder(directory, rest);
  throw new ContractError(compilation.problems, folder.sources);
}

/** Emitting may fill the stack too. */
async function orTooDeep<T>(folder: AgentFolder, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof RangeError
      ? new ContractError([tooDeep(folder.capabilities?.main ?? folder.peers)], folder.sources)
      : error;
  }
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
