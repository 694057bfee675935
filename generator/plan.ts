import path from 'node:path';
import { digestOf } from './digest.js';
import { emitBus } from './emit/bus.js';
import { emitClient } from './emit/client.js';
import { emitContract } from './emit/contract.js';
import { emitEntry } from './emit/entry.js';
import { emitServer } from './emit/server.js';
import { emitTools } from './emit/tools.js';
import type { FileTask } from './emit-file.js';
import { emitFiles } from './emit-files.js';
import { AGENT_FILE } from './files.js';
import { hashOf } from './hash.js';
import { HEADER, MANIFEST, manifestText } from './manifest.js';
import type { AgentFolderModel, ContractModel } from './model.js';
import { planSkills, type SkillFile, type SkillsPlan } from './plan-skills.js';
import { createSourceFile, lineText, type SourceFile } from './print.js';
import type { SkillFiles } from './skill-files.js';

/** A file as it should be. */
export interface PlannedFile {
  readonly hash: string;
  /** Null where an earlier run has made it; what `source` is makes it again. */
  readonly text: string | null;
  readonly source: FileTask | SourceFile | null;
}

/** A folder that codegen owns, with all that it should hold. */
export interface OutputFolder {
  /** Relative to the agent's folder, with `/`. */
  readonly path: string;
  /** By path relative to this folder; the manifest is among them. */
  readonly files: ReadonlyMap<string, PlannedFile>;
  /** Whether other output folders are inside it, which speak for themselves. */
  readonly holdsOthers: boolean;
}

export interface Plan {
  readonly folders: readonly OutputFolder[];
  readonly skills: readonly SkillFile[];
  /** Sentences about what was left as it is. */
  readonly notices: readonly string[];
}

export interface PlanOptions {
  /** Where generated folders go, relative to the agent's folder. */
  readonly out: string;
  /** Whether skill files are started. */
  readonly skills: boolean;
  /** What earlier runs have made, which need not be made again. */
  readonly known: KnownFiles;
}

/** The hashes of files that were made before, by what they were made from. */
export interface KnownFiles {
  get(key: string): string | undefined;
  set(key: string, hash: string): void;
}

/** Decides every file and its content. Reads and writes nothing. */
export async function planOutput(model: AgentFolderModel, existing: SkillFiles, options: PlanOptions): Promise<Plan> {
  const contracts = [model.own, ...model.peers].filter((contract) => contract !== null);
  const tasks = new Map(contracts.map((contract) => [contract, tasksOf(contract)] as const));
  const made = await planTasks([...tasks.values()].flat(), options.known);
  const folders = [...tasks].map(([contract, own]) => {
    const files = new Map(own.map((task) => [task.path, made.get(task) as PlannedFile] as const));
    return contractFolder(contract, contract === model.own, files, options);
  });
  if (model.bus !== null) {
    const file = createSourceFile('bus.gen.ts', header(model.bus.sources.join(' and ')));
    emitBus(model.bus, file);
    folders.push(withManifest(options.out, new Map([[file.path, withText(file.text())]]), true));
  }
  const { skills, notices } =
    options.skills && model.own !== null ? await planSkills(model.own, existing, options.out) : NO_SKILLS;
  return { folders, skills, notices: model.bus === null ? [NO_ADDRESS, ...notices] : notices };
}

const NO_SKILLS: SkillsPlan = { skills: [], notices: [] };
const NO_ADDRESS = `No bus.gen.ts was written, since nothing gives this agent an address; add ${AGENT_FILE} with "name:".`;

/** The files of a contract that can be made apart from each other. */
function tasksOf(contract: ContractModel): FileTask[] {
  const { source, capabilities, definitions } = contract;
  return [
    ...capabilities.map((capability) => ({
      path: `capabilities/${capability.name}.gen.ts`,
      header: header(source),
      capability,
    })),
    ...definitions.map((definition) => ({
      path: `${definition.module}.gen.ts`,
      header: header(source),
      definition,
    })),
  ];
}

