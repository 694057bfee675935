import { type ContractError, PROBLEMS, type ProblemKind } from '../../generator/index.js';
import { folderLabel, pathPrefix } from '../agent-folders.js';
import { relocate, relocateSources } from './relocate.js';
import type { Finding, Report, RuleDescription } from './report.js';
import { count } from './words.js';

/** The problems of a folder whose contract cannot be compiled. */
export function problemReport(command: string, folder: string, error: ContractError, talk: string): Report {
  const prefix = pathPrefix(folder);
  return {
    command,
    findings: error.problems.map((problem): Finding => ({ ...relocate(problem, prefix), level: 'error' })),
    sources: relocateSources(error.sources, prefix),
    summary: `${folderLabel(folder)}${count(error.problems.length, 'problem')}${talk}`,
    rules: Object.entries<ProblemKind>(PROBLEMS).map(([code, kind]): RuleDescription => ({ code, ...kind })),
  };
}
