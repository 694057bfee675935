import path from 'node:path';
import { type Bus, type Implementation, type Service, type StopOptions, serve } from '@declaragent/runtime';
import { toolName } from './agent/call-tools.js';
import { chooseProvider, NoCredentialsError } from './agent/choose-provider.js';
import type { ModelObserver, ModelSetup } from './agent/model-setup.js';
import { REQUEST_AGENT } from './agent/permissions.js';
import { createModelSkill } from './agent/skill-run.js';
import { connectFailureText } from './connect-config.js';
import type { ConnectionNews } from './connection-news.js';
import { EXIT } from './exit.js';
import { firstLine } from './generated-code.js';
import type { LoadedSkills } from './load-skills.js';
import type { OpenedAgent } from './open-agent.js';
import { OpenAgentError } from './open-agent-error.js';
import { implementPing } from './ping.js';

/** An agent on its bus. */
export interface ConnectedAgent {
  readonly opened: OpenedAgent;
  readonly bus: Bus;
  /** Undefined for an agent that serves nothing, or is not asked to. */
  readonly service: Service | undefined;
  stop(options?: StopOptions): Promise<void>;
}

/** What an agent serves, and who hears of it. */
export interface Serving {
  readonly skills: LoadedSkills;
  /** What its model works with; undefined where no capability is implemented by a prompt. */
  readonly setup: ModelSetup | undefined;
  readonly observer: ModelObserver;
  /** Gets what a skill throws; the caller learns nothing of it. */
  readonly onError: (error: unknown, capability: string) => void;
  /** Hears when a broker is lost, and when it is back. */
  readonly news?: ConnectionNews;
}

/**
 * Connects an agent's bus and, where it is told what, serves its contract.
 *
 * @throws {OpenAgentError} where the broker cannot be reached or a variable is missing
 */
export async function connectAgent(opened: OpenedAgent, serving?: Serving): Promise<ConnectedAgent> {
  const bus = await connectBus(opened, serving?.news);
  try {
    const service = serving === undefined ? undefined : await serveSkills(opened, bus, serving);
    return { opened, bus, service, stop: (options) => bus.stop(options) };
  } catch (error) {
    await bus.stop({ graceMs: 0 }).catch(() => {});
    throw error;
  }
}

async function connectBus(opened: OpenedAgent, news: ConnectionNews | undefined): Promise<Bus> {
  try {
    return await opened.connectBus({}, news);
  } catch (error) {
    const message = connectFailureText(opened.address, error);
    throw new OpenAgentError(message, { cause: error, exitCode: EXIT.environment });
  }
}

async function serveSkills(
  opened: OpenedAgent,
  bus: Bus,
  { skills, setup, observer, onError }: Serving,
): Promise<Service | undefined> {
  const { own } = opened;
  if (own === undefined || skills.implementing.length === 0) return undefined;
  const implementations = skills.implementing.map(({ capability, ...found }): Implementation => {
    if (found.kind === 'code') return { capability, skill: found.skill };
    if (setup === undefined) throw new TypeError(`${found.file} is a prompt, and there is no model for it.`);
    return { capability, skill: createModelSkill(found.skill, capability, setup, observer) };
  });
  try {
    // Beside the contract, for who asks whether the agent is there.
    return await serve(bus, own, [...implementations, implementPing(own)], {
      onError: (error, { capability }) => onError(error, capability),
    });
  } catch (error) {
    throw new OpenAgentError(`${opened.address} cannot serve: ${firstLine(error)}`, {
      cause: error,
      exitCode: EXIT.environment,
    });
  }
}

/**
 * What the model of an agent works with, from its agent.yaml.
 *
 * @throws {OpenAgentError} where there is no key, or where a tool is granted that does not exist
 */
export async function createModelSetup(opened: OpenedAgent, skills: LoadedSkills): Promise<ModelSetup> {
  const { settings, environment, peers } = opened;
  const { tools, permissions, systemPrompt, maxTokens, maxIterations } = settings;
  const defaultTools = tools?.defaults ?? [];
  const sources = [
    ['agent.yaml', defaultTools] as const,
    ...skills.knowledge.map(({ file, tools: own }) => [`skills/${file}.md`, own ?? []] as const),
    ...skills.implementing.flatMap(({ kind, file, skill }) => {
      return kind === 'prompt' ? [[file, skill.tools ?? []] as const] : [];
    }),
  ];
  for (const [file, names] of sources) assertTools(opened, file, names);
  return {
    agent: opened.address,
    provider: await provide(opened, environment),
    systemPrompt,
    defaultTools,
    allow: permissions?.allow,
    deny: permissions?.deny,
    maxTokens,
    maxIterations,
    peers,
  };
}

async function provide({ settings, folder }: OpenedAgent, environment: OpenedAgent['environment']) {
  try {
    return await chooseProvider({ provider: settings.provider, model: settings.model, environment });
  } catch (error) {
    if (!(error instanceof NoCredentialsError)) throw error;
    throw new OpenAgentError(`${path.join(folder, 'agent.yaml')}: ${error.message}`, {
      cause: error,
      exitCode: EXIT.environment,
    });
  }
}

/** A grant of a tool that does not exist is a mistake in a name. */
function assertTools({ peers, folder }: OpenedAgent, file: string, names: readonly string[]): void {
  const known = [REQUEST_AGENT, ...peers.map((peer) => toolName(peer, peers))];
  const wrong = names.find((name) => !known.includes(name) && !name.startsWith(`${REQUEST_AGENT}:`));
  if (wrong === undefined) return;
  throw new OpenAgentError(
    `${path.join(folder, file)} names the tool ${JSON.stringify(wrong)}, and there is none; there are ${known.join(', ')}.`,
  );
}
