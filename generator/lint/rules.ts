import type { LintRule } from './rule.js';
import { boundRules } from './rules/bounds.js';
import { callRules } from './rules/calls.js';
import { definitionRules } from './rules/definitions.js';
import { descriptionRules } from './rules/descriptions.js';
import { keywordRules } from './rules/keywords.js';
import { nameRules } from './rules/names.js';
import { secretRules } from './rules/secrets.js';
import { strictRules } from './rules/strict.js';
import { suppressionRules } from './rules/suppressions.js';
import { unionRules } from './rules/unions.js';
import { valueRules } from './rules/values.js';

/** Every rule of lint. Fixtures, documentation and `explain` walk this table. */
export const LINT_RULES: readonly LintRule[] = [
  ...nameRules,
  ...descriptionRules,
  ...callRules,
  ...boundRules,
  ...valueRules,
  ...unionRules,
  ...keywordRules,
  ...definitionRules,
  ...secretRules,
  ...strictRules,
  ...suppressionRules,
];
