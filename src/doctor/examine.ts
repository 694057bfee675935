import { existsSync } from 'node:fs';
import path from 'node:path';
import { escapeControls } from '../../generator/escape.js';
import type { FolderDescription } from '../../generator/index.js';
import { readAgentEnvironment } from '../agent-environment.js';
import { CONTRACT_FILES } from '../agent-folders.js';
import { EXIT, type ExitCode } from '../exit.js';
import type { Io } from '../io.js';
import { agentFolderOf } from '../open-agent.js';
import { jsonText } from '../report/json.js';
import { count } from '../report/words.js';
import { type Colour, cell, type Ink } from '../screen/cell.js';
import { inkOf, writeInked } from '../screen/screen.js';
import { type Check, fail, ok } from './check.js';
import { checkGenerated, checkNode, checkPackages } from './check-files.js';
import { checkEventLog, checkModel, checkVariables } from './check-surroundings.js';
import { checkTransports } from './check-transports.js';

export interface ExamineOptions {
  readonly folders: readonly string[];
  readonly agent: readonly string[];
  readonly timeout?: string;
  readonly json?: boolean;
}

interface Examined {
  /** Relative to the working folder. */
  readonly folder: string;
  readonly checks: readonly Check[];
}

const DEFAULT_TIMEOUT_MS = 10_000;

export async function examine(options: ExamineOptions, io: Io): Promise<ExitCode> {
  const { folders, agent, timeout = String(DEFAULT_TIMEOUT_MS), json = false } = options;
  if (!/^[1-9]\d{0,5}$/.test(timeout)) {
    io.stderr(`--timeout takes milliseconds, such as 5000, and not "${timeout}".\n`);
    return EXIT.usage;
  }
  const named = [...folders, ...agent].map((name) => agentFolderOf(name, io.cwd));
  const examined: Examined[] = [];
  for (const folder of new Set(named.length === 0 ? [io.cwd] : named)) {
    const checks = await examineFolder(folder, Number(timeout), io);
    examined.push({ folder: path.relative(io.cwd, folder) || '.', checks });
  }
  const all = examined.flatMap(({ checks }) => checks);
  if (json) io.stdout(jsonText({ version: 1, folders: examined }));
  else {
    writeInked(examined.map((one) => folderText(one, examined.length > 1, inkOf(io))).join('\n'), io);
    const of = (status: Check['status']): number => all.filter((check) => check.status === status).length;
    io.stderr(`${count(of('fail'), 'failure')}, ${count(of('warn'), 'warning')}, ${of('ok')} ok.\n`);
  }
  const failed = all.filter(({ status }) => status === 'fail');
  if (failed.length === 0) return EXIT.done;
  return failed.some(({ concerns }) => concerns === 'files') ? EXIT.findings : EXIT.environment;
}

async function examineFolder(folder: string, timeoutMs: number, io: Io): Promise<Check[]> {
  if (!existsSync(folder)) return [fail('folder', `${folder} does not exist`, "name an agent's folder", 'files')];
  if (!CONTRACT_FILES.some((file) => existsSync(path.join(folder, file)))) {
    const remedy = `name one with --agent, or begin one with declaragent init`;
    return [
      ...checkNode(io),
      fail('folder', `this is no agent's: it has no ${CONTRACT_FILES.join(', ')}`, remedy, 'files'),
    ];
  }
  const first = [...checkNode(io), ...checkPackages(folder)];
  const description = await describe(folder);
  if ('status' in description) return [...first, description];
  const environment = readAgentEnvironment(folder, io.environment);
  return [
    ...first,
    ok('contract files', description.agent ?? '', 'files'),
    await checkGenerated(folder, io),
    ...checkVariables(description, environment),
    ...(await checkTransports(description, { folder, environment }, timeoutMs)),
    await checkModel(folder, description, environment),
    checkEventLog(folder),
  ];
}

/** What the contract files say, or what is wrong with them. */
async function describe(folder: string): Promise<FolderDescription | Check> {
  const { ContractError, describeFolder } = await import('../../generator/index.js');
  try {
    const description = await describeFolder(folder);
    if (description.agent !== null) return description;
    const remedy = 'add an agent.yaml with "name:"';
    return fail('contract files', "nothing says the agent's address", remedy, 'files');
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const problems = count(error.problems.length, 'problem');
    return fail('contract files', problems, 'run declaragent codegen --check to see what they are', 'files');
  }
}

const COLOURS: Readonly<Record<Check['status'], Colour>> = { ok: 'good', warn: 'warn', fail: 'bad' };

function folderText({ folder, checks }: Examined, hasTitle: boolean, ink: Ink): string {
  const width = checks.reduce((most, { name }) => Math.max(most, cell(name).length), 0);
  const lines = checks.map(({ name, status, message, remedy }) => {
    const words = escapeControls(`${message}${remedy === undefined ? '' : `; ${remedy}`}`).replace(/\s+/g, ' ');
    return `${ink(status.padEnd(4), COLOURS[status])}  ${cell(name).padEnd(width)}  ${words}`;
  });
  return [...(hasTitle ? [ink(`${cell(folder)}:`, 'dim')] : []), ...lines].map((line) => `${line}\n`).join('');
}
