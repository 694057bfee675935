import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createModelSetup } from '../../src/connect-agent.js';
import { loadSkills } from '../../src/load-skills.js';
import { agentFolderOf, type OpenedAgent, openAgent } from '../../src/open-agent.js';
import { InvalidFolderError, OpenAgentError } from '../../src/open-agent-error.js';
import { createAgents, PROMPT_SKILL, reviewContract } from '../support/agents.js';
import { commandIn } from '../support/command.js';
import { createScratch, writeFiles } from '../support/scratch.js';

async function open(files: Readonly<Record<string, string | null>> = {}, name = 'server'): Promise<OpenedAgent> {
  const folder = await createAgents({ files });
  return openAgent(path.join(folder, name), {});
}

/** The sentence that an agent is refused with. */
async function refusalOf(work: Promise<unknown>): Promise<OpenAgentError> {
  return work.then(
    () => Promise.reject(new Error('It was not refused.')),
    (error: unknown) => {
      if (error instanceof OpenAgentError) return error;
      throw error;
    },
  );
}

describe('an agent that is opened', () => {
  it('knows its address, its own contract and what its peers can do', async () => {
    const folder = await createAgents();
    const server = await openAgent(path.join(folder, 'server'), {});
    expect(server).toMatchObject({ address: 'agent://pr-reviewer', settings: { name: 'pr-reviewer' }, peers: [] });
    expect(Object.keys(server.own?.capabilities ?? {})).toEqual(['review-pr']);
    const client = await openAgent(path.join(folder, 'client'), {});
    expect(client.own).toBeUndefined();
    expect(
      client.peers.map(({ contract, capability, definition }) => [contract.agent, capability.name, definition.name]),
    ).toEqual([['agent://pr-reviewer', 'review-pr', 'review-pr']]);
  });

  it('may have no agent.yaml', async () => {
    expect(await open({ 'server/agent.yaml': null })).toMatchObject({ address: 'agent://pr-reviewer', settings: {} });
  });

  it('sees the variables of the process over those of its .env, empty ones too', async () => {
    const folder = await createAgents({ files: { 'server/.env': 'A=file\nB=file\nC="quoted # text"\n# D=1\n' } });
    const { environment } = await openAgent(path.join(folder, 'server'), { B: 'process', E: '' });
    expect(environment).toEqual({ A: 'file', B: 'process', C: 'quoted # text', E: '' });
  });

  it('shares the runtime with others in the process, and the shared broker with it', async () => {
    const folder = await createAgents();
    const { memory } = await import('@declaragent/runtime/memory');
    for (const name of ['client', 'server']) {
      const { modules } = await openAgent(path.join(folder, name), {});
      writeFiles(path.join(folder, name), { 'probe.ts': "export { memory } from '@declaragent/runtime/memory';\n" });
      expect((await modules.load('probe.ts'))['memory']).toBe(memory);
    }
  });

  it('is meant by its folder and by its agent.yaml', () => {
    const folder = createScratch({ 'a/agent.yaml': 'name: a\n' });
    expect(agentFolderOf('a', folder)).toBe(path.join(folder, 'a'));
    expect(agentFolderOf('a/agent.yaml', folder)).toBe(path.join(folder, 'a'));
    expect(agentFolderOf('.', folder)).toBe(folder);
    expect(agentFolderOf('nowhere', folder)).toBe(path.join(folder, 'nowhere'));
    expect(agentFolderOf('nowhere/agent.yaml', folder)).toBe(path.join(folder, 'nowhere'));
  });
});

describe('an agent is not opened', () => {
  it.each(['generated/pr-reviewer/index.ts'])('without %s, and is told the command', async (file) => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server', file));
    const error = await refusalOf(openAgent(path.join(folder, 'server'), {}));
    expect(error).toMatchObject({ exitCode: 1 });
    expect(error.message).toMatch(/is missing; run declaragent codegen in .*server\.$/);
  });

  it('with generated code of another format', async () => {
    const folder = await createAgents();
    const file = path.join(folder, 'server/generated/pr-reviewer/contract.gen.ts');
    writeFileSync(file, readFileSync(file, 'utf8').replace('format: 1', 'format: 2'));
    const error = await refusalOf(openAgent(path.join(folder, 'server'), {}));
    expect(error.message).toMatch(/is of format 2, and this version runs 1; run declaragent codegen/);
  });

  it('with contract files that have problems', async () => {
    const folder = await createAgents();
    writeFileSync(path.join(folder, 'server/agent.yaml'), 'nam: x\n');
    await expect(openAgent(path.join(folder, 'server'), {})).rejects.toBeInstanceOf(InvalidFolderError);
    const { status, stderr } = await commandIn({}, folder, 'run', '--agent', 'server');
    expect(status).toBe(1);
    expect(stderr).toContain('server/agent.yaml:1:1');
    expect(stderr).toContain('nothing was started.');
  });
});

