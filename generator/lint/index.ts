import { compileAgentFolder } from '../compile.js';
import { checkExamples } from '../examples.js';
import { type ContractFiles, loadAgentFolder } from '../load.js';
import { ContractError, type Diagnostic } from '../problem.js';
import { type ReadSuppressions, readSuppressions } from '../suppressions.js';
import { readLintContract } from './contract.js';
import type { LintLevel, LintRule, Remark } from './rule.js';
import { LINT_RULES } from './rules.js';
import { applySuppressions, type LintFinding } from './suppress.js';

export type { LintLevel } from './rule.js';
export { LINT_RULES } from './rules.js';
export type { LintFinding } from './suppress.js';

export interface LintOptions {
  /** The agent's folder: the one that holds capabilities.yaml. */
  readonly directory: string;
  /** Levels by rule id, where they are not to be those of the table. */
  readonly levels?: ReadonlyMap<string, LintLevel | 'off'>;
}

export interface Linted {
  /** In the order of their places, those that a comment accepts included. */
  readonly findings: readonly LintFinding[];
  /** The texts that places refer to, by file name. */
  readonly sources: ReadonlyMap<string, string>;
  /** How many capabilities were looked at; null where the folder has no contract of its own. */
  readonly capabilities: number | null;
}

/**
 * Says what is unwise in the contract of an agent's folder. The contracts of its peers are theirs.
 *
 * @throws {ContractError} with every problem of the folder's files, where codegen would refuse them.
 */
export function lint({ directory, levels = new Map() }: LintOptions): Linted {
  const folder = loadAgentFolder(directory);
  const { model, problems } = compileAgentFolder(folder, checkExamples);
  if (model === null) throw new ContractError(problems, folder.sources);
  if (folder.capabilities === null) return { findings: [], sources: folder.sources, capabilities: null };
  const all = new Map(LINT_RULES.map(({ id, level }) => [id, levels.get(id) ?? level] as const));
  const contract = readLintContract(folder.capabilities);
  const findings: LintFinding[] = [];
  for (const rule of LINT_RULES) {
    const level = all.get(rule.id) ?? 'off';
    if (level === 'off') continue;
    for (const remark of rule.check?.(contract) ?? []) findings.push(findingOf(rule, level, remark));
  }
  const marked = applySuppressions(findings, suppressionsOf(folder.capabilities), all);
  return { findings: marked.sort(byPlace), sources: folder.sources, capabilities: contract.capabilities.length };
}

function findingOf({ id, fix }: LintRule, level: LintLevel, remark: Remark): LintFinding {
  const { document, path, part = 'value', message, near, expected } = remark;
  return {
    code: id,
    level,
    place: document.place(path, part),
    message,
    ...(expected === undefined ? {} : { expected }),
    ...(near === undefined ? {} : { near }),
    fix: remark.fix ?? fix,
  };
}

function suppressionsOf({ byPath }: ContractFiles): ReadSuppressions {
  const files = [...byPath.values()].map(({ file, text }) => readSuppressions(file, text));
  return {
    suppressions: files.flatMap(({ suppressions }) => suppressions),
    malformed: files.flatMap(({ malformed }) => malformed),
  };
}

function byPlace({ place: left }: Diagnostic, { place: right }: Diagnostic): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
