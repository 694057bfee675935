import { describe, expect, it } from 'vitest';
import { RULES } from '../../generator/breaking/index.js';
import { PROBLEMS } from '../../generator/index.js';
import { LINT_RULES } from '../../generator/lint/index.js';
import { errorCodes } from '../../runtime/errors.js';
import { DRIFT } from '../../src/drift.js';
import { type Explanation, explanations } from '../../src/explanations.js';
import { command } from '../support/command.js';
import { createScratch } from '../support/scratch.js';

const folder = createScratch();

describe('explain', () => {
  it('knows every code of every table, each once', () => {
    const codes = explanations().map(({ code }) => code);
    const tables = [PROBLEMS, errorCodes, DRIFT, RULES].flatMap((table) => Object.keys(table));
    expect(codes).toEqual(expect.arrayContaining([...tables, ...LINT_RULES.map(({ id }) => id)]));
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(['unresolved-ref', 'EAGENTRPC_TIMEOUT', 'missing-redact', 'drift-stale', 'capability-removed'])(
    'says what %s means and what to do, in either case of letters',
    async (code) => {
      const { meaning, fix } = explanations().find((row) => row.code === code) as Explanation;
      const { status, stdout, stderr } = await command(folder, 'explain', code);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain(meaning);
      expect(stdout).toContain(fix);
      expect((await command(folder, 'explain', code.toUpperCase())).stdout).toBe(stdout);
    },
  );

  it('says how to mend a pattern that takes too long', async () => {
    const { stdout } = await command(folder, 'explain', 'exponential-pattern');
    for (const way of ['maxLength', 'rewrite it', '# declaragent-ignore exponential-pattern: the reason']) {
      expect(stdout).toContain(way);
    }
  });

  it('lists every code with its meaning when none is named', async () => {
    const { status, stdout } = await command(folder, 'explain');
    expect(status).toBe(0);
    for (const { code, meaning } of explanations())
      expect(stdout).toMatch(new RegExp(`^  ${code} +${literally(meaning)}$`, 'm'));
  });

  it.each([
    ['unresolvd-ref', 'unresolved-ref'],
    ['timeout', 'EAGENTRPC_TIMEOUT'],
  ])('ends with 2 for %s and names %s', async (asked, near) => {
    const { status, stdout, stderr } = await command(folder, 'explain', asked);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(near);
  });

  it('prints one JSON document', async () => {
    const { stdout } = await command(folder, 'explain', 'missing-redact', '--json');
    const [row] = explanations().filter(({ code }) => code === 'missing-redact');
    expect(JSON.parse(stdout)).toEqual({ version: 1, explanations: [row] });
  });
});

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