describe('the skills of an agent', () => {
  const load = async (files: Readonly<Record<string, string | null>>, name = 'server') =>
    loadSkills(await open(files, name));

  it.each([
    ['skills.ts', {}, 'skills.ts', 'code'],
    ['the file of its name', { 'server/skills.ts': '// in another way\n' }, 'skills/review-pr.ts', 'code'],
    [
      'a prompt',
      { 'server/skills/review-pr.ts': null, 'server/skills/review-pr.md': PROMPT_SKILL },
      'skills/review-pr.md',
      'prompt',
    ],
  ])('are found in %s', async (_, files, file, kind) => {
    expect((await load(files)).implementing).toMatchObject([{ file, kind, capability: { name: 'review-pr' } }]);
  });

  it('are knowledge where they implement nothing, and are named where not all are', async () => {
    const other = '---\nname: other\n---\nOther.\n';
    const names = async (more: object) =>
      (await load({ 'client/skills/other.md': other, ...more }, 'client')).knowledge.map(({ name }) => name);
    expect(await names({})).toEqual(['delegate', 'other']);
    expect(await names({ 'client/agent.yaml': 'name: concierge\nskills: [other]\n' })).toEqual(['other']);
  });

  it.each([
    ['there twice', { 'server/skills/review-pr.md': PROMPT_SKILL }, 'both implement review-pr'],
    [
      'wrong',
      { 'server/skills/review-pr.ts': null, 'server/skills/review-pr.md': '---\ntool: []\n---\n' },
      'no key "tool"',
    ],
    ['named and not there', { 'server/agent.yaml': 'name: pr-reviewer\nskills: [merge]\n' }, 'names the skill merge'],
  ])('are refused where one is %s', async (_, files, why) => {
    expect((await refusalOf(load(files))).message).toContain(why);
  });

  it('are refused where a variable of a prompt can never be there', async () => {
    const inputSchema = { type: 'object', properties: { prUrl: { type: 'string' } }, additionalProperties: false };
    const folder = await createAgents({
      contract: reviewContract({ inputSchema }),
      files: {
        'server/skills/review-pr.ts': null,
        'server/skills/review-pr.md': PROMPT_SKILL.replace('{{prUrl}}', '{{prURL}}'),
      },
    });
    const opened = await openAgent(path.join(folder, 'server'), {});
    expect((await refusalOf(loadSkills(opened))).message).toContain('{{prURL}} is never there: the input has prUrl.');
  });

  it('are refused where there is none', async () => {
    const folder = await createAgents();
    rmSync(path.join(folder, 'server/skills'), { recursive: true });
    rmSync(path.join(folder, 'server/skills.ts'));
    const opened = await openAgent(path.join(folder, 'server'), {});
    expect((await refusalOf(loadSkills(opened))).message).toContain('Nothing in');
  });

  it('are granted only tools that there are', async () => {
    const opened = await open(
      { 'client/agent.yaml': 'name: concierge\ntools: { defaults: [RequestAgnet] }\n' },
      'client',
    );
    const refusal = await refusalOf(createModelSetup(opened, await loadSkills(opened)));
    expect(refusal.message).toContain('"RequestAgnet"');
    expect(refusal.message).toContain('there are RequestAgent, review-pr');
  });
});

describe('the provider', () => {
  const providerOf = async (yaml: string, variables: Readonly<Record<string, string>>) => {
    const folder = await createAgents({ files: { 'client/agent.yaml': `name: concierge\n${yaml}` } });
    const opened = await openAgent(path.join(folder, 'client'), variables);
    const { provider } = await createModelSetup(opened, await loadSkills(opened));
    return `${provider.name} ${provider.model}`;
  };

  it.each([
    ['', {}, 'offline offline'],
    ['', { ANTHROPIC_API_KEY: '' }, 'offline offline'],
    ['', { ANTHROPIC_API_KEY: 'k' }, 'anthropic claude-haiku-4-5'],
    ['model: claude-sonnet-4-5\n', { ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' }, 'anthropic claude-sonnet-4-5'],
    ['provider: offline\n', { ANTHROPIC_API_KEY: 'k' }, 'offline offline'],
    ['provider: anthropic\n', { ANTHROPIC_AUTH_TOKEN: 't' }, 'anthropic claude-haiku-4-5'],
  ])('with %j in agent.yaml and %j in the environment is %s', async (yaml, variables, expected) => {
    expect(await providerOf(yaml, variables)).toBe(expected);
  });

  it('is asked for in vain without a key', async () => {
    const error = await refusalOf(providerOf('provider: anthropic\n', {}));
    expect(error).toMatchObject({ exitCode: 3, message: expect.stringContaining('ANTHROPIC_API_KEY is not set') });
  });
});
