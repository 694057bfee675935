import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DRIFT } from '../../src/drift.js';
import type { Report } from '../../src/report/index.js';
import { contract, createAgentFolder, merge, REVIEW } from '../support/agent-folder.js';
import { command, commandWith } from '../support/command.js';
import { capability, contractText } from '../support/contract.js';
import { createScratch, writeFiles } from '../support/scratch.js';

function reportIn(stdout: string): Report {
  return JSON.parse(stdout) as Report;
}

const wrong = contractText({ capabilities: [capability('b', { type: 'strng' })] });

describe('codegen --format json', () => {
  it('is one document with the problems of all folders', async () => {
    const folder = createScratch({ 'a/capabilities.yaml': wrong, 'b/capabilities.yaml': wrong });
    const { status, stdout, stderr } = await command(folder, 'codegen', 'a', 'b', '--format', 'json');
    const { findings, ...report } = reportIn(stdout);
    expect({ status, stderr, report }).toMatchObject({ status: 1, stderr: '', report: { command: 'codegen' } });
    expect(findings.map(({ code, level, place, near }) => [code, level, place.file, near])).toEqual([
      ['unknown-type', 'error', 'a/capabilities.yaml', 'string'],
      ['unknown-type', 'error', 'b/capabilities.yaml', 'string'],
    ]);
  });

  it('is a document without findings when all is well, and the talk goes to stderr', async () => {
    const { status, stdout, stderr } = await command(
      createScratch({ 'capabilities.yaml': contract }),
      ...['codegen', '--format', 'json'],
    );
    const { findings, summary } = reportIn(stdout);
    expect({ status, findings }).toEqual({ status: 0, findings: [] });
    expect(summary).toMatch(/^\d+ files written\.$/);
    expect(stderr.endsWith(`${summary}\n`)).toBe(true);
  });

  it('says of each folder what was written, deleted, overwritten and kept', async () => {
    const folder = createScratch({ 'a/capabilities.yaml': contract, 'b/capabilities.yaml': contract });
    const run = async (): Promise<Report> => {
      const { stdout } = await command(folder, 'codegen', 'a', 'b', '--format', 'json');
      return reportIn(stdout);
    };
    const first = await run();
    expect(first.folders?.map(({ folder, written }) => [folder, written])).toEqual([
      ['a', expect.arrayContaining([`a/${REVIEW}`, 'a/skills.ts']) as string[]],
      ['b', expect.arrayContaining([`b/${REVIEW}`]) as string[]],
    ]);
    appendFileSync(path.join(folder, 'a', REVIEW), '// mine\n');
    appendFileSync(path.join(folder, 'b', REVIEW), '// mine\n');
    writeFiles(folder, { 'b/capabilities.yaml': contractText({ capabilities: [merge] }) });
    const second = await run();
    expect(second.folders).toEqual([
      {
        ...{ folder: 'a', total: first.folders?.[0]?.['total'], notices: [], deleted: [], kept: [] },
        ...{ written: [`a/${REVIEW}`], overwritten: [`a/${REVIEW}`] },
      },
      expect.objectContaining({ folder: 'b', kept: [`b/${REVIEW}`], overwritten: [] }),
    ]);
    expect(second.summary).toMatch(/^a: 1 file written\.\nb: \d+ files written.*\.$/);
  });

  it('has the finding that there is nothing to generate', async () => {
    const folder = createScratch({ 'rpc-peers.yaml': 'version: 1\npeers: []\n' });
    for (const check of [[], ['--check']]) {
      const { status, stdout } = await command(folder, 'codegen', ...check, '--format', 'json');
      expect({ status, codes: reportIn(stdout).findings.map(({ code }) => code) }).toEqual({
        status: 1,
        codes: ['drift-nothing'],
      });
    }
  });
});

describe('codegen --check', () => {
  it('has a finding for each file that differs, with the command that mends it', async () => {
    const folder = await createAgentFolder();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    writeFiles(folder, { 'generated/a/extra.ts': 'export {};\n' });
    const { status, stdout, stderr } = await command(folder, 'codegen', '--check', '--format', 'json');
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(reportIn(stdout).findings).toMatchObject([
      {
        code: 'drift-edited',
        level: 'error',
        place: { file: REVIEW, line: 1, column: 1 },
        fix: 'Run this and commit what it writes: declaragent codegen',
      },
      { code: 'drift-orphaned', fix: expect.stringContaining('Delete generated/a/extra.ts') as string },
    ]);
  });

  it('closes its document with how many files differ, or that none does', async () => {
    const folder = await createAgentFolder();
    const summary = async (): Promise<string> =>
      reportIn((await command(folder, 'codegen', '--check', '--format', 'json')).stdout).summary;
    expect(await summary()).toMatch(/^\d+ files, all as the contract has them\.$/);
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    expect(await summary()).toBe('1 file differs from the contract.');
  });

  it('annotates the files that differ on GitHub Actions', async () => {
    const folder = await createAgentFolder();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    const { status, stdout } = await commandWith({ GITHUB_ACTIONS: 'true' }, folder, 'codegen', '--check');
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`^::error file=${REVIEW},line=1,col=1,title=drift-edited::`));
  });

  it('lists its findings in SARIF with what they mean', async () => {
    const folder = await createAgentFolder();
    appendFileSync(path.join(folder, REVIEW), '// mine\n');
    const { stdout } = await command(folder, 'codegen', '--check', '--format', 'sarif');
    expect(JSON.parse(stdout)).toMatchObject({
      runs: [
        {
          tool: {
            driver: { rules: [{ id: 'drift-edited', shortDescription: { text: DRIFT['drift-edited'].meaning } }] },
          },
          results: [{ ruleId: 'drift-edited' }],
        },
      ],
    });
  });
});
