import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { CapabilityContract, Skill } from '@declaragent/runtime';
import type { CapabilityDescription } from '../generator/index.js';
import { checkVariables, type MarkdownSkill, parseMarkdownSkill, SkillError } from './agent/markdown-skill.js';
import { firstLine } from './generated-code.js';
import type { OpenedAgent } from './open-agent.js';
import { OpenAgentError } from './open-agent-error.js';

export type AnySkill = Skill<unknown, unknown, unknown>;

/** What implements a capability: code, or a prompt for a model. */
export type Implementing = {
  readonly capability: CapabilityContract;
  /** Relative to the agent's folder. */
  readonly file: string;
} & ({ readonly kind: 'code'; readonly skill: AnySkill } | { readonly kind: 'prompt'; readonly skill: MarkdownSkill });

export interface LoadedSkills {
  /** One for each capability of the agent's own contract. */
  readonly implementing: readonly Implementing[];
  /** The skills that implement no capability: part of what the agent knows when somebody talks to it. */
  readonly knowledge: readonly MarkdownSkill[];
}

/**
 * Loads the skills of an agent: `skills/<name>.md` or `skills/<name>.ts` for each capability, or what skills.ts has for it.
 *
 * @throws {OpenAgentError} for one that is missing, there twice, or wrong
 */
export async function loadSkills(agent: OpenedAgent): Promise<LoadedSkills> {
  const prompts = readPrompts(agent);
  const own = agent.description.own?.capabilities ?? [];
  const implementing: Implementing[] = [];
  for (const described of own) {
    const capability = agent.own?.capabilities[described.name];
    if (capability === undefined) {
      throw new OpenAgentError(
        `The generated code of ${agent.address} lacks ${described.name}; run declaragent codegen in ${agent.folder}.`,
      );
    }
    const prompt = prompts.get(described.skill);
    implementing.push(
      prompt === undefined ? await loadCode(agent, described, capability) : usePrompt(agent, prompt, capability),
    );
  }
  const used = new Set(own.map(({ skill }) => skill));
  const wanted = agent.settings.skills;
  for (const name of wanted ?? []) {
    if (prompts.has(name) || existsSync(path.join(agent.folder, 'skills', `${name}.ts`))) continue;
    throw new OpenAgentError(
      `agent.yaml names the skill ${name}, and there is no skills/${name}.md in ${agent.folder}.`,
    );
  }
  const knowledge = [...prompts.values()].filter(
    ({ file }) => !used.has(file) && (wanted === undefined || wanted.includes(file)),
  );
  return { implementing, knowledge };
}

function readPrompts({ folder }: OpenedAgent): Map<string, MarkdownSkill> {
  const directory = path.join(folder, 'skills');
  if (!existsSync(directory)) return new Map();
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.md'))
    .sort();
  const skills = names.flatMap((name) => {
    const file = name.slice(0, -'.md'.length);
    const skill = orOpenAgentError(folder, () =>
      parseMarkdownSkill(file, readFileSync(path.join(directory, name), 'utf8')),
    );
    return skill === null ? [] : [[file, skill] as const];
  });
  return new Map(skills);
}

function usePrompt({ folder }: OpenedAgent, skill: MarkdownSkill, capability: CapabilityContract): Implementing {
  const code = `skills/${skill.file}.ts`;
  if (existsSync(path.join(folder, code))) {
    throw new OpenAgentError(
      `${code} and skills/${skill.file}.md in ${folder} both implement ${capability.name}; delete one.`,
    );
  }
  orOpenAgentError(folder, () => checkVariables(skill, capability.input.schema));
  return { kind: 'prompt', capability, file: `skills/${skill.file}.md`, skill };
}

/** What skills.ts has counts, since the user may put skills together from anywhere; else the file of its name. */
async function loadCode(
  agent: OpenedAgent,
  { name, skill, member, valueName }: CapabilityDescription,
  capability: CapabilityContract,
): Promise<Implementing> {
  const file = `skills/${skill}.ts`;
  for (const [source, find] of [
    ['skills.ts', (exports: Exports) => memberOf(exports['skills'], member)],
    [file, (exports: Exports) => exports[valueName]],
  ] as const) {
    if (!existsSync(path.join(agent.folder, source))) continue;
    const found = find(await loadModule(agent, source));
    if (typeof found === 'function') return { kind: 'code', capability, file: source, skill: found as AnySkill };
  }
  throw new OpenAgentError(
    `Nothing in ${agent.folder} implements ${name}: write skills/${skill}.md, or run declaragent codegen and fill in ${file}.`,
  );
}

type Exports = Readonly<Record<string, unknown>>;

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

async function loadModule({ modules, folder }: OpenedAgent, file: string): Promise<Exports> {
  try {
    return await modules.load(file);
  } catch (error) {
    throw new OpenAgentError(`${path.join(folder, file)} cannot be loaded: ${firstLine(error)}`, { cause: error });
  }
}

function orOpenAgentError<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SkillError)) throw error;
    throw new OpenAgentError(`${path.join(folder, '')}${path.sep}${error.message}`, { cause: error });
  }
}
