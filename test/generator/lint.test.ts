import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LINT_RULES, type Linted, lint } from '../../generator/lint/index.js';
import { createScratch, repository } from '../support/scratch.js';

const FIXTURES = path.join(repository, 'fixtures/lint');
const ids = LINT_RULES.map(({ id }) => id);

function lintText(text: string, levels: Parameters<typeof lint>[0]['levels'] = new Map()): Linted {
  return lint({ directory: createScratch({ 'capabilities.yaml': text }), levels });
}

function readFixture(id: string, name: 'fail' | 'pass'): string {
  return readFileSync(path.join(FIXTURES, id, `${name}.yaml`), 'utf8');
}

/** The findings that count. */
function open({ findings }: Linted): string[] {
  return findings
    .filter(({ accepted }) => accepted === undefined)
    .map(({ code, level, place }) => `${place.line}:${place.column} ${level} ${code}`);
}

describe.each(LINT_RULES)('$id', ({ id, level, meaning, why, fix }) => {
  it('is found in its failing fixture, alone and at the very text', () => {
    const text = readFixture(id, 'fail');
    const [, at, marked] = /^# Expect (\d+:\d+) (.+)$/m.exec(text) ?? [];
    const linted = lintText(text);
    expect(open(linted)).toEqual([`${at} ${level} ${id}`]);
    const { line, column, endColumn } = linted.findings[0]?.place ?? { line: 1, column: 1 };
    const written = text.split('\n')[line - 1] ?? '';
    expect(written.slice(column - 1, endColumn === undefined ? undefined : endColumn - 1)).toBe(marked);
  });

  it('is not found in its passing fixture, and neither is another rule', () => {
    expect(open(lintText(readFixture(id, 'pass')))).toEqual([]);
  });

  it('is silent when it is switched off', () => {
    expect(open(lintText(readFixture(id, 'fail'), new Map([[id, 'off']])))).toEqual([]);
  });

  it('says in sentences what it finds, why and what to do', () => {
    for (const sentence of [meaning, why, fix]) expect(sentence).toMatch(/^[A-Z].*[.:]$/);
    for (const { message, fix: here } of lintText(readFixture(id, 'fail')).findings) {
      expect([message, here]).toEqual([expect.stringMatching(/^\S.*\.$/), expect.stringMatching(/^[A-Z].*\.$/)]);
    }
  });
});

describe('the table of rules', () => {
  it('has a fixture for each rule, and a rule for each fixture', () => {
    const folders = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual([...ids].sort());
    expect(ids.every((id) => existsSync(path.join(FIXTURES, id, 'pass.yaml')))).toBe(true);
  });

  it('has each id once', () => {
    expect(new Set(ids).size).toBe(ids.length);
  });
});
