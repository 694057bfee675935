import path from 'node:path';
import type { EventLog } from '@declaragent/runtime/event-log';
import { type ConnectedAgent, connectAgent, createModelSetup } from './connect-agent.js';
import type { Io } from './io.js';
import { loadSkills } from './load-skills.js';
import { type OpenedAgent, openAgent } from './open-agent.js';
import { InvalidFolderError, OpenAgentError } from './open-agent-error.js';
import { openEventLog } from './run/event-log.js';

/** An agent that is served in this process for a moment, because memory joins one process only. */
export interface Companion {
  readonly folder: string;
  stop(): Promise<void>;
}

/** Whether an agent is reached by memory from the folder of another, or from its own. */
export function isInMemory({ description, address }: OpenedAgent, agent: string): boolean {
  const { bus } = description;
  const transports =
    agent === address ? bus?.transports : bus?.peers.find((peer) => peer['agent'] === agent)?.['transports'];
  const [first] = Array.isArray(transports) ? transports : [];
  return first?.kind === 'memory';
}

/**
 * Serves an agent in this process from the folder in which its contract lies, with an event log there.
 *
 * @throws {OpenAgentError} where that is no folder of its own, or it cannot be served
 */
export async function startCompanion(caller: OpenedAgent, agent: string, io: Io): Promise<Companion> {
  const opened = agent === caller.address ? caller : await openCompanion(caller, agent, io);
  const skills = await loadSkills(opened);
  const needsModel = skills.implementing.some(({ kind }) => kind === 'prompt');
  const setup = needsModel ? await createModelSetup(opened, skills) : undefined;
  const log: EventLog | undefined = opened === caller ? undefined : openEventLog(opened);
  const onError = (error: unknown, capability: string): void => {
    io.stderr(`${agent}: ${capability} failed: ${error instanceof Error ? error.message : String(error)}\n`);
  };
  let connected: ConnectedAgent;
  try {
    connected = await connectAgent(opened, { skills, setup, observer: {}, onError });
  } catch (error) {
    await log?.close();
    throw error;
  }
  return {
    folder: opened.folder,
    async stop() {
      await connected.stop({ graceMs: 0 });
      await log?.close();
    },
  };
}

/** The folder in which the contract of a peer lies, where that is another than the caller's. */
export function folderOfPeer({ description, folder: own }: OpenedAgent, agent: string): string | undefined {
  const found = description.peers.find((peer) => peer.agent === agent);
  const folder = found && path.resolve(own, path.dirname(found.source));
  return folder === own ? undefined : folder;
}

async function openCompanion(caller: OpenedAgent, agent: string, io: Io): Promise<OpenedAgent> {
  const folder = folderOfPeer(caller, agent);
  if (folder === undefined) throw notHere(agent);
  let opened: OpenedAgent;
  try {
    opened = await openAgent(folder, io.environment);
  } catch (error) {
    if (error instanceof InvalidFolderError || !(error instanceof OpenAgentError)) throw error;
    throw notHere(agent, error.message, error);
  }
  if (opened.address !== agent || opened.own === undefined) throw notHere(agent);
  return opened;
}

function notHere(agent: string, why?: string, cause?: unknown): OpenAgentError {
  return new OpenAgentError(
    `${agent} is reached by memory, which joins agents of one process only, and its folder is not known here. ${
      why === undefined ? '' : `${why} `
    }Let "contract:" in rpc-peers.yaml lead into the folder of ${agent}, run both by declaragent run, or use a broker.`,
    { exitCode: 3, ...(cause === undefined ? {} : { cause }) },
  );
}
