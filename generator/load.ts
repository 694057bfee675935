import { existsSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { parseSource, type SourceDocument } from './document.js';
import { hashOf } from './hash.js';
import { parseItems } from './items.js';
import { isObject } from './json.js';
import { errorCode, OutputError } from './output-error.js';
import type { Problem, ProblemCode } from './problem.js';
import { type CapabilityRecords, type CompiledCapability, createRecall } from './remember.js';

export const MAX_FILE_BYTES: number = 4 * 1024 * 1024;

/** The files a person writes in an agent's folder. */
export const CAPABILITIES_FILE = 'capabilities.yaml';
export const PEERS_FILE = 'rpc-peers.yaml';
export const AGENT_FILE = 'agent.yaml';

/** A capabilities file with the files beside it that its schemas refer to. */
export interface ContractFiles {
  /** It lacks the capabilities that are remembered. */
  readonly main: SourceDocument;
  /** By path relative to the main file's folder, with `/`; the main file included. */
  readonly byPath: ReadonlyMap<string, SourceDocument>;
  /** Every capability of the file in order, if the file is long: its hash, and what it was compiled to before. */
  readonly items: readonly ContractItem[] | null;
  /** The hash of all in the main file that is no capability; empty where there are no items. */
  readonly skeleton: string;
  /** The hashes of the files beside it that what is remembered refers to, by the names that places use. */
  readonly recalled: Readonly<Record<string, string>>;
}

export interface ContractItem {
  readonly hash: string;
  /** Null for one that has yet to be compiled. */
  readonly compiled: CompiledCapability | null;
}

/** What an earlier run has made of the capabilities of a contract. */
export interface ContractMemory {
  /** The hash of all in the main file that is no capability. */
  readonly skeleton: string;
  /** The hashes of the files beside it, by the names that places use. */
  readonly files: Readonly<Record<string, string>>;
  readonly records: CapabilityRecords;
}

/** What is remembered of contracts, by the names of their main files; nothing, unless somebody remembers. */
export type Memory = ReadonlyMap<string, ContractMemory>;

/** A contract that a peer keeps, and where rpc-peers.yaml names it. */
export interface PeerContract {
  readonly index: number;
  readonly files: ContractFiles;
}

/** What the user's skills look like now. */
export interface SkillFiles {
  /** skills.ts; null where there is none. */
  readonly skillsText: string | null;
  /** The files in skills/, without their ending. */
  readonly names: ReadonlySet<string>;
}

export interface AgentFolder {
  readonly directory: string;
  readonly capabilities: ContractFiles | null;
  readonly peers: SourceDocument | null;
  readonly peerContracts: readonly PeerContract[];
  readonly agent: SourceDocument | null;
  readonly skillFiles: SkillFiles;
  readonly problems: readonly Problem[];
  /** Every text read, by the name that places use. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Reads everything in an agent's folder that generation depends on. The only phase that reads what people wrote. */
export function loadAgentFolder(directory: string, memory: Memory = new Map()): AgentFolder {
  const reader = createReader(directory, memory);
  const capabilitiesPath = path.join(directory, CAPABILITIES_FILE);
  const peersPath = path.join(directory, PEERS_FILE);
  const agentPath = path.join(directory, AGENT_FILE);
  const capabilities = existsSync(capabilitiesPath) ? readContract(capabilitiesPath, reader) : null;
  const peers = existsSync(peersPath) ? reader.read(peersPath) : null;
  const agent = existsSync(agentPath) ? reader.read(agentPath) : null;
  if (capabilities === null && peers === null && reader.problems.length === 0)
    reader.problems.push(nothingIn(directory));
  const peerContracts = peers === null ? [] : readPeerContracts(peers, directory, reader);
  const skillFiles = readSkillFiles(directory);
  const { problems, sources } = reader;
  return { directory, capabilities, peers, peerContracts, agent, skillFiles, problems, sources };
}

function nothingIn(directory: string): Problem {
  const place = { file: CAPABILITIES_FILE, line: 1, column: 1 };
  if (!existsSync(directory)) {
    return { code: 'file-missing', place, message: 'The folder does not exist.', fix: "Name an agent's folder." };
  }
  const other = readdirSync(directory).find((name) => /^(?:capabilities|rpc-peers)\.(?:yml|json)$/i.test(name));
  return {
    code: 'file-missing',
    place,
    message: `The folder has neither ${CAPABILITIES_FILE} nor ${PEERS_FILE}.`,
    fix:
      other === undefined
        ? `Name an agent's folder, or write a ${CAPABILITIES_FILE} that says what the agent can do.`
        : `Rename ${other} to ${other.replace(/\..*$/, '.yaml').toLowerCase()}.`,
  };
}

function readSkillFiles(directory: string): SkillFiles {
  const skillsText = readOrRefuse(directory, 'skills.ts', (file, stats) =>
    stats.isFile() ? readFileSync(file, 'utf8') : null,
  );
  const entries = readOrRefuse(directory, 'skills', (folder, stats) =>
    stats.isDirectory() ? readdirSync(folder) : null,
  );
  const files = (entries ?? []).filter((name) => name.endsWith('.ts'));
  return {
    skillsText,
    names: new Set(files.filter((name) => !name.endsWith('.test.ts')).map((name) => name.slice(0, -'.ts'.length))),
  };
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

/** How many bytes an agent's own capabilities have; a first guess at how much work there is. */
export function sizeOf(directory: string): number {
  return statSync(path.join(directory, CAPABILITIES_FILE), { throwIfNoEntry: false })?.size ?? 0;
}

/** The names of the files that decide what a folder leads to: those that were read, and those that are looked for. */
export function inputNames({ sources }: AgentFolder): string[] {
  return [...new Set([...sources.keys(), CAPABILITIES_FILE, PEERS_FILE, AGENT_FILE])].sort();
}

/** A hash of everything that was read of a folder. */
export function inputsOf(folder: AgentFolder): string {
  return hashInputs(inputNames(folder), (name) => folder.sources.get(name) ?? null, folder.skillFiles);
}

/** The hash that {@link inputsOf} would have of a folder with these names, if it were loaded now. */
export function currentInputs(directory: string, names: readonly string[]): string {
  const textOf = (name: string): string | null => {
    const text = readText(path.join(directory, name), name);
    return typeof text === 'string' ? text : null;
  };
  return hashInputs(names, textOf, readSkillFiles(directory));
}

function hashInputs(
  names: readonly string[],
  textOf: (name: string) => string | null,
  { skillsText, names: skills }: SkillFiles,
): string {
  const hashes = names.map((name) => [name, hashOf(textOf(name) ?? '\0')]);
  return hashOf(JSON.stringify([hashes, skillsText, [...skills].sort()]));
}

interface Reader {
  readonly problems: Problem[];
  readonly sources: Map<string, string>;
  /** Reads and parses one file; null, with problems noted, where that fails. */
  read(file: string, askedFrom?: Problem['place']): SourceDocument | null;
  /** Reads a capabilities file, without what is remembered of it. */
  readMain(file: string, askedFrom?: Problem['place']): Omit<ContractFiles, 'byPath'> | null;
}

function createReader(directory: string, memory: Memory): Reader {
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  const documents = new Map<string, SourceDocument | null>();
  const nameOf = (file: string): string => path.relative(directory, file).split(path.sep).join('/');
  const textOf = (file: string, askedFrom?: Problem['place']): string | null => {
    const name = nameOf(file);
    const text = readText(file, name);
    if (typeof text === 'string') sources.set(name, text);
    else problems.push({ ...text, place: askedFrom ?? { file: name, line: 1, column: 1 } });
    return typeof text === 'string' ? text : null;
  };
  const parse = (file: string, text: string): SourceDocument | null => {
    const parsed = parseSource(nameOf(file), text);
    problems.push(...parsed.problems);
    return parsed.problems.length === 0 ? parsed.document : null;
  };
  const read = (file: string, askedFrom?: Problem['place']): SourceDocument | null => {
    const known = documents.get(file);
    if (known !== undefined) return known;
    const text = textOf(file, askedFrom);
    const document = text === null ? null : parse(file, text);
    documents.set(file, document);
    return document;
  };
  /** What is remembered holds as long as every file is as it was that capabilities may refer to. */
  const recall = (name: string): ContractMemory | null => {
    const found = memory.get(name);
    const files = Object.entries(found?.files ?? {});
    const isSame = files.every(([other, hash]) => {
      const text = readText(path.join(directory, other), other);
      if (typeof text === 'string') sources.set(other, text);
      return typeof text === 'string' && hashOf(text) === hash;
    });
    return found !== undefined && isSame ? found : null;
  };
  const mains = new Map<string, Omit<ContractFiles, 'byPath'> | null>();
  const readMain = (file: string, askedFrom?: Problem['place']): Omit<ContractFiles, 'byPath'> | null => {
    const known = mains.get(file);
    if (known !== undefined) return known;
    const found = parseMain(file, askedFrom);
    mains.set(file, found);
    return found;
  };
  const parseMain = (file: string, askedFrom?: Problem['place']): Omit<ContractFiles, 'byPath'> | null => {
    const name = nameOf(file);
    const text = textOf(file, askedFrom);
    if (text === null) return null;
    const remembered = recall(name);
    const isKnown = (skeleton: string, item: string): boolean =>
      remembered?.skeleton === skeleton && Object.hasOwn(remembered.records.capabilities, item);
    const parsed = parseItems(name, text, isKnown);
    if (parsed === null) {
      const main = read(file, askedFrom);
      return main === null ? null : { main, items: null, skeleton: '', recalled: {} };
    }
    const compiled = remembered === null ? null : createRecall(remembered.records);
    const items = parsed.items.map(({ hash, isLeftOut }) => ({
      hash,
      compiled: isLeftOut ? (compiled?.(hash) ?? null) : null,
    }));
    const isPart = items.some(({ compiled }) => compiled !== null);
    const recalled = isPart ? (remembered?.files ?? {}) : {};
    return { main: parsed.document, items, skeleton: parsed.skeleton, recalled };
  };
  return { problems, sources, read, readMain };
}

/** Why a file cannot be read, and what to do. */
export type Unreadable = { readonly code: ProblemCode; readonly message: string; readonly fix: string };

/** The text of a file, or why there is none; `name` is what a sentence calls it. */
export function readText(file: string, name: string): string | Unreadable {
  let stats: Stats;
  let bytes: Buffer;
  try {
    stats = statSync(file);
    if (!stats.isFile()) return unreadable(`${name} is not a file.`, 'Name a file.');
    if (stats.size > MAX_FILE_BYTES) {
      return unreadable(`${name} has ${stats.size} bytes, more than 4 MiB.`, 'Split the contract into several agents.');
    }
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return {
        code: 'file-missing',
        message: `The file ${name} does not exist.`,
        fix: 'Correct the path, or add the file.',
      };
    }
    return unreadable(
      `${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'}).`,
      'Make it readable.',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unreadable(`${name} is not UTF-8 text.`, 'Save the file as UTF-8.');
  }
}

function unreadable(message: string, fix: string): Unreadable {
  return { code: 'file-unreadable', message, fix };
}

function readContract(file: string, reader: Reader, askedFrom?: Problem['place']): ContractFiles | null {
  const found = reader.readMain(file, askedFrom);
  if (found === null) return null;
  const { main } = found;
  const home = path.dirname(file);
  const byPath = new Map<string, SourceDocument>([[path.basename(file), main]]);
  const queue = [{ document: main, folder: '' }];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const reference of fileReferences(next.document.value)) {
      const relative = path.posix.normalize(path.posix.join(next.folder, reference));
      if (byPath.has(relative) || !isInside(home, relative)) continue;
      const document = reader.read(path.join(home, relative));
      if (document === null) continue;
      byPath.set(relative, document);
      queue.push({ document, folder: path.posix.dirname(relative) === '.' ? '' : path.posix.dirname(relative) });
    }
  }
  return { ...found, byPath };
}

/** Whether a relative path names an existing file inside `home`, links followed. What is outside is never opened. */
export function isInside(home: string, relative: string): boolean {
  if (relative.startsWith('..') || path.posix.isAbsolute(relative)) return false;
  try {
    const real = realpathSync(path.join(home, relative));
    return real.startsWith(realpathSync(home) + path.sep);
  } catch {
    return false;
  }
}

/** The relative file parts of every `$ref` in a document; more than its schemas hold, which does no harm. */
export function fileReferences(value: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (node: unknown, isNames = false): void => {
    if (Array.isArray(node)) {
      for (const item of node) walk(item);
    } else if (isObject(node)) {
      const reference = node['$ref'];
      if (typeof reference === 'string') {
        const file = decodePath(reference.split('#', 1)[0] ?? '');
        if (file !== '' && !/^[a-z][a-z0-9+.-]*:/i.test(file)) found.add(file);
      }
      for (const [key, item] of Object.entries(node)) {
        // Under `properties` a name is a name, and what it leads to is a schema.
        if (isNames || !DATA_KEYWORDS.has(key)) walk(item, NAME_KEYWORDS.has(key));
      }
    }
  };
  walk(value);
  return found;
}

/** What stands under these is data, in which a `$ref` means nothing. */
const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'example']);

