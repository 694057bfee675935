import { existsSync } from 'node:fs';
import path from 'node:path';
import { folderOfPeer, isInMemory } from '../companion.js';
import type { OpenedAgent } from '../open-agent.js';
import { shellWord } from '../report/words.js';

/** What whoever runs agents over memory has to know where another half of them is not run here; a sentence each. */
export function memoryHints(agents: readonly OpenedAgent[], cwd: string): string[] {
  const here = new Set<string>(agents.map(({ address }) => address));
  const away = agents.flatMap((caller) =>
    caller.description.peerAgents
      .filter((agent) => !here.has(agent) && isInMemory(caller, agent))
      .map((agent) => hintOfPeer(caller, agent, cwd)),
  );
  if (away.length > 0) return [...new Set(away)];
  const [only, ...others] = agents;
  if (only === undefined || others.length > 0 || only.description.own === null || !isInMemory(only, only.address))
    return [];
  const remedy = 'name its callers too, each by --agent, or use a broker';
  return [`${only.address} is reached by memory, which joins agents of one process only: ${remedy}.`];
}

function hintOfPeer(caller: OpenedAgent, agent: string, cwd: string): string {
  const folder = folderOfPeer(caller, agent);
  const file = folder === undefined ? undefined : path.join(folder, 'agent.yaml');
  const remedy =
    file === undefined || !existsSync(file)
      ? 'name its agent.yaml too, by --agent, or use a broker'
      : `add ${argumentOf(caller.folder, cwd)} ${argumentOf(file, cwd)}, or use a broker`;
  return `${agent} is reached by memory, which joins agents of one process only: ${remedy}.`;
}

function argumentOf(target: string, cwd: string): string {
  return `--agent ${shellWord(path.relative(cwd, target) || '.')}`;
}
