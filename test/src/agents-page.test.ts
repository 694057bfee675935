import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MAX_ITERATIONS, DEFAULT_MAX_TOKENS } from '../../src/agent/budget.js';
import { DEFAULT_MODEL } from '../../src/agent/choose-provider.js';
import { MODEL_ERRORS } from '../../src/agent/skill-run.js';
import { repository } from '../support/scratch.js';

const page = readFileSync(path.join(repository, 'docs/agents.md'), 'utf8');

describe('docs/agents.md', () => {
  it.each(Object.keys(MODEL_ERRORS))('has a row for %s', (code) => {
    expect(page).toContain(`| \`${code}\` |`);
  });

  it('names what counts unless agent.yaml says otherwise', () => {
    expect(page).toContain(`; ${DEFAULT_MAX_ITERATIONS} |`);
    expect(page).toContain(`all turns together; ${DEFAULT_MAX_TOKENS.toLocaleString('en')} |`);
    expect(page).toContain(`\`model\` is \`${DEFAULT_MODEL}\` unless set.`);
  });
});