/** What stands under these has names of the contract's own as keys. */
const NAME_KEYWORDS: ReadonlySet<string> = new Set([
  ...['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas', 'dependencies'],
]);

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

function readPeerContracts(peers: SourceDocument, directory: string, reader: Reader): PeerContract[] {
  const list = isObject(peers.value) ? peers.value['peers'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((peer: unknown, index) => {
    const contract = isObject(peer) ? peer['contract'] : undefined;
    if (typeof contract !== 'string' || contract === '') return [];
    const file = path.resolve(directory, contract);
    const place = peers.place(['peers', index, 'contract']);
    const objection = objectionTo(contract, file, directory);
    if (objection !== null) {
      reader.problems.push({ code: 'file-unreadable', place, ...objection });
      return [];
    }
    const files = readContract(file, reader, place);
    return files === null ? [] : [{ index, files }];
  });
}

/** Why a path that a peer's entry gives is not followed: a contract file may come from somebody else. */
function objectionTo(
  contract: string,
  file: string,
  directory: string,
): { readonly message: string; readonly fix: string } | null {
  if (!/\.(?:ya?ml|json)$/.test(contract) || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(contract)) {
    return { message: `"${contract}" is not the path of a YAML file.`, fix: 'Name a file that ends in .yaml.' };
  }
  const root = projectOf(directory);
  const real = existsSync(file) ? realpathSync(file) : file;
  if (real.startsWith(root + path.sep)) return null;
  return {
    message: `"${contract}" lies outside the project, which is the folder ${path.relative(directory, root) || '.'}.`,
    fix: "Copy the peer's capabilities file into the project and name the copy.",
  };
}

/** The git repository that the folder is in; else the folder around the agent's, where its peers are. */
function projectOf(directory: string): string {
  const start = existsSync(directory) ? realpathSync(directory) : directory;
  for (let folder = start; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, '.git'))) return folder;
  }
  return path.dirname(start);
}
