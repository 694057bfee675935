import { existsSync, readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import path from 'node:path';
import { parseSource, type SourceDocument } from './document.js';
import { isObject } from './json.js';
import type { Problem, ProblemCode } from './problem.js';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The files a person writes in an agent's folder. */
export const CAPABILITIES_FILE = 'capabilities.yaml';
export const PEERS_FILE = 'rpc-peers.yaml';
export const AGENT_FILE = 'agent.yaml';

/** A capabilities file with the files beside it that its schemas refer to. */
export interface ContractFiles {
  readonly main: SourceDocument;
  /** By path relative to the main file's folder, with `/`; the main file included. */
  readonly byPath: ReadonlyMap<string, SourceDocument>;
}

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
export function loadAgentFolder(directory: string): AgentFolder {
  const reader = createReader(directory);
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
  const file = path.join(directory, 'skills.ts');
  const folder = path.join(directory, 'skills');
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  const files = isFolder ? readdirSync(folder).filter((name) => name.endsWith('.ts')) : [];
  return {
    skillsText: isFile ? readFileSync(file, 'utf8') : null,
    names: new Set(files.filter((name) => !name.endsWith('.test.ts')).map((name) => name.slice(0, -'.ts'.length))),
  };
}

interface Reader {
  readonly problems: Problem[];
  readonly sources: Map<string, string>;
  /** Reads and parses one file; null, with problems noted, where that fails. */
  read(file: string, askedFrom?: Problem['place']): SourceDocument | null;
}

function createReader(directory: string): Reader {
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  const documents = new Map<string, SourceDocument | null>();
  const read = (file: string, askedFrom?: Problem['place']): SourceDocument | null => {
    const known = documents.get(file);
    if (known !== undefined) return known;
    const name = path.relative(directory, file).split(path.sep).join('/');
    const text = readText(file, name);
    let document: SourceDocument | null = null;
    if (typeof text !== 'string') {
      problems.push({ ...text, place: askedFrom ?? { file: name, line: 1, column: 1 } });
    } else {
      sources.set(name, text);
      const parsed = parseSource(name, text);
      problems.push(...parsed.problems);
      if (parsed.problems.length === 0) document = parsed.document;
    }
    documents.set(file, document);
    return document;
  };
  return { problems, sources, read };
}

type Unreadable = { readonly code: ProblemCode; readonly message: string; readonly fix: string };

function readText(file: string, name: string): string | Unreadable {
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
  const main = reader.read(file, askedFrom);
  if (main === null) return null;
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
  return { main, byPath };
}

/** Whether a relative path names an existing file inside `home`, links followed. What is outside is never opened. */
function isInside(home: string, relative: string): boolean {
  if (relative.startsWith('..') || path.posix.isAbsolute(relative)) return false;
  try {
    const real = realpathSync(path.join(home, relative));
    return real.startsWith(realpathSync(home) + path.sep);
  } catch {
    return false;
  }
}

/** The relative file parts of every `$ref` in a document; more than its schemas hold, which does no harm. */
function fileReferences(value: unknown): Set<string> {
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
