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
  const tasks = new Map(contracts.map((contract) => [contract, tasksOf(contract, options.known)] as const));
  // Threads make these while the others are made here.
  const [made, ...whole] = await Promise.all([
    planTasks([...tasks.values()].flat(), options.known),
    ...[...tasks].map(([contract, own]) => planWhole(contract, own, contract === model.own, options.known)),
  ]);
  const folders = [...tasks].map(([contract, own], index) => {
    const files = [
      ...own.map(({ task }) => [task.path, made.get(task) as PlannedFile] as const),
      ...(whole[index] ?? []),
    ];
    return withManifest(path.posix.join(options.out, contract.id), new Map(files));
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

interface KeyedTask {
  readonly task: FileTask;
  readonly key: string;
  /** The hash of the file; undefined where no earlier run has made it. */
  readonly hash: string | undefined;
}

/** The files of a contract that can be made apart from each other. */
function tasksOf({ source, capabilities, definitions }: ContractModel, known: KnownFiles): KeyedTask[] {
  const tasks: FileTask[] = [
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
  return tasks.map((task) => {
    const key = keyOf(task);
    return { task, key, hash: known.get(key) };
  });
}

/** Makes what no earlier run has made. */
async function planTasks(tasks: readonly KeyedTask[], known: KnownFiles): Promise<Map<FileTask, PlannedFile>> {
  const planned = new Map<FileTask, PlannedFile>();
  const missing = tasks.filter(({ hash }) => hash === undefined);
  for (const { task, hash } of tasks) if (hash !== undefined) planned.set(task, { hash, text: null, source: task });
  const texts = await emitFiles(missing.map(({ task }) => task));
  for (const [index, { task, key }] of missing.entries()) {
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

/** The files that show the whole contract. */
async function planWhole(
  contract: ContractModel,
  tasks: readonly KeyedTask[],
  isOwn: boolean,
  known: KnownFiles,
): Promise<Map<string, PlannedFile>> {
  const files = new Map<string, PlannedFile>();
  const novelty = noveltyOf(contract, tasks, isOwn, known);
  const add = (name: string, emit: (contract: ContractModel, file: SourceFile) => void): void => {
    const show = (shown: ContractModel): SourceFile => {
      const file = createSourceFile(name, header(contract.source));
      emit(shown, file);
      return file;
    };
    files.set(name, planSource(show(contract), novelty && show(novelty), known));
  };
  add('contract.gen.ts', emitContract);
  add('client.gen.ts', emitClient);
  if (isOwn) add('server.gen.ts', emitServer);
  add('tools.gen.ts', emitTools);
  add('index.ts', (shown, file) => emitEntry(shown, isOwn, file));
  return files;
}

/**
 * The contract with those capabilities alone that no earlier run has made files of, so that what they add to a file can be
 * looked through without all the rest; null where the contract itself is another.
 */
function noveltyOf(
  contract: ContractModel,
  tasks: readonly KeyedTask[],
  isOwn: boolean,
  known: KnownFiles,
): ContractModel | null {
  const { capabilities: _, definitions: __, ...itself } = contract;
  const key = hashOf(JSON.stringify([header(contract.source), isOwn, itself]));
  const isKnown = known.get(key) !== undefined;
  known.set(key, key);
  const capabilities = tasks.flatMap(({ task, hash }) =>
    'capability' in task && hash === undefined ? [task.capability] : [],
  );
  return isKnown ? { ...contract, capabilities } : null;
}

/** The file; what it is made from is often as it was, since some of them show the names of capabilities alone. */
function planSource(source: SourceFile, novelty: SourceFile | null, known: KnownFiles): PlannedFile {
  const key = source.key();
  const hash = known.get(key);
  if (hash !== undefined) return { hash, text: null, source };
  const file = withText(source.text(novelty ?? undefined));
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
