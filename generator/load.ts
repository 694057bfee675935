import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseSource, type SourceDocument } from './document.js';
import { AGENT_FILE, CAPABILITIES_FILE, isInside, objectionTo, PEERS_FILE, readText } from './files.js';
import { followReferences } from './follow.js';
import { type Input, inputOf, textIfSame } from './inputs.js';
import { parseItems } from './items.js';
import { isObject } from './json.js';
import type { Problem } from './problem.js';
import { type CapabilityRecords, type CompiledCapability, createRecall, isRecorded } from './remember.js';
import { readSkillFiles, type SkillFiles } from './skill-files.js';

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
  /** The files beside it that decided what is remembered. */
  readonly recalled: readonly Input[];
  /** How much work its patterns took that are remembered. */
  readonly work: number;
  /** What is remembered. */
  readonly records: readonly CapabilityRecords[];
  /** The names of files that it refers to and that are not read. */
  readonly passedOver: readonly string[];
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
  /** The files beside it. */
  readonly files: readonly Input[];
  /** How much work its patterns took. */
  readonly work: number;
  /** What was compiled at once is in one, the latest in the last. */
  readonly records: readonly CapabilityRecords[];
}

/** What is remembered of contracts, by the names of their main files; nothing, unless somebody remembers. */
export type Memory = ReadonlyMap<string, ContractMemory>;

/** A contract that a peer keeps, and where rpc-peers.yaml names it. */
export interface PeerContract {
  readonly index: number;
  readonly files: ContractFiles;
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
  /** What decided which files were read, and what they hold. */
  readonly inputs: readonly Input[];
}

export interface LoadOptions {
  /** What earlier runs remember; nothing unless set. */
  readonly memory?: Memory;
  /** Whether peers' contracts that cannot be read are no problem: generated code is there, and runs without. */
  readonly areContractsOptional?: boolean;
}

/** Reads everything in an agent's folder that generation depends on. The only phase that reads what people wrote. */
export function loadAgentFolder(directory: string, options: LoadOptions = {}): AgentFolder {
  const { memory = new Map(), areContractsOptional = false } = options;
  const reader = createReader(directory, memory);
  const capabilitiesPath = path.join(directory, CAPABILITIES_FILE);
  const peersPath = path.join(directory, PEERS_FILE);
  const agentPath = path.join(directory, AGENT_FILE);
  const capabilities = existsSync(capabilitiesPath) ? readContract(capabilitiesPath, reader) : null;
  const peers = existsSync(peersPath) ? reader.read(peersPath) : null;
  const agent = existsSync(agentPath) ? reader.read(agentPath) : null;
  if (capabilities === null && peers === null && reader.problems.length === 0)
    reader.problems.push(nothingIn(directory));
  const peerContracts = peers === null ? [] : readPeerContracts(peers, directory, areContractsOptional, reader);
  const skillFiles = readSkillFiles(directory);
  const { problems, sources } = reader;
  const looked = [CAPABILITIES_FILE, PEERS_FILE, AGENT_FILE, ...reader.passedOver].filter((name) => !sources.has(name));
  const inputs = [
    ...[...sources].map(([name, text]) => inputOf(directory, name, text)),
    ...looked.map((name) => inputOf(directory, name, null)),
  ];
  return { directory, capabilities, peers, peerContracts, agent, skillFiles, problems, sources, inputs };
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

type MainFile = Omit<ContractFiles, 'byPath' | 'passedOver'>;

interface Reader {
  readonly problems: Problem[];
  readonly sources: Map<string, string>;
  /** The names of files that something refers to and that are not read: there is none, or it lies outside. */
  readonly passedOver: Set<string>;
  /** Reads and parses one file; null, with problems noted, where that fails. */
  read(file: string, askedFrom?: Problem['place']): SourceDocument | null;
  /** Reads a capabilities file, without what is remembered of it. */
  readMain(file: string, askedFrom?: Problem['place']): MainFile | null;
}

function createReader(directory: string, memory: Memory): Reader {
  const problems: Problem[] = [];
  const sources = new Map<string, string>();
  const passedOver = new Set<string>();
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
    const texts = (found?.files ?? []).map((input) => [input.name, textIfSame(directory, input)] as const);
    if (found === undefined || texts.some(([, text]) => text === undefined)) return null;
    for (const [other, text] of texts) {
      if (typeof text === 'string') sources.set(other, text);
      else passedOver.add(other);
    }
    return found;
  };
  const mains = new Map<string, MainFile | null>();
  const readMain = (file: string, askedFrom?: Problem['place']): MainFile | null => {
    const known = mains.get(file);
    if (known !== undefined) return known;
    const found = parseMain(file, askedFrom);
    mains.set(file, found);
    return found;
  };
  const parseMain = (file: string, askedFrom?: Problem['place']): MainFile | null => {
    const name = nameOf(file);
    const text = textOf(file, askedFrom);
    if (text === null) return null;
    const remembered = recall(name);
    const isKnown = (skeleton: string, item: string): boolean =>
      remembered?.skeleton === skeleton && isRecorded(remembered.records, item);
    const parsed = parseItems(name, text, isKnown);
    if (parsed === null) {
      const main = read(file, askedFrom);
      return main === null ? null : { main, items: null, skeleton: '', recalled: [], work: 0, records: [] };
    }
    const compiled = remembered === null ? null : createRecall(remembered.records);
    const items = parsed.items.map(({ hash, isLeftOut }) => ({
      hash,
      compiled: isLeftOut ? (compiled?.(hash) ?? null) : null,
    }));
    const isPart = items.some(({ compiled }) => compiled !== null);
    const { files: recalled, work, records } = (isPart ? remembered : null) ?? NOTHING_REMEMBERED;
    return { main: parsed.document, items, skeleton: parsed.skeleton, recalled, work, records };
  };
  return { problems, sources, passedOver, read, readMain };
}

const NOTHING_REMEMBERED: Omit<ContractMemory, 'skeleton'> = { files: [], work: 0, records: [] };

function readContract(file: string, reader: Reader, askedFrom?: Problem['place']): ContractFiles | null {
  const found = reader.readMain(file, askedFrom);
  if (found === null) return null;
  const { main } = found;
  const home = path.dirname(file);
  const { byPath, passedOver } = followReferences(main, path.basename(file), {
    has: (relative) => isInside(home, relative),
    read: (relative) => reader.read(path.join(home, relative)),
  });
  const names = passedOver.map((relative) => path.posix.join(path.posix.dirname(main.file), relative));
  for (const name of names) reader.passedOver.add(name);
  return { ...found, byPath, passedOver: names };
}

function readPeerContracts(
  peers: SourceDocument,
  directory: string,
  areOptional: boolean,
  reader: Reader,
): PeerContract[] {
  const list = isObject(peers.value) ? peers.value['peers'] : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((peer: unknown, index) => {
    const contract = isObject(peer) ? peer['contract'] : undefined;
    if (typeof contract !== 'string' || contract === '') return [];
    const file = path.resolve(directory, contract);
    const place = peers.place(['peers', index, 'contract']);
    const objection = objectionTo(contract, file, directory);
    if (areOptional && (objection !== null || !existsSync(file))) return [];
    if (objection !== null) {
      reader.problems.push({ code: 'file-unreadable', place, ...objection });
      return [];
    }
    const files = readContract(file, reader, place);
    return files === null ? [] : [{ index, files }];
  });
}
