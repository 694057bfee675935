import { ContractError, generate, type Problem } from '../../generator/index.js';
import { createScratch, readTree, writeFiles } from './scratch.js';

/** A capabilities file as data. */
export interface ContractData {
  readonly agent?: string;
  readonly transports?: readonly unknown[];
  readonly definitions?: Readonly<Record<string, unknown>>;
  readonly capabilities?: readonly unknown[];
}

/** The text of a capabilities file; JSON is YAML. */
export function contractText(contract: ContractData): string {
  const { agent = 'agent://a', transports = [{ kind: 'memory' }], definitions, capabilities = [] } = contract;
  return JSON.stringify({ version: 1, agent, transports, ...(definitions ? { definitions } : {}), capabilities });
}

/** A capability that takes what `inputSchema` says and answers anything. */
export function capability(name: string, inputSchema: unknown, more: object = {}): object {
  return { name, inputSchema, outputSchema: true, ...more };
}

/** Generates a contract in a new folder and returns the folder's files by path. */
export async function generated(
  contract: ContractData,
  beside: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  return generatedFrom({ 'capabilities.yaml': contractText(contract), ...beside });
}

export async function generatedFrom(files: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const directory = createScratch(files);
  await generate({ directory });
  return readTree(directory);
}

/** The problems that keep a contract from being generated. */
export async function problemsOf(
  contract: ContractData,
  beside: Readonly<Record<string, string>> = {},
): Promise<readonly Problem[]> {
  const directory = createScratch({ 'capabilities.yaml': contractText(contract) });
  writeFiles(directory, beside);
  return problemsIn(directory);
}

export async function problemsIn(directory: string): Promise<readonly Problem[]> {
  try {
    await generate({ directory });
  } catch (error) {
    if (error instanceof ContractError) return error.problems;
    throw error;
  }
  return [];
}
