import path from 'node:path';
import { afterEach } from 'vitest';
import { type Conversation, createConversation } from '../../src/agent/conversation.js';
import type { ModelObserver } from '../../src/agent/model-setup.js';
import { type ConnectedAgent, connectAgent, createModelSetup } from '../../src/connect-agent.js';
import { loadSkills } from '../../src/load-skills.js';
import { type OpenedAgent, openAgent } from '../../src/open-agent.js';

type Variables = Readonly<Record<string, string>>;

const running: ConnectedAgent[] = [];
afterEach(async () => {
  for (const agent of running.splice(0)) await agent.stop({ graceMs: 0 });
});

/** Whatever a skill of the server has thrown. */
export interface Server {
  readonly opened: OpenedAgent;
  readonly errors: unknown[];
}

/** Opens and serves the agent in `server`, until the test has run. */
export async function startServer(folder: string, environment: Variables = {}, name = 'server'): Promise<Server> {
  const opened = await openAgent(path.join(folder, name), environment);
  const skills = await loadSkills(opened);
  const needsModel = skills.implementing.some(({ kind }) => kind === 'prompt');
  const setup = needsModel ? await createModelSetup(opened, skills) : undefined;
  const errors: unknown[] = [];
  running.push(await connectAgent(opened, { skills, setup, observer: {}, onError: (error) => errors.push(error) }));
  return { opened, errors };
}

export interface Client {
  readonly agent: ConnectedAgent;
  readonly conversation: Conversation;
  /** Asks it a line. */
  readonly ask: (line: string, observer?: ModelObserver) => ReturnType<Conversation['ask']>;
}

/** Opens and connects the agent in `client`, to be talked to until the test has run. */
export async function startClient(folder: string, environment: Variables = {}): Promise<Client> {
  const opened = await openAgent(path.join(folder, 'client'), environment);
  const skills = await loadSkills(opened);
  const setup = await createModelSetup(opened, skills);
  const agent = await connectAgent(opened);
  running.push(agent);
  const conversation = createConversation({ setup, caller: agent.bus, skills: skills.knowledge });
  const { signal } = new AbortController();
  return { agent, conversation, ask: (line, observer = {}) => conversation.ask(line, { signal, observer }) };
}

/** The variables that lead to a fake. */
export function variablesFor(url: string): Variables {
  return { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: 'test-key' };
}
