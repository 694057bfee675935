import { compileBus } from './compile-bus.js';
import { type CompiledContract, compileContract } from './compile-contract.js';
import type { SourceDocument } from './document.js';
import type { checkExamples } from './examples.js';
import { inputOf } from './inputs.js';
import { isObject, type Path } from './json.js';
import type { AgentFolder, ContractFiles, ContractMemory, Memory } from './load.js';
import type { AgentFolderModel, ContractModel } from './model.js';
import { duplicateName } from './names.js';
import type { Problem } from './problem.js';
import { addRecords } from './remember.js';
import { validateFormat } from './validate.js';

export interface Compilation {
  /** Null when there are problems, or when what is remembered of a contract does not go together with what is new. */
  readonly model: AgentFolderModel | null;
  readonly problems: readonly Problem[];
  /** What may be remembered of each contract. */
  readonly memory: Memory;
}

/** Turns the files of an agent's folder into the model, or says everything that is wrong with them. */
export function compileAgentFolder(folder: AgentFolder, check: typeof checkExamples): Compilation {
  const problems = [...folder.problems];
  if (folder.peers !== null) problems.push(...validateFormat('rpc-peers', folder.peers));
  if (folder.agent !== null) problems.push(...validateFormat('agent', folder.agent));
  const memory = new Map<string, ContractMemory>();
  let isWhole = true;
  const compile = (files: ContractFiles): ContractModel | null => {
    const compiled = compileContract(files, problems, check);
    isWhole &&= compiled !== null;
    if (compiled !== null && compiled.memory.size > 0)
      memory.set(files.main.file, memoryOf(folder.directory, files, compiled));
    return compiled?.contract ?? null;
  };
  const own = folder.capabilities === null ? null : compile(folder.capabilities);
  const peers: ContractModel[] = [];
  for (const peer of folder.peerContracts) {
    const contract = compile(peer.files);
    if (contract === null) continue;
    // An agent that lists itself has its client already.
    if (contract.agent !== own?.agent) peers.push(contract);
  }
  problems.push(...peerProblems(folder, own, peers));
  const bus = compileBus(folder, problems);
  const found = unique(problems);
  return { model: found.length > 0 || !isWhole ? null : { own, peers, bus }, problems: found, memory };
}

/** Whether there are examples to check; of what is remembered they have been. */
export function hasExamples({ capabilities, peerContracts }: AgentFolder): boolean {
  const contracts = [capabilities, ...peerContracts.map(({ files }) => files)];
  return contracts.some((files) => {
    const value = files?.main.value;
    const list = isObject(value) ? value['capabilities'] : undefined;
    return Array.isArray(list) && list.some((item) => isObject(item) && item['examples'] !== undefined);
  });
}

function memoryOf(directory: string, files: ContractFiles, { memory, work }: CompiledContract): ContractMemory {
  const { main, byPath, skeleton, recalled, records, passedOver } = files;
  const others = [...byPath.values()].filter((document) => document !== main);
  const inputs = [
    ...recalled,
    ...others.map(({ file, text }) => inputOf(directory, file, text)),
    ...passedOver.map((name) => inputOf(directory, name, null)),
  ];
  const byName = new Map(inputs.map((input) => [input.name, input] as const));
  return { skeleton, files: [...byName.values()], work, records: addRecords(records, memory) };
}

/** A contract that two peers share, or that a peer and the agent share, would report each problem twice. */
function unique(problems: readonly Problem[]): Problem[] {
  const id = ({ code, place, message }: Problem): string => JSON.stringify([code, place, message]);
  return [...new Map(problems.map((problem) => [id(problem), problem] as const)).values()];
}

function peerProblems(folder: AgentFolder, own: ContractModel | null, peers: readonly ContractModel[]): Problem[] {
  const document = folder.peers;
  const list = isObject(document?.value) ? document.value['peers'] : undefined;
  if (document === null || !Array.isArray(list)) return [];
  const problems: Problem[] = [];
  const seen = new Map<string, Path>();
  for (const [index, peer] of list.entries()) {
    const agent: unknown = isObject(peer) ? peer['agent'] : undefined;
    if (typeof agent !== 'string') continue;
    const path = ['peers', index, 'agent'];
    const first = seen.get(agent.toLowerCase());
    if (first !== undefined) problems.push(duplicateName('peer', agent, document, path, first));
    else seen.set(agent.toLowerCase(), path);
    if (own !== null && agent !== own.agent && agent.toLowerCase() === own.agent.toLowerCase()) {
      problems.push(caseCollision(agent, own, document, path));
    }
    const files = folder.peerContracts.find((contract) => contract.index === index)?.files;
    const contract = [own, ...peers].find((model) => model !== null && model.source === files?.main.file);
    if (contract && contract.agent !== agent) {
      problems.push({
        code: 'wrong-value',
        place: document.place(path),
        message: `The contract of ${agent} is the one of ${contract.agent}.`,
        fix: `Write ${contract.agent}, or name another contract.`,
      });
    }
  }
  return problems;
}

/** Output folders are named after agents, and some disks know no difference of case. */
function caseCollision(agent: string, own: ContractModel, document: SourceDocument, path: Path): Problem {
  return {
    code: 'duplicate-name',
    place: document.place(path),
    message: `The peer ${agent} differs from this agent, ${own.agent}, only by case.`,
    fix: `Write ${own.agent} if it is the same agent, or give one of the two another id.`,
  };
}
