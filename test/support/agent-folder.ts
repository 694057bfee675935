import { command } from './command.js';
import { capability, contractText } from './contract.js';
import { createScratch } from './scratch.js';

export const review: object = capability('review', { type: 'object', properties: { url: { type: 'string' } } });
export const merge: object = capability('merge', { type: 'object' });
/** The contract of `agent://a`, which can review. */
export const contract: string = contractText({ capabilities: [review] });
export const REVIEW = 'generated/a/capabilities/review.gen.ts';

/** An agent's folder as codegen leaves it; that of `agent://a` unless files say otherwise. */
export async function createAgentFolder(
  files: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
): Promise<string> {
  const folder = createScratch({ 'capabilities.yaml': contract, ...files });
  const { status, stderr } = await command(folder, 'codegen', ...args);
  if (status !== 0) throw new Error(stderr);
  return folder;
}

/** An rpc-peers.yaml in which each agent's contract lies beside it. */
export function peersText(...ids: readonly string[]): string {
  const peers = ids.map((id) => ({ agent: `agent://${id}`, transports: [{ kind: 'memory' }], contract: `${id}.yaml` }));
  return JSON.stringify({ version: 1, peers });
}

/** The folder of `agent://a`, which calls `agent://peer`. */
export async function createAgentFolderWithPeer(): Promise<string> {
  const peer = contractText({ agent: 'agent://peer', capabilities: [merge] });
  return createAgentFolder({ 'rpc-peers.yaml': peersText('peer'), 'peer.yaml': peer });
}
