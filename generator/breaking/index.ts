import { FOLDER_FINDINGS } from './folder-findings.js';
import { RULES } from './rules.js';

export { ContractError } from '../problem.js';
export { AgainstError } from './against-error.js';
export { type Comparison, findChanges, refIn } from './compare-folder.js';
export { FOLDER_FINDINGS, type FolderFinding, type FolderFindingCode } from './folder-findings.js';
export type { JudgedChange } from './judge.js';
export { findRemovedAgents } from './removed-agents.js';
export { type Bump, RULES, type RuleId } from './rules.js';

/** Every code that a finding may bear, with what it means. */
export function describedRules(): { readonly code: string; readonly meaning: string; readonly fix: string }[] {
  return Object.entries({ ...RULES, ...FOLDER_FINDINGS }).map(([code, { meaning, fix }]) => ({ code, meaning, fix }));
}