/** Makes what no earlier run has made. */
async function planTasks(tasks: readonly FileTask[], known: KnownFiles): Promise<Map<FileTask, PlannedFile>> {
  const planned = new Map<FileTask, PlannedFile>();
  const missing = new Map<FileTask, string>();
  for (const task of tasks) {
    const key = keyOf(task);
    const hash = known.get(key);
    if (hash === undefined) missing.set(task, key);
    else planned.set(task, { hash, text: null, source: task });
  }
  const texts = await emitFiles([...missing.keys()]);
  for (const [index, [task, key]] of [...missing].entries()) {
    const file = withText(texts[index] as string);
    known.set(key, file.hash);
    planned.set(task, file);
  }
  return planned;
}

/** What a file is made from, as a hash: equal ones lead to equal files. */
function keyOf(task: FileTask): string {
  const digest = 'capability' in task ? task.capability.digest : digestOf(task.definition);
  return hashOf(JSON.stringify([task.path, task.header, digest]));
}

/** Adds the files that show the whole contract to those of its parts. */
function contractFolder(
  contract: ContractModel,
  isOwn: boolean,
  files: Map<string, PlannedFile>,
  { out, known }: PlanOptions,
): OutputFolder {
  const add = (name: string, emit: (file: SourceFile) => void): void => {
    const file = createSourceFile(name, header(contract.source));
    emit(file);
    files.set(name, planSource(file, known));
  };
  add('contract.gen.ts', (file) => emitContract(contract, file));
  add('client.gen.ts', (file) => emitClient(contract, file));
  if (isOwn) add('server.gen.ts', (file) => emitServer(contract, file));
  add('tools.gen.ts', (file) => emitTools(contract, file));
  add('index.ts', (file) => emitEntry(contract, isOwn, file));
  return withManifest(path.posix.join(out, contract.id), files);
}

/** The file; what it is made from is often as it was, since some of them show the names of capabilities alone. */
function planSource(source: SourceFile, known: KnownFiles): PlannedFile {
  const key = source.key();
  const hash = known.get(key);
  if (hash !== undefined) return { hash, text: null, source };
  const file = withText(source.text());
  known.set(key, file.hash);
  return file;
}

function header(source: string): string {
  return `${HEADER} from ${lineText(source)}. Do not edit: the next run overwrites it.\n/* eslint-disable */`;
}

function withText(text: string): PlannedFile {
  return { hash: hashOf(text), text, source: null };
}

function withManifest(folder: string, files: Map<string, PlannedFile>, holdsOthers = false): OutputFolder {
  const manifest = manifestText(new Map([...files].map(([name, { hash }]) => [name, hash] as const)));
  return { path: folder, files: files.set(MANIFEST, withText(manifest)), holdsOthers };
}

/**
 * The plan with the text of each file that is to be written, by paths relative to the agent's folder; null where what was
 * known of a file is not what it turns out to be.
 */
export async function withTexts(plan: Plan, paths: ReadonlySet<string>): Promise<Plan | null> {
  const sources = plan.folders.flatMap(({ path: folder, files }) =>
    [...files].flatMap(([name, { source }]) =>
      source !== null && paths.has(path.posix.join(folder, name)) ? [source] : [],
    ),
  );
  const tasks = sources.filter((source): source is FileTask => !('text' in source));
  const texts = await emitFiles(tasks);
  const made = new Map<FileTask | SourceFile, PlannedFile>(
    tasks.map((task, index) => [task, withText(texts[index] as string)]),
  );
  for (const source of sources) if ('text' in source) made.set(source, withText(source.text()));
  const folders = plan.folders.map((folder) => ({
    ...folder,
    files: new Map(
      [...folder.files].map(([name, file]) => [name, (file.source && made.get(file.source)) ?? file] as const),
    ),
  }));
  const isTrue = plan.folders.every(({ files }, index) =>
    [...files].every(([name, { hash }]) => folders[index]?.files.get(name)?.hash === hash),
  );
  return isTrue ? { ...plan, folders } : null;
}
