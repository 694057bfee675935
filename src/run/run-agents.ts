import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { HOP_CHANNEL, type Hop } from '@declaragent/runtime';
import { createConversation } from '../agent/conversation.js';
import type { ModelObserver, ModelSetup } from '../agent/model-setup.js';
import { usageText } from '../agent/usage.js';
import { type ConnectedAgent, connectAgent, createModelSetup } from '../connect-agent.js';
import { newsOf } from '../connection-news.js';
import { EXIT, type ExitCode } from '../exit.js';
import { firstLine } from '../generated-code.js';
import type { Io } from '../io.js';
import { type LoadedSkills, loadSkills } from '../load-skills.js';
import { type OpenedAgent, openAgent } from '../open-agent.js';
import { openEventLog } from './event-log.js';
import { hopLine } from './hop-line.js';
import { memoryHints } from './memory-hint.js';
import { runPrompt } from './prompt.js';
import { type Shutdown, untilAborted, watchSignals } from './shutdown.js';
import { findStaleCode } from './stale-code.js';
import { createTalk, type Talk } from './talk.js';

export interface RunOptions {
  /** The agents' folders, absolute. */
  readonly folders: readonly string[];
  readonly isVerbose: boolean;
  /** Whether somebody is asked for lines; agents that only serve never ask. */
  readonly hasPrompt: boolean;
}

/** An agent that is about to be connected. */
interface Prepared {
  readonly opened: OpenedAgent;
  readonly skills: LoadedSkills;
  /** Undefined for an agent whose model is never asked. */
  readonly setup: ModelSetup | undefined;
}

/**
 * Runs agents in this process until there are no more lines, or until a signal.
 *
 * @throws {OpenAgentError} where one cannot be opened or connected; those that were connected are stopped by then
 */
export async function runAgents(options: RunOptions, io: Io): Promise<ExitCode> {
  const talk = createTalk(io);
  const shutdown = watchSignals(io);
  const connected: ConnectedAgent[] = [];
  const closing: (() => Promise<void> | void)[] = [() => talk.close(), () => shutdown.close()];
  try {
    const opened: OpenedAgent[] = [];
    for (const folder of options.folders) opened.push(await openAgent(folder, io.environment));
    const speaker = options.hasPrompt ? findSpeaker(opened) : undefined;
    const prepared = await Promise.all(opened.map((agent) => prepare(agent, agent === speaker)));
    for (const folder of options.folders) {
      const warning = await findStaleCode(folder, io);
      if (warning !== undefined) talk.line(warning);
    }
    for (const hint of memoryHints(opened, io.cwd)) talk.line(`Note: ${hint}`);
    if (options.isVerbose) closing.push(tellHops(talk));
    for (const agent of opened) {
      const log = openEventLog(agent);
      closing.unshift(() => log.close());
    }
    for (const agent of prepared) {
      const observer = createObserver(agent.opened, talk, options.isVerbose);
      const onError = (error: unknown, capability: string): void => {
        talk.line(`${agent.opened.address}: ${capability} failed: ${describe(error, options.isVerbose)}`);
      };
      const why = (reason: Error): string => (options.isVerbose ? ` ${firstLine(reason)}` : '');
      const news = newsOf(agent.opened.address, talk.line, why);
      connected.push(await connectAgent(agent.opened, { ...agent, observer, onError, news }));
      talk.line(introduction(agent, agent.opened === speaker));
      if (agent.opened === speaker) tellUnreachable(agent.opened, talk);
    }
    const speaking = prepared.find(({ opened: agent }) => agent === speaker);
    const code =
      speaking === undefined ? await serve(shutdown) : await prompt(speaking, connected, talk, shutdown, options, io);
    await drain(connected, talk, shutdown);
    return shutdown.exitCode() ?? code;
  } finally {
    await Promise.allSettled(connected.map((agent) => agent.stop({ graceMs: 0 })));
    for (const close of closing) await close();
  }
}

const HOLD_MS = 3_600_000;

/** The first agent that has somebody to ask, else the first that serves nothing. */
function findSpeaker(agents: readonly OpenedAgent[]): OpenedAgent | undefined {
  return (
    agents.find(({ description }) => description.peerAgents.length > 0) ??
    agents.find(({ description }) => description.own === null)
  );
}

