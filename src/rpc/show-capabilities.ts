import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CapabilityContract } from '@declaragent/runtime';
import { escapeControls } from '../../generator/escape.js';
import type { CapabilityDescription } from '../../generator/index.js';
import { isJsonObject } from '../agent/json.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { agentFolderOf, type OpenedAgent, openAgent } from '../open-agent.js';
import { jsonText } from '../report/json.js';
import { cell, type Ink } from '../screen/cell.js';
import { inkOf, writeInked } from '../screen/screen.js';
import { tellFailure } from '../tell-failure.js';
import { summarizeSchema } from './schema-summary.js';

export interface ShowCapabilitiesOptions {
  readonly agent: string;
  readonly json?: boolean;
}

interface CapabilityRow {
  readonly name: string;
  readonly description: string | null;
  readonly idempotent: boolean;
  /** Null where the contract says none. */
  readonly timeoutMs: number | null;
  readonly since: string | null;
  readonly deprecated: string | true | null;
  /** The file that implements it, relative to the agent's folder; null where there is none. */
  readonly skill: string | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly errors: readonly string[];
}

const DEFAULT_TIMEOUT_MS = 30_000;

export async function showCapabilities({ agent, json = false }: ShowCapabilitiesOptions, io: Io): Promise<ExitCode> {
  try {
    const opened = await openAgent(agentFolderOf(agent, io.cwd), io.environment);
    const rows: CapabilityRow[] = [];
    for (const described of opened.description.own?.capabilities ?? []) {
      const capability = opened.own?.capabilities[described.name];
      if (capability !== undefined) rows.push(await rowOf(opened, described, capability));
    }
    if (rows.length === 0)
      io.stderr(`${opened.address} serves nothing: there is no capabilities.yaml in ${opened.folder}.\n`);
    if (json) io.stdout(jsonText({ version: 1, agent: opened.address, capabilities: rows }));
    else writeInked(rows.map((row) => rowText(row, inkOf(io))).join('\n'), io);
    return EXIT.done;
  } catch (error) {
    return tellFailure(error, 'rpc', io);
  }
}

async function rowOf(
  opened: OpenedAgent,
  described: CapabilityDescription,
  capability: CapabilityContract,
): Promise<CapabilityRow> {
  const { name, description, idempotent, timeoutMs, since, deprecated, input, output, errors } = capability;
  return {
    name,
    description: description ?? null,
    idempotent,
    timeoutMs: timeoutMs ?? null,
    since: since ?? null,
    deprecated: deprecated ?? null,
    skill: await findSkillFile(opened, described),
    input: input.schema,
    output: output.schema,
    errors: Object.keys(errors as object),
  };
}

/** The file that `run` would take, without running it. */
async function findSkillFile(
  { folder, modules }: OpenedAgent,
  described: CapabilityDescription,
): Promise<string | null> {
  const { skill, member } = described;
  const file = [`skills/${skill}.md`, `skills/${skill}.ts`].find((name) => existsSync(path.join(folder, name)));
  if (file !== undefined) return file;
  if (!existsSync(path.join(folder, 'skills.ts'))) return null;
  // What skills.ts puts together may come from anywhere.
  const { skills } = await modules.load('skills.ts').catch((): Readonly<Record<string, unknown>> => ({}));
  return isJsonObject(skills) && typeof skills[member] === 'function' ? 'skills.ts' : null;
}

function rowText(row: CapabilityRow, ink: Ink): string {
  const { name, description, idempotent, timeoutMs, since, deprecated, skill, input, output, errors } = row;
  const facts = [
    ['does', description],
    ['idempotent', idempotent ? 'yes: it may be run again' : 'no: it is run once at most'],
    ['timeout', timeoutMs === null ? `${DEFAULT_TIMEOUT_MS} ms, as nothing else is said` : `${timeoutMs} ms`],
    ['skill', skill ?? 'missing: run declaragent codegen, or write skills/<name>.md'],
    ['input', summarizeSchema(input)],
    ['output', summarizeSchema(output)],
    ['errors', errors.length === 0 ? 'none of its own' : errors.join(', ')],
    ['since', since],
    ['deprecated', deprecated === true ? 'yes' : deprecated],
  ] as const;
  const lines = facts.flatMap(([label, value]) => {
    if (value === null) return [];
    const isBad = (label === 'skill' && skill === null) || label === 'deprecated';
    return [`  ${label.padEnd(10)}  ${ink(escapeControls(value.replace(/\s+/g, ' ')), isBad ? 'warn' : 'plain')}`];
  });
  return `${[ink(cell(name), 'good'), ...lines].join('\n')}\n`;
}
