import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProject, run } from '../support/packages.js';
import { isOfBrokers, readmeBlocks } from '../support/readme.js';
import { repository, writeFiles } from '../support/scratch.js';

/** Those of the section on brokers have a test of their own. */
const blocks = Object.fromEntries(Object.entries(readmeBlocks).filter(([title]) => !isOfBrokers(title)));

describe('the first contract of the README', () => {
  let project: string;
  beforeAll(() => {
    const { output: _, ...files } = blocks;
    project = createProject({ 'capabilities.yaml': files['capabilities.yaml'] ?? '' });
    run(project, 'npx', '--no-install', 'declaragent', 'codegen');
    writeFiles(project, files);
  }, 180_000);

  it('comes with a contract, a skill, a program and what it prints', () => {
    expect(Object.keys(blocks).sort()).toEqual(['capabilities.yaml', 'main.ts', 'output', 'skills/say-hello.ts']);
  });

  it('compiles, and prints what the README says that it prints', () => {
    const options = ['--module', 'nodenext', '--target', 'es2023', '--strict', '--types', 'node', '--outDir', 'dist'];
    const types = path.join(repository, 'node_modules/@types');
    const tsc = path.join(repository, 'node_modules/typescript/bin/tsc');
    run(project, process.execPath, tsc, ...options, '--rootDir', '.', '--typeRoots', types, 'main.ts');
    expect(run(project, process.execPath, 'dist/main.js')).toBe(blocks['output']);
  });

  it('leaves nothing for codegen --check to find', () => {
    expect(run(project, 'npx', '--no-install', 'declaragent', 'codegen', '--check')).toBe('');
  });
});