async function prepare(opened: OpenedAgent, isSpeaker: boolean): Promise<Prepared> {
  const skills = await loadSkills(opened);
  const needsModel = isSpeaker || skills.implementing.some(({ kind }) => kind === 'prompt');
  return { opened, skills, setup: needsModel ? await createModelSetup(opened, skills) : undefined };
}

async function serve(shutdown: Shutdown): Promise<ExitCode> {
  // A broker within the process keeps it no more alive than a handler of signals does.
  const hold = setInterval(() => {}, HOLD_MS);
  await untilAborted(shutdown.asked);
  clearInterval(hold);
  return EXIT.done;
}

async function prompt(
  { opened, skills, setup }: Prepared,
  connected: readonly ConnectedAgent[],
  talk: Talk,
  shutdown: Shutdown,
  { isVerbose }: RunOptions,
  io: Io,
): Promise<ExitCode> {
  const caller = connected.find((agent) => agent.opened === opened)?.bus;
  if (setup === undefined || caller === undefined)
    throw new TypeError('The agent at the prompt has no model or no bus.');
  const { onAsk, ...observer } = createObserver(opened, talk, isVerbose);
  return runPrompt({
    conversation: createConversation({ setup, caller, skills: skills.knowledge }),
    lines: io.readLines(),
    talk,
    observer: {
      ...observer,
      onText: talk.piece,
      onAsk(model, deadline) {
        const end = onAsk?.(model, deadline);
        return (usage) => {
          end?.(usage);
          talk.endAnswer();
        };
      },
    },
    shutdown,
    isVerbose,
  });
}

/** Waits for skills that run; a second signal ends that. */
async function drain(connected: readonly ConnectedAgent[], talk: Talk, shutdown: Shutdown): Promise<void> {
  const running = connected.reduce((sum, { bus }) => sum + bus.health().running, 0);
  if (shutdown.asked.aborted && running > 0) {
    talk.line(`Stopping: ${running} still running. Ctrl-C again ends them.`);
  }
  const stopped = Promise.allSettled(connected.map((agent) => agent.stop()));
  const forced = untilAborted(shutdown.forced).then(() =>
    Promise.allSettled(connected.map((agent) => agent.stop({ graceMs: 0 }))),
  );
  await Promise.race([stopped, forced]);
}

function createObserver({ address }: OpenedAgent, talk: Talk, isVerbose: boolean): ModelObserver {
  const id = address.replace('agent://', '');
  return {
    onAsk(model, deadline) {
      const end = talk.wait({ what: `${id}: ${model}`, deadline });
      return (usage) => {
        end();
        if (isVerbose && usage !== undefined) talk.line(`${id}: ${model}, ${usageText(model, usage)}`);
      };
    },
    onCall: ({ to, capability, deadline }) =>
      talk.wait({ what: `${to.replace('agent://', '')}: ${capability}`, deadline }),
  };
}

function tellHops(talk: Talk): () => void {
  const onHop = (message: unknown): void => talk.line(hopLine(message as Hop));
  subscribe(HOP_CHANNEL, onHop);
  return () => {
    unsubscribe(HOP_CHANNEL, onHop);
  };
}

function introduction({ opened, skills, setup }: Prepared, isSpeaker: boolean): string {
  const { address, description } = opened;
  const model = setup === undefined ? '' : ` (${setup.provider.model})`;
  const served = skills.implementing.map(({ capability, file }) => `${capability.name} (${file})`).join(', ');
  const serves = served === '' ? [] : [`serves ${served}`];
  const { peerAgents } = description;
  const asks = !isSpeaker
    ? []
    : [`answers here${peerAgents.length === 0 ? '' : `, and may ask ${peerAgents.join(', ')}`}`];
  const does = [...serves, ...asks];
  return `${address}${model} ${does.length === 0 ? 'is connected' : does.join(' and ')}.`;
}

/** A peer whose contract is not known cannot be asked anything: nobody knows what it takes. */
function tellUnreachable({ description, peers }: OpenedAgent, talk: Talk): void {
  for (const agent of description.peerAgents) {
    if (agent === description.agent || peers.some(({ contract }) => contract.agent === agent)) continue;
    talk.line(
      `Warning: ${agent} has no contract in rpc-peers.yaml and cannot be asked; add "contract:" and run declaragent codegen.`,
    );
  }
}

function describe(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (!isVerbose) return error.message;
  return [error.stack ?? error.message, ...(error.cause instanceof Error ? [firstLine(error.cause)] : [])].join('\n');
}
