import type { SourceDocument } from './document.js';
import { AGENT_FILE } from './files.js';
import { isObject, type JsonObject, type Path, pointerOfPath } from './json.js';
import type { AgentFolder } from './load.js';
import { type BusModel, byCodePoint } from './model.js';
import { type Problem, placeText } from './problem.js';

/** Keys of a transport that belong to one agent's topics; the rest says how to reach the broker. */
const DESTINATION_KEYS: ReadonlySet<string> = new Set(['topics', 'subjects', 'queues']);

/**
 * The own address with transports and peers, from capabilities.yaml, agent.yaml and rpc-peers.yaml. Null for a folder
 * that says no address, which then has no bus to connect.
 */
export function compileBus(folder: AgentFolder, problems: Problem[]): BusModel | null {
  const capabilities = folder.capabilities?.main ?? null;
  const agent = addressOf(capabilities, folder.agent, problems);
  if (agent === null) return null;
  const places = new Map<string, string>();
  const peers = listOf(folder.peers, 'peers').map(({ value, path, document }, index) => {
    const { contract: _, ...kept } = value;
    notePlaces(kept, path, document, ['peers', index], places);
    return kept;
  });
  const ownTransports = capabilities === null ? connectionsOf(folder.peers) : listOf(capabilities, 'transports');
  const transports = ownTransports.map(({ value, path, document }, index) => {
    notePlaces(value, path, document, ['transports', index], places);
    return value;
  });
  const kinds = new Set(
    [...transports, ...peers.flatMap((peer) => transportsOf(peer))].map((item) => String(item['kind'])),
  );
  const sources = [capabilities, folder.agent, folder.peers].flatMap((document) =>
    document === null ? [] : [document.file],
  );
  const auth = authOf(folder.agent, places);
  return { agent, sources, transports, peers, auth, kinds: [...kinds].sort(byCodePoint), places };
}

function authOf(agentFile: SourceDocument | null, places: Map<string, string>): JsonObject | null {
  const rpc = isObject(agentFile?.value) ? agentFile.value['rpc'] : undefined;
  const auth = isObject(rpc) ? rpc['auth'] : undefined;
  if (agentFile === null || !isObject(auth)) return null;
  notePlaces(auth, ['rpc', 'auth'], agentFile, ['auth'], places);
  return auth;
}

interface Item {
  readonly value: JsonObject;
  readonly path: Path;
  readonly document: SourceDocument;
}

function listOf(document: SourceDocument | null, key: string): Item[] {
  const list = isObject(document?.value) ? document.value[key] : undefined;
  if (document === null || !Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => (isObject(value) ? [{ value, path: [key, index], document }] : []));
}

function addressOf(
  capabilities: SourceDocument | null,
  agentFile: SourceDocument | null,
  problems: Problem[],
): string | null {
  const declared = isObject(capabilities?.value) ? capabilities.value['agent'] : undefined;
  const name = isObject(agentFile?.value) ? agentFile.value['name'] : undefined;
  const named = typeof name === 'string' ? `agent://${name}` : null;
  if (typeof declared !== 'string') return named;
  if (agentFile !== null && named !== null && named !== declared) {
    problems.push({
      code: 'wrong-value',
      place: agentFile.place(['name']),
      message: `${AGENT_FILE} names the agent "${String(name)}", but its capabilities file has the address ${declared}.`,
      fix: `Write "name: ${declared.replace('agent://', '')}", or correct the address.`,
    });
  }
  return declared;
}

function transportsOf(peer: JsonObject): JsonObject[] {
  const list = peer['transports'];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

/** An agent that only calls stands on the transports that its peers listen on, each once. */
function connectionsOf(peers: SourceDocument | null): Item[] {
  const connections = new Map<string, Item>();
  for (const peer of listOf(peers, 'peers')) {
    for (const [index, transport] of transportsOf(peer.value).entries()) {
      const entries = Object.entries(transport).filter(([key]) => !DESTINATION_KEYS.has(key));
      const value = Object.fromEntries(entries);
      const id = JSON.stringify(value);
      if (!connections.has(id)) connections.set(id, { ...peer, value, path: [...peer.path, 'transports', index] });
    }
  }
  return [...connections.values()];
}

/** Notes where each string that holds a variable stands, since the error for a missing one comes at run time. */
function notePlaces(
  value: unknown,
  source: Path,
  document: SourceDocument,
  target: Path,
  places: Map<string, string>,
): void {
  if (typeof value === 'string') {
    if (value.includes('${env:')) places.set(pointerOfPath(target), placeText(document.place(source)));
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      notePlaces(item, [...source, index], document, [...target, index], places);
    }
  } else if (isObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      notePlaces(item, [...source, key], document, [...target, key], places);
    }
  }
}
