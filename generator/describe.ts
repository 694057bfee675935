import { isObject, type JsonObject } from './json.js';
import type { AgentFolder } from './load.js';
import type { AgentFolderModel, BusModel, ContractModel } from './model.js';
import { agentNames } from './names.js';

/** What agent.yaml says of an agent, checked against its format. */
export interface AgentSettings {
  readonly name?: string;
  readonly provider?: 'anthropic' | 'offline';
  readonly model?: string;
  readonly systemPrompt?: string;
  /** The skills that are used, by their names in skills/; all unless set. */
  readonly skills?: readonly string[];
  readonly tools?: { readonly defaults?: readonly string[] };
  readonly permissions?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly maxTokens?: number;
  readonly maxIterations?: number;
}

/** An agent's folder, for those who run what is generated for it. */
export interface FolderDescription {
  /** `agent://concierge`; null for a folder that says no address. */
  readonly agent: string | null;
  readonly settings: AgentSettings;
  /** The agent's own contract; null for an agent that only calls. */
  readonly own: ContractDescription | null;
  /** The contracts of its peers that have one, also those that are not there to be read. */
  readonly peers: readonly ContractDescription[];
  /** Every agent that rpc-peers.yaml names, with or without a contract. */
  readonly peerAgents: readonly string[];
  /** Every kind of transport that is named, in code-point order. */
  readonly transportKinds: readonly string[];
  /** Where the agent and its peers stand, as the YAML says it, with each `${env:…}` in place; null with no address. */
  readonly bus: BusDescription | null;
}

export interface BusDescription {
  readonly transports: readonly JsonObject[];
  /** Each with an `agent` and its `transports`. */
  readonly peers: readonly JsonObject[];
  /** How the agent signs what it sends; null where it says nothing. */
  readonly auth: JsonObject | null;
  /** `file:line:col` of each string that holds `${env:…}`, by JSON Pointer into the three above. */
  readonly places: Readonly<Record<string, string>>;
}

/** What generated code of a contract is called. */
export interface ContractDescription {
  readonly agent: string;
  /** The name of its folder below `generated/`. */
  readonly id: string;
  /** `prReviewer`, before `Contract` and `Tools` in the names of exports. */
  readonly valueName: string;
  /** The path of the capabilities file, relative to the agent's folder. */
  readonly source: string;
  /** Whether the contract is there to be read; of one that is not, nothing is known but what its address says. */
  readonly isRead: boolean;
  /** Empty where it is not read. */
  readonly capabilities: readonly CapabilityDescription[];
}

export interface CapabilityDescription {
  readonly name: string;
  /** The file in skills/ that implements it, without its ending. */
  readonly skill: string;
  /** What that file exports. */
  readonly valueName: string;
  /** Its name in the object that skills.ts exports. */
  readonly member: string;
}

/** Says what a folder holds that codegen takes. */
export function describe(folder: AgentFolder, model: AgentFolderModel): FolderDescription {
  const { own, peers, bus } = model;
  const settings = isObject(folder.agent?.value) ? folder.agent.value : {};
  return {
    agent: bus?.agent ?? null,
    settings: settings as AgentSettings,
    own: own === null ? null : describeContract(own),
    peers: [...peers.map(describeContract), ...describeAbsent(folder, model)],
    peerAgents: (bus?.peers ?? []).map((peer) => String(peer['agent'])),
    transportKinds: bus?.kinds ?? [],
    bus: bus === null ? null : describeBus(bus),
  };
}

function describeBus({ transports, peers, auth, places }: BusModel): BusDescription {
  return { transports, peers, auth, places: Object.fromEntries(places) };
}

/** The peers whose contracts are not there; what is generated of one is called by its address alone. */
function describeAbsent({ peers: document }: AgentFolder, { own, peers }: AgentFolderModel): ContractDescription[] {
  const known = new Set([own, ...peers].map((model) => model?.agent));
  const list = isObject(document?.value) ? document.value['peers'] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject).flatMap(({ agent, contract }) => {
    if (typeof agent !== 'string' || typeof contract !== 'string' || known.has(agent)) return [];
    known.add(agent);
    const id = agent.replace('agent://', '');
    return [{ agent, id, valueName: agentNames(id).value, source: contract, isRead: false, capabilities: [] }];
  });
}

function describeContract({ agent, id, names, source, capabilities }: ContractModel): ContractDescription {
  return {
    agent,
    id,
    valueName: names.value,
    source,
    isRead: true,
    capabilities: capabilities.map(({ name, skill, names: { value, member } }) => {
      return { name, skill, valueName: value, member };
    }),
  };
}
